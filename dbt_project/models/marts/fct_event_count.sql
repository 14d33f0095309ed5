-- Missing and qualitative counts have a row and no value. Bounds of an exact count are the count. What is counted from lists (registered,
-- signed, connected, checked_in, present) has a row when a list of the event came.
with told as (
    select
        {{ key(['source', 'event_id']) }} as event_key,
        'declared' as counting_method,
        participants,
        participants_lower,
        participants_upper,
        participants_precision,
        participants_text
    from {{ ref('stg_events') }}
    union all by name
    select
        event.event_key,
        'reported' as counting_method,
        report.participants,
        report.participants_lower,
        report.participants_upper,
        report.participants_precision,
        report.participants_text
    from {{ ref('stg_event_reports') }} as report
    inner join {{ ref('int_event_references') }} as event on {{ event_named_by('report') }}
    -- of several reports of an event, the last one that gives a number
    qualify row_number() over (
        partition by event.event_key
        order by
            report.participants is null, report.submitted_at desc nulls last, report.delivered_at desc, report.source desc, report.report_id desc
    ) = 1
),

presences as (
    select
        event_key,
        count(*) as nb_present,
        count(*) filter (where has_signature) as nb_signed,
        count(*) filter (where has_connection) as nb_connected,
        count(*) filter (where has_check_in) as nb_checked_in
    from {{ ref('fct_attendance') }}
    group by all
),

-- a sheet on which everybody is absent says that nobody came
listed as (
    select event_key, coalesce(nb_present, 0) as nb_present, nb_signed, nb_connected, nb_checked_in
    from (select event_key from {{ ref('int_event_references') }} where has_presence_lines group by all)
    full join presences using (event_key)
),

counted as (
    select event_key, 'registered' as counting_method, count(*) filter (where is_registered) as value
    from {{ ref('fct_registration') }}
    group by all
    union all
    select event_key, 'present', nb_present from listed
    {% for method in ['signed', 'connected', 'checked_in'] %}
    union all
    select event_key, '{{ method }}', nb_{{ method }} from listed where nb_{{ method }} > 0
    {% endfor %}
),

counts as (
    select
        event_key,
        counting_method,
        participants as value,
        participants_lower as lower,
        participants_upper as upper,
        coalesce(participants_precision, 'missing') as precision,
        participants_text as count_text
    from told
    union all by name
    select event_key, counting_method, value, value as lower, value as upper, 'exact' as precision from counted
),

ranked as (
    select
        counts.*,
        case counting_method
            when 'declared' then 1 when 'reported' then 2 when 'present' then 3 when 'signed' then 4 when 'checked_in' then 5
            when 'connected' then 6 else 7
        end as precedence
    from counts
)

select
    ranked.event_key,
    event.programme_key,
    event.territory_key,
    event.start_date_key,
    ranked.counting_method,
    cast(ranked.value as integer) as value,
    cast(ranked.lower as integer) as lower,
    cast(ranked.upper as integer) as upper,
    ranked.precision,
    ranked.count_text,
    cast(ranked.precedence as integer) as precedence,
    ranked.counting_method in ('declared', 'reported')
    and row_number() over (
        partition by ranked.event_key, ranked.counting_method in ('declared', 'reported')
        order by ranked.value is null, ranked.precedence
    ) = 1 as is_preferred
from ranked
inner join {{ ref('dim_event') }} as event using (event_key)
