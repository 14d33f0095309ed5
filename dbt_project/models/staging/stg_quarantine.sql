select source, delivery_id, file_name, sheet, row_number, cell, field, rule, message, value
from {{ source('landing', 'quarantine') }}
qualify row_number() over (
    partition by source, delivery_id, sheet, row_number, field, rule order by cell
) = 1
