-- is_counted: held, counting in its programme, and not a part of another event (int_event_parents). A range inside one month has a month.
-- An event that registrations, lines of presence, reports or answers name and that nobody describes has a row, never counted.
with themes as (
    select source, event_id, count(*) as nb_themes from {{ ref('int_event_themes') }} group by all
),

organisers as (
    select source, event_id, count(*) as nb_organisers from {{ ref('int_event_organisers') }} group by all
)

select
    {{ key(['event.source', 'event.event_id']) }} as event_key,
    {{ key(['event.programme_id']) }} as programme_key,
    case when parent.is_part then {{ key(['parent.parent_source', 'parent.parent_event_id']) }} end as parent_event_key,
    {{ key(['place.territory_level', 'place.territory_code',
            "case when place.territory_level in ('online', 'unknown') then 0 else place.territory_vintage end"]) }} as territory_key,
    {{ date_key('event.starts_on') }} as start_date_key,
    event.source,
    event.event_id,
    {{ event_member('event.source', 'event.event_id', 'event.programme_id') }} as code,
    event.title,
    event.event_kind,
    event.event_status,
    event.application_status,
    event.counts_in_programme,
    event.event_status = 'held' and event.counts_in_programme and not coalesce(parent.is_part, false)
    and (not event.is_deleted or came.event_key is not null) as is_counted,
    event.valid_from,
    event.is_deleted,
    false as is_placeholder,
    event.starts_on,
    event.ends_on,
    event.date_precision,
    event.date_text,
    case
        when event.date_precision in ('day', 'month') then strftime(event.starts_on, '%Y-%m')
        when event.date_precision = 'range' and date_trunc('month', event.starts_on) = date_trunc('month', event.ends_on)
            then strftime(event.starts_on, '%Y-%m')
        else 'undated'
    end as month,
    event.start_time,
    event.end_time,
    event.place_label,
    event.venue,
    event.place_status,
    place.commune_code,
    place.epci_code,
    place.department_code,
    place.region_code,
    coalesce(event.modality, 'unknown') as modality,
    coalesce(event.modality_basis, 'missing') as modality_basis,
    event.organiser_text,
    cast(coalesce(organisers.nb_organisers, 0) as integer) as nb_organisers,
    cast(coalesce(themes.nb_themes, 0) as integer) as nb_themes,
    event.delivery_id,
    event.file_name,
    event.sheet,
    event.row_number
from {{ ref('stg_events') }} as event
inner join {{ ref('int_event_places') }} as place using (source, event_id)
left join {{ ref('int_event_parents') }} as parent using (source, event_id)
left join themes using (source, event_id)
left join organisers using (source, event_id)
-- an event deleted after people came took place
left join (select distinct event_key from {{ ref('int_event_references') }} where has_presence_lines) as came
    on came.event_key = {{ key(['event.source', 'event.event_id']) }}
union all by name
select distinct
    event_key,
    programme_key,
    {{ key(["'unknown'", "'unknown'", 0]) }} as territory_key,
    0 as start_date_key,
    event_source as source,
    found_event_id as event_id,
    'E' || event_key as code,
    'Événement inconnu (' || found_event_id || ')' as title,
    'unknown' as event_status,
    false as counts_in_programme,
    false as is_counted,
    false as is_deleted,
    true as is_placeholder,
    'missing' as date_precision,
    'undated' as month,
    'unknown' as place_status,
    'unknown' as department_code,
    'unknown' as modality,
    'missing' as modality_basis,
    cast(0 as integer) as nb_organisers,
    cast(0 as integer) as nb_themes
from {{ ref('int_event_references') }}
where is_placeholder
