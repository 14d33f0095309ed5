select *
from {{ source('landing', 'published_figure') }}
qualify row_number() over (
    partition by programme_id, indicator, dimension, member
    order by delivered_at desc, source, delivery_id desc, row_number desc
) = 1
