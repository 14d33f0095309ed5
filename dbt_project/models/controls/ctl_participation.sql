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
        inner join {{ ref('int_event_references') }} as event on {{ event_named_by('report') }}
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
{% set lists_add_up %}
-- presences, registrations, and those followed up to the door, by department, month, modality and event, against their total; a programme
-- without a list has nothing to add
{% for control, indicator, column in [
    ('presences_add_up', 'PA02', 'value'),
    ('registrations_add_up', 'PA03', 'value'),
    ('expected_add_up', 'PA04', 'denominator'),
    ('shown_up_add_up', 'PA04', 'numerator'),
    ('absent_add_up', 'PA05', 'numerator'),
] %}
select
    '{{ control }}' as control,
    total.programme_id,
    breakdown.name as member,
    coalesce(total.{{ column }}, 0) as expected,
    coalesce(sum(part.{{ column }}), 0) as actual,
    cast(null as varchar) as detail
from {{ ref('ind_participation') }} as total
cross join (values ('department'), ('month'), ('modality'), ('event')) as breakdown (name)
left join {{ ref('ind_participation') }} as part
    on part.programme_id = total.programme_id and part.indicator = total.indicator and part.breakdown = breakdown.name
where total.indicator = '{{ indicator }}' and total.breakdown = 'total'
group by total.programme_id, breakdown.name, total.{{ column }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
{% endset %}
{% set presences_split %}
-- at an event, who came is registered (PA04) or is not (PA06): events where the two do not make the presences (PA02)
select
    'presences_split' as control,
    programme.programme_id,
    'event' as member,
    0 as expected,
    count(split.member) as actual,
    string_agg(split.member, ', ' order by split.member) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select
        programme_id,
        member,
        max(value) filter (where indicator = 'PA02') as present,
        coalesce(max(numerator) filter (where indicator = 'PA04'), 0) as expected_present,
        max(value) filter (where indicator = 'PA06') as walk_ins
    from {{ ref('ind_participation') }}
    where breakdown = 'event'
    group by all
    having present <> expected_present + walk_ins
) as split using (programme_id)
where programme.has_events
group by all
{% endset %}
{% set listed_events %}
-- every event that a list came for has its line in every indicator of lists by event
select
    'events_with_a_list' as control,
    programme.programme_id,
    definition.code as member,
    coalesce(listed.nb_events, 0) as expected,
    count(found.member) as actual,
    cast(null as varchar) as detail
from {{ ref('dim_programme') }} as programme
cross join (values ('PA02'), ('PA03'), ('PA04'), ('PA05'), ('PA06')) as definition (code)
left join (
    select event.programme_key, count(distinct event.code) as nb_events
    from {{ ref('fct_event_count') }} as counted
    inner join {{ ref('dim_event') }} as event using (event_key)
    where event.is_counted and counted.counting_method in ('registered', 'present')
    group by all
) as listed using (programme_key)
left join {{ ref('ind_participation') }} as found
    on found.programme_id = programme.programme_id and found.indicator = definition.code and found.breakdown = 'event'
where programme.has_events
group by all
{% endset %}
{% set lines %}
-- every line that says somebody came, and every checked-in place, is behind one presence and one only
select
    'lines_in_presences' as control,
    programme.programme_id,
    'total' as member,
    coalesce(said.nb_lines, 0) as expected,
    coalesce(kept.nb_lines, 0) as actual,
    cast(null as varchar) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select event.programme_key, count(*) as nb_lines
    from (
        select source, event_id, programme_id from {{ ref('stg_attendances') }} where coalesce(is_present, true)
        union all
        select source, event_id, programme_id from {{ ref('stg_registrations') }}
        where coalesce(checked_in, false) or checked_in_at is not null or status = 'attended'
    ) as line
    inner join {{ ref('int_event_references') }} as event on {{ event_named_by('line') }}
    group by all
) as said using (programme_key)
left join (
    select programme_key, sum(nb_lines) as nb_lines from {{ ref('fct_attendance') }} group by all
) as kept using (programme_key)
where programme.has_events
{% endset %}
{% set places %}
-- places that count, counted again from the landed ones; -1 stands for « no list » on both sides
select
    'registrations_recounted' as control,
    programme.programme_id,
    'total' as member,
    coalesce(found.nb_places, -1) as expected,
    coalesce(published.value, -1) as actual,
    cast(null as varchar) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select
        programme_key,
        count(distinct (event_key, participant_key)) filter (where is_held and participant_key is not null)
        + count(*) filter (where is_held and participant_key is null) as nb_places
    from (
        select
            event.programme_key,
            event.event_key,
            place.participant_key,
            place.status in ('registered', 'attended', 'no_show')
            or (place.status in ('cancelled', 'refunded') and coalesce(place.cancelled_at >= event.opens_at, false)) as is_held
        from {{ ref('stg_registrations') }} as place
        inner join {{ ref('int_event_references') }} as event on {{ event_named_by('place') }}
        inner join {{ ref('dim_event') }} as counted on counted.event_key = event.event_key and counted.is_counted
    )
    group by all
) as found using (programme_key)
left join {{ ref('ind_participation') }} as published
    on published.programme_id = programme.programme_id and published.indicator = 'PA03' and published.breakdown = 'total'
where programme.has_events
{% endset %}
{{ ctl_table('ind_participation', [
    ctl_members_add_up('departments_add_up', ref('ind_participation'), 'PA01', 'department', 'PA01'),
    ctl_members_add_up('months_add_up', ref('ind_participation'), 'PA01', 'month', 'PA01'),
    ctl_members_add_up('modalities_add_up', ref('ind_participation'), 'PA01', 'modality', 'PA01'),
    lists_add_up,
    presences_split,
    listed_events,
    recount,
    lines,
    places,
    dominance,
    outliers,
    coverage,
    ctl_every_programme(ref('ind_participation'), ctl_programmes_with_events()),
    ctl_unexplained('ind_participation'),
    ctl_earlier_releases('ind_participation'),
    ctl_conservation(['event', 'event_report', 'registration', 'attendance']),
]) }}
