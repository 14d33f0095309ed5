-- A line of a sheet or of a report is as last delivered.
{{ config(materialized='table') }}
{% set said = said_number('organisation_text', 'siren', department_of_postcode('postcode')) ~ ' as said_number' %}
with latest as (
    {{ latest_rows(
        source('landing', 'attendance'),
        ['source', 'event_id', 'programme_id', 'attendance_id', 'is_present', 'joined_at', 'left_at', 'minutes', 'mode', 'registration_id',
         'gender', 'participant_category', said, 'postcode', 'commune_text',
         "person_basis = 'erased' as is_erased", 'delivered_at', 'delivery_id', 'row_number'],
        ['event_id', 'attendance_id'],
        ['delivered_at desc', 'delivery_id desc', 'row_number desc']) }}
)

select {{ key(['source', 'event_id', 'attendance_id']) }} as line_key, *
from ({{ with_person('latest', 'attendance') }})
