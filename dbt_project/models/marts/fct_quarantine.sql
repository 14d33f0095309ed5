-- Whose row it is: the first organiser of the event that the row speaks of, or that the refused event says. A row whose event nobody else
-- speaks of, or whose organiser nobody knows, is nobody's.
with by_event as (
    select reference.source, reference.event_id, reference.programme_id, organiser.organisation_key
    from {{ ref('int_event_references') }} as reference
    inner join {{ ref('bridge_event_organiser') }} as organiser on organiser.event_key = reference.event_key and organiser.is_lead
    where not reference.is_placeholder
),

by_label as (
    select label_key, min(organisation_id) as organisation_id
    from {{ ref('int_organisation_labels') }}
    where siren is null and place is null and method <> 'none'
    group by label_key
    having count(distinct organisation_id) = 1
)

select
    {{ key(['aside.source', 'aside.delivery_id']) }} as delivery_key,
    aside.source,
    aside.delivery_id,
    aside.file_name,
    aside.sheet,
    aside.row_number,
    aside.cell,
    aside.field,
    aside.rule,
    aside.message,
    coalesce(
        by_event.organisation_key, case when by_label.organisation_id is not null then {{ key(['by_label.organisation_id']) }} end
    ) as organisation_key
from {{ ref('stg_quarantine') }} as aside
left join by_event
    on by_event.source = aside.source and by_event.event_id = aside.event_id
    and by_event.programme_id is not distinct from aside.programme_id
left join by_label on by_label.label_key = {{ fold('aside.organiser') }}
