-- An answer exported again, or corrected: the latest export of its source is right.
{{ config(materialized='table') }}
{% set said = said_number('organisation_text', 'siren', department_of_postcode('postcode')) ~ ' as said_number' %}
with latest as (
    {{ latest_rows(
        source('landing', 'feedback'),
        ['source', 'response_id', 'event_id', 'programme_id', 'submitted_at', 'is_complete', 'satisfaction', 'recommendation', 'gender',
         'participant_category', said, 'postcode', 'commune_text', 'delivered_at', 'delivery_id', 'row_number'],
        ['response_id'],
        ['delivered_at desc', 'delivery_id desc', 'row_number desc']) }}
)

{{ with_person('latest', 'feedback') }}
