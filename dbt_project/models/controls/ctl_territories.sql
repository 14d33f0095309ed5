{% set denominators %}
-- the departments of the region are all in the denominator of TE01
select
    'denominator' as control,
    programme.programme_id,
    'TE01' as member,
    count(distinct department.code) as expected,
    max(found.denominator) as actual,
    cast(null as varchar) as detail
from {{ ref('dim_programme') }} as programme
inner join {{ ref('dim_territory') }} as department
    on department.level = 'department'
    and department.region_code = programme.region_code
    and department.vintage = programme.territory_vintage
left join {{ ref('ind_territories') }} as found
    on found.programme_id = programme.programme_id and found.indicator = 'TE01'
where programme.has_events
group by all
{% endset %}
{% set attendances %}
-- TE04 counts the participations that PA01 counts
select
    'same_attendances' as control,
    rate.programme_id,
    rate.member,
    -- a place without event: 0 here, no value there
    coalesce(total.value, case when total.n_total = 0 then 0 else -1 end) as expected,
    coalesce(rate.numerator, -1) as actual,
    cast(null as varchar) as detail
from {{ ref('ind_territories') }} as rate
left join {{ ref('ind_participation') }} as total
    on total.programme_id = rate.programme_id
    and total.indicator = 'PA01'
    and total.breakdown = rate.breakdown
    and total.member = rate.member
where rate.indicator = 'TE04' and rate.obs_status <> 'M'
{% endset %}
{% set populations %}
-- the departments of a region hold its inhabitants
select
    'population_adds_up' as control,
    programme.programme_id,
    'department' as member,
    coalesce(any_value(region.population), 0) as expected,
    coalesce(sum(department.population), 0) as actual,
    'découpage ' || any_value(programme.territory_vintage) as detail
from {{ ref('dim_programme') }} as programme
left join {{ ref('dim_territory') }} as region
    on region.level = 'region' and region.code = programme.region_code and region.vintage = programme.territory_vintage
left join {{ ref('dim_territory') }} as department
    on department.level = 'department'
    and department.region_code = programme.region_code
    and department.vintage = programme.territory_vintage
where programme.has_events
group by programme.programme_id
{% endset %}
{{ ctl_table('ind_territories', [
    ctl_every_department(ref('ind_territories'), 'TE04'),
    populations,
    denominators,
    attendances,
    ctl_every_programme(ref('ind_territories'), ctl_programmes_with_events()),
    ctl_unexplained('ind_territories'),
    ctl_earlier_releases('ind_territories'),
    ctl_conservation(['event']),
]) }}
