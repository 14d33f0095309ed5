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
{% set presences %}
-- the presences of the match rate are those of the participation table; -1 stands for « nobody » on both sides
select
    'same_presences' as control,
    quality.programme_id,
    'QU02' as member,
    coalesce(nullif(total.value, 0), -1) as expected,
    coalesce(quality.denominator, -1) as actual,
    cast(null as varchar) as detail
from {{ ref('ind_quality') }} as quality
left join {{ ref('ind_participation') }} as total
    on total.programme_id = quality.programme_id and total.indicator = 'PA02' and total.breakdown = 'total'
where quality.indicator = 'QU02' and quality.breakdown = 'total'
{% endset %}
{{ ctl_table('ind_quality', [
    coverage,
    presences,
    ctl_every_programme(ref('ind_quality'), ctl_programmes_with_events()),
    ctl_unexplained('ind_quality'),
    ctl_conservation(['event', 'registration', 'attendance']),
]) }}
