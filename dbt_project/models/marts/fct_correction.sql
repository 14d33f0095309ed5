-- A correction that no longer matches has no row here: the delivery says so.
select
    {{ key(['corrected.source', 'corrected.delivery_id']) }} as delivery_key,
    corrected.row_number,
    corrected.correction_id,
    array_to_string(correction.fields, '|') as fields,
    correction.reason,
    correction.author,
    correction.added_on
from {{ source('landing', 'corrected_row') }} as corrected
left join {{ source('landing', 'correction') }} as correction
    on correction.source = corrected.source and correction.correction_id = corrected.correction_id
