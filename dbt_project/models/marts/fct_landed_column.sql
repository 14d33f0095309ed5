select
    {{ key(['source', 'delivery_id']) }} as delivery_key,
    source,
    delivery_id,
    sheet,
    field,
    column_letter,
    header
from {{ source('landing', 'bound') }}
