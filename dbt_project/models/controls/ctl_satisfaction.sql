{% set events %}
-- answers by event, those that name none included, are all the answers
select
    'answers_add_up' as control,
    total.programme_id,
    'event' as member,
    any_value(total.n_total) as expected,
    coalesce(sum(part.n_total), 0) as actual,
    cast(null as varchar) as detail
from {{ ref('ind_satisfaction') }} as total
left join {{ ref('ind_satisfaction') }} as part
    on part.programme_id = total.programme_id and part.indicator = 'SA01' and part.breakdown = 'event'
where total.indicator = 'SA01' and total.breakdown = 'total'
group by total.programme_id
{% endset %}
{% set recount %}
-- counted again from the landed rows; the programme of an answer is that of its event
select
    'recount' as control,
    programme.programme_id,
    'total' as member,
    coalesce(answers.nb, 0) as expected,
    coalesce(found.n_total, -1) as actual,
    cast(null as varchar) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select event.event_programme_id as programme_id, count(*) as nb
    from {{ ref('stg_feedback') }} as answer
    inner join {{ ref('int_event_references') }} as event on {{ event_named_by('answer') }}
    where coalesce(answer.is_complete, true)
    group by all
) as referred using (programme_id)
left join (
    select programme_id, count(*) as nb
    from {{ ref('stg_feedback') }}
    where event_id is null and coalesce(is_complete, true)
    group by all
) as general using (programme_id)
cross join lateral (select coalesce(referred.nb, 0) + coalesce(general.nb, 0) as nb) as answers
left join {{ ref('ind_satisfaction') }} as found
    on found.programme_id = programme.programme_id and found.indicator = 'SA01' and found.breakdown = 'total'
where programme.has_events
{% endset %}
{% set crowded %}
-- events with more answers than people present, left out of the rate
select
    'more_answers_than_present' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(crowded.event_id) as actual,
    string_agg(crowded.event_id || ' (' || crowded.nb || ' pour ' || crowded.nb_present || ')', ', ' order by crowded.event_id) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select event.programme_key, event.event_id, answers.nb, presences.nb_present
    from (select event_key, count(*) as nb from {{ ref('fct_feedback') }} where is_complete group by all) as answers
    inner join {{ ref('dim_event') }} as event using (event_key)
    inner join (
        select
            event_key,
            coalesce(max(value) filter (where counting_method = 'present'), max(value) filter (where is_preferred)) as nb_present
        from {{ ref('fct_event_count') }}
        group by all
    ) as presences using (event_key)
    where answers.nb > presences.nb_present
) as crowded using (programme_key)
where programme.has_events
group by programme.programme_id
{% endset %}
{{ ctl_table('ind_satisfaction', [
    events,
    recount,
    crowded,
    ctl_every_programme(ref('ind_satisfaction'), ctl_programmes_with_events()),
    ctl_unexplained('ind_satisfaction'),
    ctl_earlier_releases('ind_satisfaction'),
    ctl_conservation(['event', 'feedback']),
]) }}
