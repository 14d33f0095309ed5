-- Which event a registration, a line of presence, a report or an answer speaks of. Identifiers are those of a source or of a programme:
-- first the event of the same source, then the only event of the programme that has this identifier; when the programme is not said, the
-- only event that has it. An identifier is read as typed where an event has it so, else whatever the case of its letters, in the same order:
-- « mess25-013.xlsx » is a list of MESS25-013. Anything else (nobody described the event, two sources each have one) is a
-- placeholder of its own, so that no row is lost.
with named as (
    select
        source,
        event_id,
        programme_id,
        cast(sum(nb_rows) as integer) as nb_rows,
        bool_or(is_presence) as has_presence_lines
    from (
        {% for entity in ['registrations', 'attendances', 'event_reports', 'feedback', 'contributions'] %}
        select source, event_id, programme_id, count(*) as nb_rows, {{ entity == 'attendances' }} as is_presence
        from {{ ref('stg_' ~ entity) }}
        group by all
        {% if not loop.last %}union all{% endif %}
        {% endfor %}
    )
    where event_id is not null
    group by all
),

-- an event that its source deleted gives way to one that another shows
events as (
    select source, event_id, programme_id, is_deleted
    from {{ ref('stg_events') }}
    qualify is_deleted = bool_and(is_deleted) over (partition by programme_id, event_id)
),

-- as typed first; then by letters alone, where a deleted event gives way too
close as (
    select
        named.*,
        event.source as event_source,
        event.event_id as close_event_id,
        event.programme_id as close_programme_id
    from named
    left join events as event
        on lower(event.event_id) = lower(named.event_id)
        and (named.programme_id is null or event.programme_id = named.programme_id)
    qualify rank() over (
        partition by named.source, named.event_id, named.programme_id
        order by case when event.event_id = named.event_id then 1 when not event.is_deleted then 2 else 3 end
    ) = 1
),

candidates as (
    select
        source,
        event_id,
        programme_id,
        nb_rows,
        has_presence_lines,
        count(close_event_id) as nb_events,
        count(close_event_id) filter (where event_source = source) as nb_own,
        -- the only one when there is one
        min(event_source) as other_source,
        min(close_event_id) as other_event_id,
        min(close_programme_id) as other_programme_id,
        min(close_event_id) filter (where event_source = source) as own_event_id,
        min(close_programme_id) filter (where event_source = source) as own_programme_id
    from close
    group by all
),

resolved as (
    select
        *,
        case
            when nb_own = 1 then 'source'
            when nb_events = 1 and programme_id is not null then 'programme'
            when nb_events = 1 then 'anywhere'
            when nb_events > 1 then 'ambiguous'
            else 'unknown'
        end as resolution
    from candidates
),

found as (
    select
        *,
        resolution in ('ambiguous', 'unknown') as is_placeholder,
        case resolution
            when 'source' then own_programme_id
            when 'anywhere' then other_programme_id
            else coalesce(programme_id, '{{ unknown_programme() }}')
        end as event_programme_id
    from resolved
),

pointed as (
    select
        *,
        case resolution
            when 'source' then source
            when 'ambiguous' then '?' || event_programme_id
            when 'unknown' then '?' || event_programme_id
            else other_source
        end as event_source,
        case
            when is_placeholder then {{ unknown_event_id('event_id') }}
            when resolution = 'source' then own_event_id
            else other_event_id
        end as found_event_id
    from found
)

select
    pointed.source,
    pointed.event_id,
    pointed.programme_id,
    pointed.nb_rows,
    pointed.has_presence_lines,
    pointed.resolution,
    pointed.is_placeholder,
    {{ key(['pointed.event_source', 'pointed.found_event_id']) }} as event_key,
    {{ key(['pointed.event_programme_id']) }} as programme_key,
    pointed.event_source,
    pointed.found_event_id,
    pointed.event_programme_id,
    -- who cancels before this moment (UTC) frees a place; without an opening time, the end of the first day
    case
        when event.date_precision <> 'day' then null
        when event.start_time is null then timezone('UTC', timezone('Europe/Paris', event.starts_on + interval 1 day))
        else timezone('UTC', timezone('Europe/Paris', event.starts_on + event.start_time))
    end as opens_at
from pointed
left join {{ ref('stg_events') }} as event
    on event.source = pointed.event_source and event.event_id = pointed.found_event_id
