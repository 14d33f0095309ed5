select
    {{ key(['programme_id', 'indicator', 'dimension', 'member']) }} as figure_key,
    {{ key(['programme_id']) }} as programme_key,
    programme_id,
    indicator,
    dimension,
    member,
    value,
    relation,
    source as document,
    note
from {{ source('reference', 'document_recount') }}
-- of a programme that nothing names any more, nothing is recounted
where programme_id in (select programme_id from {{ ref('int_programmes') }})
