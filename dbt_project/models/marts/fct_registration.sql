-- A place counts (is_registered) when it was held until the event opened, and once per person and event. Milestones are the instants that
-- the data give, over every version of the place that is in the landing zone: the day a file arrived is none.
with said_again as (
    {{ said_again(
        ref('stg_registrations'), 'registration_key', 'registration_id',
        ['is_in_force desc', 'updated_at desc nulls last', 'delivered_at desc', 'delivery_id desc', 'row_number desc']) }}
),

places as (
    select
        place.registration_key,
        event.event_key,
        event.programme_key,
        place.participant_key,
        organisation.organisation_key,
        place.source,
        place.registration_id,
        place.status,
        coalesce(place.registered_at, place.first_registered_at) as registered_at,
        case
            when place.status = 'waiting' then coalesce(place.first_waiting_at, place.updated_at, place.registered_at)
            else place.first_waiting_at
        end as waiting_at,
        case
            when place.status in ('cancelled', 'refunded') then coalesce(place.cancelled_at, place.first_cancelled_at, place.updated_at)
        end as cancelled_at,
        coalesce(place.checked_in_at, place.first_checked_in_at) as checked_in_at,
        coalesce(place.checked_in, false) or place.checked_in_at is not null or place.status = 'attended' as is_checked_in,
        case
            when place.status in ('registered', 'attended', 'no_show') then true
            -- only a day that the platform gives says that the place was freed too late
            when place.status in ('cancelled', 'refunded') then coalesce(place.cancelled_at >= event.opens_at, false)
            else false
        end as is_held,
        coalesce(place.is_erased, false) as is_erased,
        place.delivery_key,
        place.row_number
    from {{ ref('stg_registrations') }} as place
    inner join {{ ref('int_event_references') }} as event on {{ event_named_by('place') }}
    {{ join_organisation('place', 'organisation') }}
    where place.registration_key not in (select registration_key from said_again)
),

-- a person who holds several places at one event counts once, with the first
several as (
    select event_key, participant_key
    from places
    where is_held and participant_key is not null
    group by event_key, participant_key
    having count(*) > 1
),

first_places as (
    select
        event_key,
        participant_key,
        min_by(registration_key, (coalesce(registered_at, timestamp '9999-01-01'), registration_key)) as registration_key
    from places
    semi join several using (event_key, participant_key)
    where is_held
    group by event_key, participant_key
)

select
    places.registration_key,
    places.event_key,
    places.programme_key,
    places.participant_key,
    places.organisation_key,
    places.source,
    places.registration_id,
    places.status,
    places.registered_at,
    places.waiting_at,
    places.cancelled_at,
    places.checked_in_at,
    {{ day_key('places.registered_at') }} as registered_date_key,
    {{ day_key('places.waiting_at') }} as waiting_date_key,
    {{ day_key('places.cancelled_at') }} as cancelled_date_key,
    {{ day_key('places.checked_in_at') }} as checked_in_date_key,
    places.is_held,
    places.is_held and places.registration_key = coalesce(first_places.registration_key, places.registration_key) as is_registered,
    places.is_checked_in,
    places.is_erased,
    places.delivery_key,
    places.row_number
from places
left join first_places
    on first_places.event_key = places.event_key and first_places.participant_key = places.participant_key
