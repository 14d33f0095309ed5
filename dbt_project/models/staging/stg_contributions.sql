-- A contribution exported again, or corrected: the latest export of its source is right.
select *
from {{ source('landing', 'contribution') }}
qualify row_number() over (
    partition by source, contribution_id order by delivered_at desc, delivery_id desc, row_number desc
) = 1
