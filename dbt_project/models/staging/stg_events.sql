-- As last described. An event that its source no longer shows stays, flagged: people may have come.
select * exclude (valid_to, is_current)
from {{ ref('stg_event_history') }}
where is_current
