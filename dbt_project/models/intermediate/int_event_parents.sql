-- Which event one that says « Rattaché à » is a part of, looked for as int_event_references looks for one: in the same programme, as typed, else
-- whatever the case of its letters; the event of the same source, else the only one. One that its source deleted and to which nobody came is
-- there no more. What leads nowhere, to itself, or round in a circle makes nobody a part: the event counts, and a control says so.
with recursive events as (
    select event.source, event.event_id, event.programme_id, event.is_deleted
    from {{ ref('stg_events') }} as event
    left join (
        select distinct event_source, found_event_id from {{ ref('int_event_references') }} where has_presence_lines
    ) as came on came.event_source = event.source and came.found_event_id = event.event_id
    where not event.is_deleted or came.event_source is not null
),

-- a dash alone is nobody's code
said as (
    select source, event_id, programme_id, parent_event_id as said_event_id
    from {{ ref('stg_events') }}
    where {{ fold('parent_event_id') }} <> ''
),

close as (
    select said.*, event.source as parent_source, event.event_id as parent_event_id
    from said
    left join events as event
        on lower(event.event_id) = lower(said.said_event_id)
        and (said.programme_id is null or event.programme_id = said.programme_id)
    qualify rank() over (
        partition by said.source, said.event_id order by event.event_id is distinct from said.said_event_id, event.is_deleted
    ) = 1
),

candidates as (
    select
        source,
        event_id,
        programme_id,
        said_event_id,
        count(parent_event_id) as nb_events,
        count(parent_event_id) filter (where parent_source = source) as nb_own,
        -- the only one when there is one
        min(parent_source) as other_source,
        min(parent_event_id) as other_event_id,
        min(parent_event_id) filter (where parent_source = source) as own_event_id
    from close
    group by all
),

found as (
    select
        source,
        event_id,
        programme_id,
        said_event_id,
        case when nb_own = 1 then source when nb_events = 1 then other_source end as parent_source,
        case when nb_own = 1 then own_event_id when nb_events = 1 then other_event_id end as parent_event_id,
        nb_events > 0 as is_somewhere
    from candidates
),

-- everything above an event, each once: a circle comes back to where it began
above as (
    select source, event_id, parent_source, parent_event_id
    from found
    where parent_event_id is not null
    union
    select above.source, above.event_id, found.parent_source, found.parent_event_id
    from above
    inner join found on found.source = above.parent_source and found.event_id = above.parent_event_id
    where found.parent_event_id is not null
),

judged as (
    select
        found.*,
        case
            when found.parent_event_id is null then case when found.is_somewhere then 'ambiguous' else 'unknown' end
            when found.parent_source = found.source and found.parent_event_id = found.event_id then 'itself'
            when circle.event_id is not null then 'circle'
            else 'found'
        end as resolution
    from found
    left join above as circle
        on circle.source = found.source
        and circle.event_id = found.event_id
        and circle.parent_source = found.source
        and circle.parent_event_id = found.event_id
)

select
    source,
    event_id,
    programme_id,
    said_event_id,
    resolution,
    resolution = 'found' as is_part,
    case when resolution = 'found' then parent_source end as parent_source,
    case when resolution = 'found' then parent_event_id end as parent_event_id
from judged
