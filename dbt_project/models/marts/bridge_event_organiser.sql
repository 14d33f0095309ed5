select
    {{ key(['source', 'event_id']) }} as event_key,
    {{ key(['organisation_id']) }} as organisation_key,
    case when rank = 1 then 'organiser' else 'co_organiser' end as role,
    rank,
    rank = 1 as is_lead
from {{ ref('int_event_organisers') }}
