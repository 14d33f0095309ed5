-- What was said stays in the vault: here is only that something was, of which kind, by which event.
select
    {{ key(['said.source', 'said.contribution_id']) }} as contribution_key,
    event.event_key,
    event.programme_key,
    said.source,
    said.contribution_id,
    said.contribution_kind,
    said.themes,
    {{ key(['said.source', 'said.delivery_id']) }} as delivery_key,
    said.row_number
from {{ ref('stg_contributions') }} as said
inner join {{ ref('int_event_references') }} as event on {{ event_named_by('said') }}
