{% set figures %}
-- every printed figure has its line
select
    'figures_compared' as control,
    figure.programme_id,
    'total' as member,
    count(*) as expected,
    count(line.indicator) as actual,
    string_agg({{ fr_printed_figure('figure.indicator', 'figure.dimension', 'figure.member') }}, ' ; ') filter (where line.indicator is null)
        as detail
from {{ ref('stg_published_figures') }} as figure
left join {{ ref('ind_reconciliation') }} as line
    on line.programme_id = figure.programme_id
    and line.indicator = figure.indicator
    and line.breakdown = figure.dimension
    and line.member = figure.member
group by all
union all by name
-- no figure was delivered, and none is left out: this table may have no line
select 'figures_compared' as control, cast(null as varchar) as programme_id, 'none' as member, 0 as expected, 0 as actual
where not exists (select 1 from {{ ref('stg_published_figures') }})
{% endset %}
{% set stale %}
-- an explanation whose difference is gone, or has changed, has expired; one of a programme of which nothing was delivered waits
select
    'stale_explanation' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(explanation.figure_key) filter (where line.indicator is null) as actual,
    string_agg(
        {{ fr_printed_figure('explanation.indicator', 'explanation.dimension', 'explanation.member') }}, ' ; '
        order by explanation.indicator, explanation.dimension, explanation.member
    ) filter (where explanation.figure_key is not null and line.indicator is null) as detail
from {{ ref('dim_programme') }} as programme
left join {{ ref('fct_explanation') }} as explanation
    on explanation.programme_key = programme.programme_key
    and (programme.has_events or programme.programme_id in (select programme_id from {{ ref('stg_published_figures') }}))
left join {{ ref('ind_reconciliation') }} as line
    on line.programme_id = explanation.programme_id
    and line.indicator = explanation.indicator
    and line.breakdown = explanation.dimension
    and line.member = explanation.member
    and line.explanation is not null
    and line.reconciliation_status <> 'match'
group by all
{% endset %}
{{ ctl_table('ind_reconciliation', [
    figures,
    stale,
    ctl_every_programme(ref('ind_reconciliation'), 'select programme_id from ' ~ ref('stg_published_figures'), at_least=0),
    ctl_unexplained('ind_reconciliation'),
    ctl_conservation(['event', 'published_figure']),
]) }}
