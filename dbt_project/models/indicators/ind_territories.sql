-- TE01 to TE04, for programmes of one region. An EPCI belongs to the region where most of its inhabitants live; events
-- online or without a place add nothing to coverage, and count in the region's rate only. Only an event in person (hybrid too) reaches its
-- place: a list that gives a department and no modality does not say so, organisers of online events type their own department too.
with programmes as (
    select * from {{ ref('dim_programme') }} where has_events
),

counted as (
    select event.*, counted.value as participants, counted.lower, counted.upper, counted.precision
    from {{ ref('dim_event') }} as event
    left join {{ ref('fct_event_count') }} as counted
        on counted.event_key = event.event_key and counted.is_preferred
    where event.is_counted
),

-- the territories each programme could reach, and whether it did
reachable as (
    select
        programmes.programme_key,
        territory.level,
        territory.code,
        territory.population,
        exists (
            select 1
            from counted
            where counted.programme_key = programmes.programme_key
                and counted.modality in ('in_person', 'hybrid')
                and case territory.level when 'epci' then counted.epci_code else counted.department_code end = territory.code
        ) as is_reached
    from programmes
    inner join {{ ref('dim_territory') }} as territory
        on territory.level in ('department', 'epci')
        and territory.region_code = programmes.region_code
        and territory.vintage = programmes.territory_vintage
),

-- which place each event could reach is known for one level and not for another: a department does not say which of its EPCI
standings as (
    select
        programmes.programme_key,
        levels.level,
        counted.event_key,
        case
            when counted.department_code = 'online' then 'online'
            when counted.department_code = 'unknown' then 'no_place'
            -- a commune may be in no EPCI; a department of another region is none of ours
            when levels.level = 'epci'
                and coalesce(counted.epci_code, counted.commune_code) is null
                and coalesce(counted.region_code = programmes.region_code, true)
                then 'no_place'
            when counted.modality in ('in_person', 'hybrid') then 'placed'
            else 'no_modality'
        end as standing
    from programmes
    cross join (values ('department'), ('epci')) as levels (level)
    left join counted using (programme_key)
),

events as (
    select
        programme_key,
        level,
        count(event_key) as nb_held,
        count(event_key) filter (where standing = 'placed') as nb_placed,
        count(event_key) filter (where standing = 'no_place') as nb_no_place,
        count(event_key) filter (where standing = 'no_modality') as nb_no_modality,
        nb_no_place + nb_no_modality as nb_unknown
    from standings
    group by all
),

coverages as (
    select
        measure.indicator,
        measure.level,
        reachable.programme_key,
        sum(case measure.indicator when 'TE03' then population else 1 end) filter (where is_reached) as numerator,
        sum(case measure.indicator when 'TE03' then population else 1 end) as denominator,
        count(*) as nb_territories
    from reachable
    inner join (values ('TE01', 'department'), ('TE02', 'epci'), ('TE03', 'epci')) as measure (indicator, level) using (level)
    group by all
),

rates as (
    select 'department' as breakdown, reachable.programme_key, reachable.code as member, reachable.population
    from reachable
    where reachable.level = 'department'
    union all by name
    select 'total' as breakdown, programmes.programme_key, 'total' as member, region.population
    from programmes
    inner join {{ ref('dim_territory') }} as region
        on region.level = 'region' and region.code = programmes.region_code and region.vintage = programmes.territory_vintage
),

attendances as (
    select
        rates.programme_key,
        rates.breakdown,
        rates.member,
        rates.population,
        count(counted.event_key) as n_total,
        count(counted.participants) as n_with,
        count(*) filter (where counted.precision = 'approximate') as n_approximate,
        -- no event at all is a true zero; events without a count are not
        case when count(counted.event_key) = 0 then 0 else sum(counted.participants) end as total,
        case when count(counted.event_key) = 0 then 0 else sum(counted.lower) end as total_lower,
        case
            when count(counted.event_key) = 0 then 0
            when count(counted.upper) = count(counted.event_key) then sum(counted.upper)
        end as total_upper
    from rates
    left join counted
        on counted.programme_key = rates.programme_key
        and (rates.breakdown = 'total' or counted.department_code = rates.member)
    group by all
),

