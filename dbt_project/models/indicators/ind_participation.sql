-- PA01 and its complements, PA07, PA08. A missing count is never a zero: totals of partial data are « au moins », means and
-- medians are those of the events with data. n_with_data of n_total: events of this very cell.
with cells as (
    select
        breakdown.programme_id,
        breakdown.breakdown,
        breakdown.member,
        breakdown.period,
        count(link.event_key) as n_total,
        count(counted.value) as n_with,
        count(*) filter (where counted.precision = 'approximate' and counted.value is not null) as n_approximate,
        min(counted.count_text) filter (where counted.precision = 'qualitative') as in_words,
        cast(sum(counted.value) as double) as total,
        case when count(counted.lower) = count(counted.value) then cast(sum(counted.lower) as double) end as total_lower,
        case when count(counted.upper) = count(counted.value) then cast(sum(counted.upper) as double) end as total_upper,
        median(counted.value) as middle,
        case when count(counted.lower) = count(counted.value) then median(counted.lower) end as middle_lower,
        case when count(counted.upper) = count(counted.value) then median(counted.upper) end as middle_upper,
        min(counted.value) as smallest,
        min(counted.lower) as smallest_lower,
        case when count(counted.upper) = count(counted.value) then min(counted.upper) end as smallest_upper,
        max(counted.value) as largest,
        max(counted.lower) as largest_lower,
        case when count(counted.upper) = count(counted.value) then max(counted.upper) end as largest_upper
    from {{ ref('dim_breakdown') }} as breakdown
    left join {{ ref('bridge_event_breakdown') }} as link using (breakdown_key)
    left join {{ ref('fct_event_count') }} as counted
        on counted.event_key = link.event_key and counted.is_preferred
    where breakdown.is_published and breakdown.breakdown <> 'role'
    group by all
),

measured as (
    select
        cells.*,
        definition.code as indicator,
        definition.unit,
        case definition.code
            when 'PA01' then total
            when 'PA07' then total / n_with
            when 'PA08' then middle
            when 'PA01_min' then smallest
            when 'PA01_max' then largest
            when 'PA01_max_share' then largest / nullif(total, 0)
        end as value,
        case definition.code
            when 'PA01' then total_lower
            when 'PA07' then total_lower / n_with
            when 'PA08' then middle_lower
            when 'PA01_min' then smallest_lower
            when 'PA01_max' then largest_lower
            when 'PA01_max_share' then coalesce(largest_lower / nullif(total_upper, 0), 0)
        end as lower,
        case definition.code
            when 'PA01' then case when n_with = n_total then total_upper end
            when 'PA07' then total_upper / n_with
            when 'PA08' then middle_upper
            when 'PA01_min' then smallest_upper
            when 'PA01_max' then largest_upper
            when 'PA01_max_share' then least(largest_upper / nullif(total_lower, 0), 1)
        end as upper,
        case definition.code when 'PA07' then total when 'PA01_max_share' then largest end as numerator,
        case definition.code when 'PA07' then nullif(n_with, 0) when 'PA01_max_share' then total end as denominator
    from cells
    cross join {{ ref('dim_indicator') }} as definition
    where definition.code in ('PA01', 'PA07', 'PA08', 'PA01_min', 'PA01_max', 'PA01_max_share')
),

judged as (
    select
        *,
        -- under these numbers of events a mean or a median says nothing: the value stays, the sign printed is n.s.
        coalesce(n_with < case indicator when 'PA07' then 3 when 'PA08' then 5 end, false) as is_not_significant,
        n_with || ' ' || {{ fr_plural('n_with', 'événement', 'événements') }} || ' sur ' || n_total as share_with_data
    from measured
)

select
    'ind_participation' as dataset,
    programme_id,
    indicator,
    breakdown,
    member,
    period,
    cast(value as double) as value,
    cast(lower as double) as lower,
    cast(upper as double) as upper,
    cast(numerator as double) as numerator,
    cast(denominator as double) as denominator,
    cast(n_with as integer) as n_with_data,
    cast(n_total as integer) as n_total,
    unit,
    case
        when n_total = 0 then 'M'
        when value is null then 'L'
        when is_not_significant then 'N'
        when n_approximate > 0 then 'E'
        when n_with < n_total then 'P'
        else 'A'
    end as obs_status,
    'F' as conf_status,
    case
        when n_total = 0 then 'Aucun événement.'
        when n_with = 0 and in_words is not null then 'Effectif donné en mots seulement : « ' || in_words || ' ».'
        when n_with = 0 then 'Effectif non communiqué.'
        else {{ fr_caveat([
            "case when is_not_significant then 'Non significatif : ' || share_with_data || ' avec un effectif connu.' end",
            "case when indicator = 'PA01' and n_with < n_total then 'Au moins ' || " ~ fr_count('coalesce(total_lower, total)') ~ " || ' : effectif connu pour ' || share_with_data || '.' end",
            "case when indicator <> 'PA01' and not is_not_significant and n_with < n_total then 'Effectif connu pour ' || share_with_data || '.' end",
            "case when n_approximate > 0 and indicator = 'PA01' and total_upper is not null and n_with = n_total then 'Effectif approché : entre ' || " ~ fr_count('total_lower') ~ " || ' et ' || " ~ fr_count('total_upper') ~ " || '.' when n_approximate > 0 then 'Dont effectif approché : ' || n_approximate || ' ' || " ~ fr_plural('n_approximate', 'événement', 'événements') ~ " || '.' end",
            "case when indicator = 'PA01' and breakdown in ('theme', 'department_theme') then 'Un événement à plusieurs thèmes compte dans chacun.' end",
            "case when indicator = 'PA01' and breakdown = 'organiser' then 'Un événement coorganisé compte pour chaque organisateur.' end",
            "case when indicator = 'PA01' and breakdown = 'total' then 'Participations, et non personnes différentes.' end"
        ]) }}
    end as caveat
from judged
