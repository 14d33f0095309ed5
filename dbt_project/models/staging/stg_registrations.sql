-- A place is as its platform last changed it: by the instant that the data give, then by the delivery. What earlier versions alone knew is
-- kept beside it.
{{ config(materialized='table') }}
with latest as (
    {{ latest_rows(
        source('landing', 'registration'),
        ['source', 'event_id', 'programme_id', 'registration_id', 'status', 'registered_at', 'updated_at', 'cancelled_at', 'checked_in_at',
         'checked_in', 'gender', 'participant_category', 'organisation_text', 'siren', 'postcode', 'commune_text', 'delivered_at',
         'delivery_id', 'row_number'],
        ['event_id', 'registration_id'],
        ['updated_at desc nulls last', 'delivered_at desc', 'delivery_id desc', 'row_number desc'],
        {'first_registered_at': ('min(registered_at) over versions', 'timestamp'),
         'first_waiting_at': ("min(coalesce(updated_at, registered_at)) filter (where status = 'waiting') over versions", 'timestamp'),
         'first_cancelled_at': ("min(coalesce(cancelled_at, updated_at)) filter (where status in ('cancelled', 'refunded')) over versions", 'timestamp'),
         'first_checked_in_at': ('min(checked_in_at) over versions', 'timestamp')}) }}
)

select {{ key(['source', 'event_id', 'registration_id']) }} as registration_key, *
from ({{ with_person('latest') }})
