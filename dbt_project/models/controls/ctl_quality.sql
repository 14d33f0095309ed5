{% set coverage %}
-- the reports counted here are those that PA01 adds up
select
    'same_reports' as control,
    quality.programme_id,
    'QU01' as member,
    total.n_with_data as expected,
    quality.numerator as actual,
    cast(null as varchar) as detail
from {{ ref('ind_quality') }} as quality
left join {{ ref('ind_participation') }} as total
    on total.programme_id = quality.programme_id and total.indicator = 'PA01' and total.breakdown = 'total'
where quality.indicator = 'QU01'
{% endset %}
{{ ctl_table('ind_quality', [
    coverage,
    ctl_every_programme(ref('ind_quality'), ctl_programmes_with_events()),
    ctl_unexplained('ind_quality'),
    ctl_conservation(['event']),
]) }}
