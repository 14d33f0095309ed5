{% set recount %}
-- the persons of the table, counted again from the lines themselves: of the programme, and event by event
{% for breakdown, who in [('total', 'line.participant_key'), ('event', '(counted.event_key, line.participant_key)')] %}
select
    'persons_recounted' as control,
    programme.programme_id,
    '{{ breakdown }}' as member,
    coalesce(found.nb_persons, 0) as expected,
    coalesce(published.nb_persons, {{ '-1' if breakdown == 'total' else '0' }}) as actual,
    cast(null as varchar) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select event.event_programme_id as programme_id, count(distinct {{ who }}) filter (where line.participant_key is not null) as nb_persons
    from (
        select source, event_id, programme_id, participant_key from {{ ref('stg_attendances') }} where coalesce(is_present, true)
        union all
        select source, event_id, programme_id, participant_key from {{ ref('stg_registrations') }}
        where coalesce(checked_in, false) or checked_in_at is not null or status = 'attended'
    ) as line
    inner join {{ ref('int_event_references') }} as event on {{ event_named_by('line') }}
    inner join {{ ref('dim_event') }} as counted on counted.event_key = event.event_key and counted.is_counted
    group by all
) as found using (programme_id)
left join (
    select programme_id, sum(n_total) as nb_persons
    from {{ ref('ind_participants') }}
    where indicator = 'PE01' and breakdown = '{{ breakdown }}'
    group by all
) as published using (programme_id)
where programme.has_events
{% if not loop.last %}union all{% endif %}
{% endfor %}
{% endset %}
{% set whole %}
-- shares of all the answers make one, when somebody answered
select
    'shares_make_one' as control,
    programme_id,
    breakdown as member,
    least(count(value), 1) as expected,
    round(coalesce(sum(value), 0), 9) as actual,
    cast(null as varchar) as detail
from {{ ref('ind_participants') }}
where breakdown not in ('total', 'event')
group by all
{% endset %}
{{ ctl_table('ind_participants', [
    recount,
    whole,
    ctl_every_programme(ref('ind_participants'), ctl_programmes_with_events()),
    ctl_unexplained('ind_participants'),
    ctl_earlier_releases('ind_participants'),
    ctl_conservation(['registration', 'attendance']),
]) }}
