-- Two deliveries of a source may describe the same event: the later one is right.
select *
from {{ source('landing', 'event') }}
qualify row_number() over (
    partition by source, event_id order by delivered_at desc, delivery_id desc, row_number desc
) = 1
