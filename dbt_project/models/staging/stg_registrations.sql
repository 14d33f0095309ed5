-- A place is as its platform last changed it: by the instant that the data give, then by the delivery. The first instants that any version gave
-- are kept beside it, those of replaced files too. A place that a later version of its file no longer shows is gone; once cancelled, it stays as it was.
{{ config(materialized='table') }}
{% set said = said_number('organisation_text', 'siren', department_of_postcode('postcode')) ~ ' as said_number' %}
{% set columns = [
    'source', 'event_id', 'programme_id', 'registration_id', 'status', 'registered_at', 'updated_at', 'cancelled_at', 'checked_in_at',
    'checked_in', 'gender', 'participant_category', said, 'postcode', 'commune_text', "person_basis = 'erased' as is_erased",
    'delivered_at', 'delivery_id', 'row_number'] %}
{% set latest_first = ['updated_at desc nulls last', 'delivered_at desc', 'delivery_id desc', 'row_number desc'] %}
{% set milestones = {
    'first_registered_at': 'registered_at',
    'first_waiting_at': "case when status = 'waiting' then coalesce(updated_at, registered_at) end",
    'first_cancelled_at': "case when status in ('cancelled', 'refunded') then coalesce(cancelled_at, updated_at) end",
    'first_checked_in_at': 'checked_in_at'} %}
{% set over_versions = {} %}
{% for name, instant in milestones.items() %}
{% do over_versions.update({name: ('min(' ~ instant ~ ') over versions', 'timestamp')}) %}
{% endfor %}
with in_force as (
    {{ latest_rows(source('landing', 'registration'), columns, ['event_id', 'registration_id'], latest_first, over_versions) }}
),

-- a season of nightly exports is millions of rows, nearly all of which say what those in force do: only instants are looked for in them
earlier as (
    select source, event_id, registration_id{% for name, instant in milestones.items() %}, min({{ instant }}) as {{ name }}{% endfor %}
    from {{ source('landing', 'registration_earlier') }}
    group by source, event_id, registration_id
),

-- of no event now: of a place that stands at another, the event, or how it is written, may have been corrected
of_no_event_now as materialized (
    select * from {{ source('landing', 'registration_earlier') }} anti join {{ source('landing', 'registration') }} using (source, registration_id)
),

gone as (
    {{ latest_rows('of_no_event_now', columns, ['event_id', 'registration_id'], latest_first, over_versions) }}
),

places as (
    select
        in_force.* replace (
            {%- for name, instant in milestones.items() %}
            case
                when earlier.source is null then in_force.{{ name }} else least(in_force.{{ name }}, {{ instant }}, earlier.{{ name }})
            end as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        true as is_in_force
    from in_force
    left join earlier using (source, event_id, registration_id)
    union all by name
    select *, false as is_in_force from gone where status in ('cancelled', 'refunded')
)

select {{ key(['source', 'event_id', 'registration_id']) }} as registration_key, *
from ({{ with_person('places', 'registration') }}) as place
