{#- Pieces of the ctl_* models: rows (control, programme_id, member, expected, actual, detail). -#}

{#- The members of a breakdown add up to the total. Both are sums of the same rows, seen twice. -#}
{% macro ctl_members_add_up(control, table, indicator, breakdown, total_indicator) %}
select
    '{{ control }}' as control,
    programme_id,
    '{{ breakdown }}' as member,
    coalesce(max(value) filter (where indicator = '{{ total_indicator }}' and breakdown = 'total'), 0) as expected,
    -- thirds do not add up to the last bit
    round(coalesce(sum(value) filter (where indicator = '{{ indicator }}' and breakdown = '{{ breakdown }}'), 0), 9) as actual,
    cast(null as varchar) as detail
from {{ table }}
group by all
{% endmacro %}

{#- Every department of the programme's region is printed; a national programme has none to print. -#}
{% macro ctl_every_department(table, indicator) %}
select
    'every_department_printed' as control,
    programme.programme_id,
    'department' as member,
    count(distinct territory.code) as expected,
    count(distinct found.member) as actual,
    string_agg(distinct territory.code, ', ' order by territory.code) filter (where found.member is null) as detail
from {{ ref('dim_programme') }} as programme
left join {{ ref('dim_territory') }} as territory
    on territory.level = 'department'
    and territory.region_code = programme.region_code
    and territory.vintage = programme.territory_vintage
left join {{ table }} as found
    on found.programme_id = programme.programme_id
    and found.indicator = '{{ indicator }}'
    and found.breakdown = 'department'
    and found.member = territory.code
where programme.has_events
group by all
{% endmacro %}

{#- The dataset holds every programme of `of`: those that have events, and `at_least` one. -#}
{% macro ctl_every_programme(table, of, at_least=1) %}
select
    'every_programme' as control,
    cast(null as varchar) as programme_id,
    'total' as member,
    greatest(count(distinct wanted.programme_id), {{ at_least }}) as expected,
    count(distinct found.programme_id) as actual,
    string_agg(distinct wanted.programme_id, ', ' order by wanted.programme_id) filter (where found.programme_id is null) as detail
from ({{ of }}) as wanted
left join (select distinct programme_id from {{ table }}) as found on found.programme_id = wanted.programme_id
{% endmacro %}

{% macro ctl_programmes_with_events() -%}
select programme_id from {{ ref('dim_programme') }} where has_events
{%- endmacro %}

{#- Differences with printed figures that nobody has explained, per programme. -#}
{% macro ctl_unexplained(dataset) %}
select
    'unexplained_difference' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(line.indicator) as actual,
    string_agg(
        {{ fr_printed_figure('line.indicator', 'line.breakdown', 'line.member') }} || ' : '
        || coalesce('« ' || line.figure_text || ' » imprimé', 'non imprimé')
        || coalesce(
            ', ' || case when line.unit = 'month_number' then {{ fr_month_name('line.recomputed::integer') }} else {{ fr_number('line.recomputed') }} end
            || ' pour nous',
            ''
        ),
        ' ; ' order by line.indicator, line.breakdown, line.member
    ) as detail
from {{ ref('dim_programme') }} as programme
left join {{ ref('ind_reconciliation') }} as line
    on line.programme_id = programme.programme_id
    and line.blocks_dataset = '{{ dataset }}'
    and line.is_explained = false
group by all
{% endmacro %}

{#- Per delivery: every row read is accepted, quarantined or a duplicate; every accepted row is in the warehouse, or was
    replaced by a later delivery of the same event or figure. Where nothing was delivered, one line says so: nothing is lost. -#}
{% macro ctl_conservation(entities) %}
select
    'rows_conserved' as control,
    cast(null as varchar) as programme_id,
    source || '/' || delivery_id as member,
    coalesce(rows_read, 0) as expected,
    coalesce(rows_accepted, 0) + coalesce(rows_quarantined, 0) + coalesce(rows_duplicate, 0) as actual,
    file_name as detail
from {{ ref('stg_deliveries') }}
where entity in ('{{ entities | join("', '") }}') and state = 'accepted'
union all by name
select
    'landed_rows' as control,
    cast(null as varchar) as programme_id,
    source || '/' || delivery_id as member,
    rows_accepted as expected,
    -- a record that its platform showed again, or deleted, was replaced before it came here
    nb_rows_landed + rows_replaced as actual,
    file_name || case when nb_rows_kept < nb_rows_landed
        then ' (' || (nb_rows_landed - nb_rows_kept) || ' remplacées par une livraison plus récente)' else '' end as detail
from {{ ref('stg_deliveries') }}
where entity in ('{{ entities | join("', '") }}') and state = 'accepted'
union all by name
select control, cast(null as varchar) as programme_id, 'none' as member, 0 as expected, 0 as actual, cast(null as varchar) as detail
from (values ('rows_conserved'), ('landed_rows')) as both_controls (control)
where not exists (select 1 from {{ ref('stg_deliveries') }} where entity in ('{{ entities | join("', '") }}') and state = 'accepted')
{% endmacro %}

{#- Rows that the last delivery of a file leaves out, and that stay: too many at once. `rows`: the staging model of the entity. -#}
{% macro ctl_withheld_deletions(rows, absent) %}
select
    'withheld_deletions' as control,
    cast(null as varchar) as programme_id,
    source || '/' || delivery_id as member,
    0 as expected,
    nb_missing as actual,
    file_name || ' : ' || nb_missing || ' {{ absent }} sur ' || nb_open as detail
from {{ ref('stg_file_showings') }}
where is_last and is_withheld and source in (select source from {{ rows }})
{% endmacro %}

{#- The contract's columns, in order, over the pieces. -#}
{% macro ctl_table(dataset, pieces) %}
select
    '{{ dataset }}' as dataset,
    control,
    programme_id,
    member,
    cast(expected as double) as expected,
    cast(actual as double) as actual,
    cast(actual - expected as double) as difference,
    detail
from (
    {% for piece in pieces %}
    ({{ piece }})
    {% if not loop.last %}union all by name{% endif %}
    {% endfor %}
)
{% endmacro %}

{#- Events that count, told from the landed rows past dim_event. -#}
{% macro ctl_counted_events() %}
select event.*
from {{ ref('stg_events') }} as event
left join (
    select distinct event_source, found_event_id from {{ ref('int_event_references') }} where has_presence_lines
) as came on came.event_source = event.source and came.found_event_id = event.event_id
left join {{ ref('int_event_parents') }} as parent on parent.source = event.source and parent.event_id = event.event_id
where event.event_status = 'held' and event.counts_in_programme and not coalesce(parent.is_part, false)
    and (not event.is_deleted or came.event_source is not null)
{% endmacro %}

{#- What earlier releases printed, against what is printed now. `programmes_kept`: programmes of the last release that have no line
    now, unless somebody said they ended. `members_kept`: territories and months that it counted something for and that have no line
    now. `as_usual`, a measure: totals and means of a programme that leave the bounds set by the median of earlier releases (three at
    least): less than half of it, or more than twice, and five units away. No row before a first release. -#}
{% macro ctl_earlier_releases(dataset) %}
select
    'programmes_kept' as control,
    cast(null as varchar) as programme_id,
    'total' as member,
    0 as expected,
    count(distinct before.programme_id) filter (where found.programme_id is null) as actual,
    string_agg(distinct before.programme_id, ', ' order by before.programme_id) filter (where found.programme_id is null) as detail
from {{ ref('stg_previous_figures') }} as before
left join (select distinct programme_id from {{ ref(dataset) }}) as found on found.programme_id = before.programme_id
where before.dataset = '{{ dataset }}' and before.age = 0
having count(*) > 0
union all by name
select
    'members_kept' as control,
    before.programme_id,
    'total' as member,
    0 as expected,
    count(distinct (before.breakdown, before.member)) filter (where before.breakdown <> 'total' and found.member is null) as actual,
    string_agg(
        distinct {{ fr_breakdown('before.breakdown') }} || ' ' || before.member, ', '
        order by {{ fr_breakdown('before.breakdown') }} || ' ' || before.member
    )
        filter (where before.breakdown <> 'total' and found.member is null) as detail
from {{ ref('stg_previous_figures') }} as before
semi join {{ ref(dataset) }} as still on still.programme_id = before.programme_id
left join {{ ref(dataset) }} as found
    on found.programme_id = before.programme_id
    and found.indicator = before.indicator
    and found.breakdown = before.breakdown
    and found.member = before.member
where before.dataset = '{{ dataset }}'
    and before.age = 0
    and before.breakdown in ('total', 'month', 'department', 'epci', 'commune')
    and (before.breakdown = 'total' or before.value <> 0 or before.value is null)
group by before.programme_id
union all by name
select
    'as_usual' as control,
    usual.programme_id,
    'total' as member,
    0 as expected,
    count(*) filter (where is_odd) as actual,
    string_agg(
        coalesce(definition.name_fr, usual.indicator) || ' : ' || coalesce({{ fr_number('found.value') }}, 'plus de valeur')
        || ', médiane de ' || usual.nb || ' versions : ' || {{ fr_number('usual.middle') }}, ' ; ' order by usual.indicator
    ) filter (where is_odd) as detail
from (
    select programme_id, indicator, median(value) as middle, count(*) as nb
    from {{ ref('stg_previous_figures') }}
    where dataset = '{{ dataset }}' and breakdown = 'total' and value is not null
    group by all
    having count(*) >= 3
) as usual
semi join {{ ref(dataset) }} as still on still.programme_id = usual.programme_id
left join {{ ref(dataset) }} as found
    on found.programme_id = usual.programme_id
    and found.indicator = usual.indicator
    and found.breakdown = 'total'
left join {{ ref('dim_indicator') }} as definition on definition.code = usual.indicator
cross join lateral (
    select
        coalesce(
            abs(found.value - usual.middle) >= case when found.unit in ('share', 'score') then 0.25 else 5 end
            and not coalesce(found.value between usual.middle / 2 and usual.middle * 2, false),
            true
        ) as is_odd
)
group by usual.programme_id
{% endmacro %}
