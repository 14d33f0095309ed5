-- A report sent twice, or corrected: the latest answer of its source is right.
select *
from {{ source('landing', 'event_report') }}
qualify row_number() over (
    partition by source, report_id order by delivered_at desc, delivery_id desc, row_number desc
) = 1
