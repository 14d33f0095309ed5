-- As last described. An organisation that its directory no longer shows stays, flagged: others may still name it.
select * exclude (valid_to, is_current)
from {{ ref('stg_organisation_history') }}
where is_current
