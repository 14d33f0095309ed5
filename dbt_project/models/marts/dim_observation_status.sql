select
    status,
    printed_sign,
    obs_status,
    conf_status,
    meaning
from {{ source('reference', 'observation_status') }}
