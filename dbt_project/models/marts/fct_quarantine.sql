select
    {{ key(['source', 'delivery_id']) }} as delivery_key,
    source,
    delivery_id,
    file_name,
    sheet,
    row_number,
    cell,
    field,
    rule,
    message
from {{ ref('stg_quarantine') }}
