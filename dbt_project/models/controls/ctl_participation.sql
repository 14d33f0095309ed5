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
    select
        programme_id,
        sum(participants) filter (where event_status = 'held' and counts_in_programme and parent_event_id is null) as participants
    from {{ ref('stg_events') }}
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
{{ ctl_table('ind_participation', [
    ctl_members_add_up('members_add_up', ref('ind_participation'), 'PA01', 'department', 'PA01'),
    ctl_members_add_up('members_add_up', ref('ind_participation'), 'PA01', 'month', 'PA01'),
    ctl_members_add_up('members_add_up', ref('ind_participation'), 'PA01', 'modality', 'PA01'),
    recount,
    coverage,
    ctl_every_programme(ref('ind_participation'), ctl_programmes_with_events()),
    ctl_unexplained('ind_participation'),
    ctl_conservation(['event']),
]) }}
