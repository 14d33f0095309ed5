{% set recount %}
-- added up again from the landed rows; -1 stands for « nothing known » on both sides
select
    'recount' as control,
    events.programme_id,
    'total' as member,
    coalesce(events.participants, -1) as expected,
    coalesce(found.value, -1) as actual,
    cast(null as varchar) as detail
from (
    select named.programme_id, sum(coalesce(counted.participants, reported.participants)) as participants
    from (select distinct programme_id from {{ ref('stg_events') }}) as named
    left join ({{ ctl_counted_events() }}) as counted using (programme_id)
    left join (
        select
            event.event_source as source,
            event.found_event_id as event_id,
            -- the last report that gives a number
            max_by(report.participants, (coalesce(report.submitted_at, timestamp '1900-01-01'), report.delivered_at, report.source, report.report_id)) as participants
        from {{ ref('stg_event_reports') }} as report
        inner join {{ ref('int_event_references') }} as event
            on event.source = report.source
            and event.event_id = report.event_id
            and event.programme_id is not distinct from report.programme_id
        where report.participants is not null
        group by all
    ) as reported using (source, event_id)
    group by all
) as events
left join {{ ref('ind_participation') }} as found
    on found.programme_id = events.programme_id and found.indicator = 'PA01' and found.breakdown = 'total'
{% endset %}
{% set coverage %}
-- what is known and what is missing add up to the events counted
select
    'events_covered' as control,
    events.programme_id,
    'total' as member,
    events.value as expected,
    found.n_total as actual,
    cast(null as varchar) as detail
from {{ ref('ind_events') }} as events
left join {{ ref('ind_participation') }} as found
    on found.programme_id = events.programme_id and found.indicator = 'PA01' and found.breakdown = 'total'
where events.indicator = 'EV01' and events.breakdown = 'total'
{% endset %}
{% set dominance %}
-- a measure, not a sum: share of the largest event. Under three counts it says nothing, and is left at 0
select
    'largest_share' as control,
    programme_id,
    'total' as member,
    0 as expected,
    coalesce(value, 0) * (n_with_data >= 3)::integer as actual,
    n_with_data || ' événements renseignés' as detail
from {{ ref('ind_participation') }}
where indicator = 'PA01_max_share' and breakdown = 'total'
{% endset %}
{% set outliers %}
-- a measure: counts whose distance to the median, in median distances, passes 3.5 (modified z-score of Iglewicz and Hoaglin)
select
    'outliers' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(far.event_id) as actual,
    string_agg(far.event_id || ' (' || far.value || ')', ', ' order by far.value desc, far.event_id) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select programme_key, event_id, value
    from (
        select
            *,
            median(distance) over (partition by programme_key) as typical_distance,
            count(*) over (partition by programme_key) as nb_counts
        from (
            select
                event.programme_key,
                event.event_id,
                counted.value,
                abs(counted.value - median(counted.value) over (partition by event.programme_key)) as distance
            from {{ ref('fct_event_count') }} as counted
            inner join {{ ref('dim_event') }} as event using (event_key)
            where event.is_counted and counted.is_preferred and counted.value is not null
        )
    )
    where nb_counts >= 5 and 0.6745 * distance > 3.5 * typical_distance
) as far using (programme_key)
where programme.has_events
group by all
{% endset %}
{{ ctl_table('ind_participation', [
    ctl_members_add_up('departments_add_up', ref('ind_participation'), 'PA01', 'department', 'PA01'),
    ctl_members_add_up('months_add_up', ref('ind_participation'), 'PA01', 'month', 'PA01'),
    ctl_members_add_up('modalities_add_up', ref('ind_participation'), 'PA01', 'modality', 'PA01'),
    recount,
    dominance,
    outliers,
    coverage,
    ctl_every_programme(ref('ind_participation'), ctl_programmes_with_events()),
    ctl_unexplained('ind_participation'),
    ctl_conservation(['event']),
]) }}
