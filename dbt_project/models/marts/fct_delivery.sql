select
    {{ key(['source', 'delivery_id']) }} as delivery_key,
    source,
    delivery_id,
    source_title,
    file_name,
    entity,
    state,
    received_at,
    expected_every_days,
    rows_read,
    rows_accepted,
    rows_quarantined,
    rows_duplicate,
    rows_structure,
    cast(nb_rows_landed as integer) as nb_rows_landed,
    cast(nb_rows_kept as integer) as nb_rows_kept,
    message
from {{ ref('stg_deliveries') }}