tidy as (
    select
        coverages.indicator,
        coverages.programme_key,
        'total' as breakdown,
        'total' as member,
        -- when not one event has a known place of this level, coverage is unknown, not nil
        case when nb_placed > 0 or nb_unknown = 0 then coalesce(numerator, 0) / nullif(denominator, 0) end as value,
        cast(null as double) as lower,
        cast(null as double) as upper,
        case when nb_placed > 0 or nb_unknown = 0 then coalesce(numerator, 0) end as numerator,
        denominator,
        nb_held - nb_unknown as n_with_data,
        nb_held as n_total,
        -- no event at all covers nothing: a true zero
        case when nb_placed = 0 and nb_unknown > 0 then 'L' else 'A' end as obs_status,
        {{ fr_caveat([
            "case when nb_held = 0 then 'Aucun événement.' end",
            "case when indicator in ('TE02', 'TE03') then 'EPCI dont la population municipale est majoritairement dans la région (' || nb_territories || ', découpage ' || programmes.territory_vintage || ').' end",
            "case when nb_no_place > 0 then case level when 'epci' then 'Événements sans EPCI connu' else 'Événements sans lieu connu' end || ', sans effet sur la couverture : ' || nb_no_place || '.' end",
            "case when nb_no_modality > 0 then 'Événements de modalité non communiquée, sans effet sur la couverture : ' || nb_no_modality || '.' end"
        ]) }} as caveat
    from coverages
    inner join events using (programme_key, level)
    inner join programmes using (programme_key)
    union all by name
    select
        'TE04' as indicator,
        attendances.programme_key,
        attendances.breakdown,
        attendances.member,
        total * 100000.0 / population as value,
        total_lower * 100000.0 / population as lower,
        total_upper * 100000.0 / population as upper,
        total as numerator,
        population as denominator,
        n_with as n_with_data,
        n_total,
        case
            when total is null then 'L'
            when n_approximate > 0 then 'E'
            when n_with < n_total then 'P'
            else 'A'
        end as obs_status,
        {{ fr_caveat([
            "case when n_total = 0 then 'Aucun événement.' end",
            "case when n_total > 0 and n_with = 0 then 'Effectif non communiqué.' when n_with < n_total then 'Au moins : effectif connu pour ' || n_with || ' ' || " ~ fr_plural('n_with', 'événement', 'événements') ~ " || ' sur ' || n_total || '.' end",
            "case when n_approximate > 0 then 'Effectif approché.' end",
            "case breakdown when 'total' then 'Tous les événements, y compris à distance et non localisés.' else 'Hors événements à distance et non localisés.' end",
            "'Population municipale, découpage ' || programmes.territory_vintage || '.'"
        ]) }} as caveat
    from attendances
    inner join programmes using (programme_key)
    union all by name
    -- a national programme has no region to cover
    select
        measure.indicator,
        programmes.programme_key,
        'total' as breakdown,
        'total' as member,
        events.nb_held - events.nb_unknown as n_with_data,
        events.nb_held as n_total,
        'M' as obs_status,
        'Sans objet : programme sans région de rattachement.' as caveat
    from programmes
    inner join events using (programme_key)
    inner join (values ('TE01', 'department'), ('TE02', 'epci'), ('TE03', 'epci'), ('TE04', 'department')) as measure (indicator, level)
        using (level)
    where programmes.region_code is null
)

select
    'ind_territories' as dataset,
    programmes.programme_id,
    tidy.indicator,
    tidy.breakdown,
    tidy.member,
    programmes.period,
    cast(tidy.value as double) as value,
    cast(tidy.lower as double) as lower,
    cast(tidy.upper as double) as upper,
    cast(tidy.numerator as double) as numerator,
    cast(tidy.denominator as double) as denominator,
    cast(tidy.n_with_data as integer) as n_with_data,
    cast(tidy.n_total as integer) as n_total,
    definition.unit,
    tidy.obs_status,
    'F' as conf_status,
    tidy.caveat
from tidy
inner join programmes using (programme_key)
inner join {{ ref('dim_indicator') }} as definition on definition.code = tidy.indicator
