select source, delivery_id, file_name, sheet, row_number, cell, field, rule, message, value, event_id, programme_id, organiser
from {{ source('landing', 'quarantine') }}
qualify row_number() over (
    partition by source, delivery_id, sheet, row_number, field, rule order by cell
) = 1
