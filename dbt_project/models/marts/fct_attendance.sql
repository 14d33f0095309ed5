-- One person is present once at one event, whatever says so: the signed sheet, the connection report (several lines when she left and came
-- back), the check-in of her place. A line that names nobody, and no place, is a person of its own.
-- A registered place is met by one presence at most, so that those present among the registered never outnumber them.
with said_again as (
    {{ said_again(ref('stg_attendances'), 'line_key', 'attendance_id', ['delivered_at desc', 'delivery_id desc', 'row_number desc']) }}
),

lines as (
    select
        line.line_key,
        event.event_key,
        event.programme_key,
        line.participant_key,
        organisation.organisation_key,
        line.registration_id,
        line.mode,
        line.joined_at,
        line.left_at,
        line.minutes,
        -- a report of connections says how long; a check-in list, when or which place; a sheet, neither
        line.mode = 'online' or line.left_at is not null or line.minutes is not null as is_connection,
        line.is_erased,
        line.delivery_key,
        line.row_number
    from {{ ref('stg_attendances') }} as line
    inner join {{ ref('int_event_references') }} as event on {{ event_named_by('line') }}
    {{ join_organisation('line', 'organisation') }}
    where coalesce(line.is_present, true) and line.line_key not in (select line_key from said_again)
),

-- places named by a check-in list; an identifier that two sources gave to two places of one event names none
named_places as (
    select
        event_key,
        registration_id,
        any_value(registration_key) as registration_key,
        any_value(participant_key) as participant_key
    from {{ ref('fct_registration') }}
    where registration_id in (select registration_id from lines where registration_id is not null)
    group by event_key, registration_id
    having count(*) = 1
),

evidence as (
    select
        lines.line_key,
        lines.event_key,
        lines.programme_key,
        coalesce(lines.participant_key, named_places.participant_key) as participant_key,
        lines.organisation_key,
        -- the place, when nothing else says whose it is
        case when named_places.participant_key is null then named_places.registration_key end as place_key,
        not coalesce(lines.is_connection, false) and lines.joined_at is null and lines.registration_id is null as is_signature,
        coalesce(lines.is_connection, false) as is_connection,
        not coalesce(lines.is_connection, false) and (lines.joined_at is not null or lines.registration_id is not null) as is_check_in,
        coalesce(lines.mode, case when lines.is_connection then 'online' else 'in_person' end) as mode,
        lines.joined_at,
        lines.left_at,
        lines.minutes,
        coalesce(lines.is_erased, false) as is_erased,
        lines.delivery_key,
        lines.row_number
    from lines
    left join named_places using (event_key, registration_id)
    union all by name
    select
        registration_key as line_key,
        event_key,
        programme_key,
        participant_key,
        organisation_key,
        case when participant_key is null then registration_key end as place_key,
        false as is_signature,
        false as is_connection,
        true as is_check_in,
        -- a webinar's platform checks people in too
        null as mode,
        checked_in_at as joined_at,
        is_erased,
        delivery_key,
        row_number
    from {{ ref('fct_registration') }}
    where is_checked_in
),

-- whose place it is may be said by one line only of those that name it
owners as (
    select place_key, min(participant_key) as participant_key
    from evidence
    where place_key is not null
    group by place_key
    having min(participant_key) is not null
),

attributed as (
    select
        evidence.* exclude (participant_key),
        coalesce(evidence.participant_key, owners.participant_key) as participant_key,
        -- one number per person present: of the person, of her place, of the line; each in a range of its own
        coalesce(evidence.participant_key, owners.participant_key, place_key + {{ 2 ** 60 }}, line_key + {{ 2 ** 61 }}) as person
    from evidence
    left join owners using (place_key)
),

-- minutes covered by at least one connection: what a connection adds to those that began before it (greatest and least pass over NULL)
connected as (
    select event_key, person, sum(added) / 60.0 as minutes
    from (
        select
            event_key,
            person,
            greatest(date_diff('second', greatest(joined_at, max(left_at) over earlier_ones), left_at), 0) as added
        from attributed
        where left_at >= joined_at
        window earlier_ones as (partition by event_key, person order by joined_at rows between unbounded preceding and 1 preceding)
    )
    group by event_key, person
),

persons as (
    select
        event_key,
        person,
        any_value(programme_key) as programme_key,
        any_value(participant_key) as participant_key,
        min(organisation_key) as organisation_key,
        min(place_key) as place_key,
        bool_or(is_signature) as has_signature,
        bool_or(is_connection) as has_connection,
        bool_or(is_check_in) as has_check_in,
        bool_or(mode in ('online', 'hybrid')) as is_online,
        bool_or(mode in ('in_person', 'hybrid')) as is_in_person,
        min(joined_at) as joined_at,
        max(left_at) as left_at,
        max(minutes) as longest,
        case when count(minutes) = count(*) filter (where is_connection) then sum(minutes) end as said,
        bool_or(is_erased) as is_erased,
        cast(count(*) as integer) as nb_lines,
        min(line_key) as attendance_key,
        min_by(delivery_key, line_key) as delivery_key,
        min_by(row_number, line_key) as row_number
    from attributed
    group by event_key, person
),

-- the place of a person at an event: the one that counts, when she has several
own_places as (
    select
        event_key,
        participant_key,
        min_by(registration_key, (not is_registered, registration_key)) as registration_key
    from {{ ref('fct_registration') }}
    group by event_key, participant_key
),

met as (
    select
        persons.*,
        coalesce(own_places.registration_key, persons.place_key) as registration_key,
        own_places.registration_key is null and persons.place_key is not null as is_by_place
    from persons
    left join own_places
        on own_places.event_key = persons.event_key and own_places.participant_key = persons.participant_key
),

-- two persons came with one place: the first has it
shared_places as (
    select place_key, min(attendance_key) as attendance_key
    from met
    where is_by_place
    group by place_key
    having count(*) > 1
)

select
    met.attendance_key,
    met.event_key,
    met.programme_key,
    met.participant_key,
    coalesce(met.organisation_key, place.organisation_key) as organisation_key,
    place.registration_key,
    coalesce(place.is_registered, false) as is_registered,
    met.has_signature,
    met.has_connection,
    met.has_check_in,
    case when met.is_online and met.is_in_person then 'hybrid' when met.is_online then 'online' when met.is_in_person then 'in_person' end as mode,
    met.joined_at,
    met.left_at,
    coalesce(least(connected.minutes, met.said), met.longest) as minutes,
    met.nb_lines,
    met.is_erased or coalesce(place.is_erased, false) as is_erased,
    met.delivery_key,
    met.row_number
from met
left join shared_places on met.is_by_place and shared_places.place_key = met.place_key
left join {{ ref('fct_registration') }} as place
    on place.registration_key = met.registration_key
    and coalesce(shared_places.attendance_key, met.attendance_key) = met.attendance_key
left join connected on connected.event_key = met.event_key and connected.person = met.person
