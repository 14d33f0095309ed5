-- Two deliveries of a directory may describe the same organisation: the later one is right.
select *
from {{ source('landing', 'organisation') }}
qualify row_number() over (
    partition by source, organisation_id order by delivered_at desc, delivery_id desc, row_number desc
) = 1
