-- A place is as its platform last changed it: by the instant that the data give, then by the delivery. What earlier versions alone knew is
-- kept beside it, those of replaced files too. A place that a later version of its file no longer shows is gone; once cancelled, it stays as it was.
{{ config(materialized='table') }}
{% set said = said_number('organisation_text', 'siren', organisation_place('postcode')) ~ ' as said_number' %}
{% set versions -%}
(select *, true as is_in_force from {{ source('landing', 'registration') }}
    union all by name
    select *, false as is_in_force from {{ source('landing', 'registration_earlier') }})
{%- endset %}
with latest as (
    {{ latest_rows(
        versions,
        ['source', 'event_id', 'programme_id', 'registration_id', 'status', 'registered_at', 'updated_at', 'cancelled_at', 'checked_in_at',
         'checked_in', 'gender', 'participant_category', said, 'postcode', 'commune_text',
         "person_basis = 'erased' as is_erased", 'delivered_at', 'delivery_id', 'row_number', 'is_in_force'],
        ['event_id', 'registration_id'],
        ['is_in_force desc', 'updated_at desc nulls last', 'delivered_at desc', 'delivery_id desc', 'row_number desc'],
        {'first_registered_at': ('min(registered_at) over versions', 'timestamp'),
         'first_waiting_at': ("min(coalesce(updated_at, registered_at)) filter (where status = 'waiting') over versions", 'timestamp'),
         'first_cancelled_at': ("min(coalesce(cancelled_at, updated_at)) filter (where status in ('cancelled', 'refunded')) over versions", 'timestamp'),
         'first_checked_in_at': ('min(checked_in_at) over versions', 'timestamp')}) }}
),

-- of the places that only an earlier version showed, those of no event now: it, or how it is written, may have been corrected
gone as (
    select distinct source, registration_id
    from {{ source('landing', 'registration_earlier') }}
    anti join {{ source('landing', 'registration') }} using (source, registration_id)
)

select {{ key(['source', 'event_id', 'registration_id']) }} as registration_key, *
from ({{ with_person('latest', 'registration') }}) as place
where place.is_in_force or (
    place.status in ('cancelled', 'refunded') and (place.source, place.registration_id) in (select (source, registration_id) from gone)
)
