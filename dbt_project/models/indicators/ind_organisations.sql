-- OR01 to OR03: organisations of the persons present at counted events. A person who names none is in n_total only (presences whose
-- organisation is known, of all presences), and so is who was erased, whose organisation went too: the caveat says it. OR01 has at least the
-- organisations of a directory. What no list came for is missing from all but the lines of an event. Shares are those of organisations whose family, or size, is known.
with programmes as (
    select * from {{ ref('dim_programme') }} where has_events
),

presences as (
    select presence.programme_key, event.code as event_code, presence.organisation_key, organisation.is_known, organisation.family,
        organisation.size_band, presence.organisation_key is null and presence.is_erased as is_erased
    from {{ ref('fct_attendance') }} as presence
    inner join {{ ref('dim_event') }} as event using (event_key)
    left join {{ ref('dim_organisation') }} as organisation on organisation.organisation_key = presence.organisation_key
    where event.is_counted
),

-- organisations of the events that no list came for are not known
lists as (
    select
        event.programme_key,
        count(sheet.event_key) as nb_sheets,
        count(*) as nb_events,
        'Listes reçues pour ' || nb_sheets || ' ' || {{ fr_plural('nb_sheets', 'événement', 'événements') }} || ' sur ' || nb_events || '.' as said
    from {{ ref('dim_event') }} as event
    left join {{ ref('fct_event_count') }} as sheet on sheet.event_key = event.event_key and sheet.counting_method = 'present'
    where event.is_counted
    group by all
),

cells as (
    select
        programme_key, 'total' as breakdown, 'total' as member,
        count(distinct organisation_key) as nb_organisations, count(distinct organisation_key) filter (where is_known) as nb_listed, count(organisation_key) as nb_known, count(*) as nb_presences,
        count(*) filter (where is_erased) as nb_erased
    from presences
    group by all
    union all by name
    select
        programme_key, 'event' as breakdown, event_code as member,
        count(distinct organisation_key) as nb_organisations, count(distinct organisation_key) filter (where is_known) as nb_listed, count(organisation_key) as nb_known, count(*) as nb_presences,
        count(*) filter (where is_erased) as nb_erased
    from presences
    group by all
),

unnamed as (
    select
        *,
        case
            when nb_erased > 0
                then 'L’organisation des personnes effacées (à leur demande, ou au terme de leur durée de conservation) n’est plus connue.'
        end as erased_caveat,
        concat_ws(
            ' ',
            case
                when nb_known = 0 and nb_erased = 0 then 'Aucune personne présente n’a nommé son organisation.'
                when nb_known < nb_presences
                    then 'Organisation non renseignée pour ' || (nb_presences - nb_known) || ' '
                        || {{ fr_plural('nb_presences - nb_known', 'présence', 'présences') }} || ' sur ' || nb_presences || '.'
            end,
            erased_caveat
        ) as caveat
    from cells
),

-- every family and every size is printed, with an explicit zero, once somebody named an organisation
members (breakdown, member) as (
    values
        ('organisation_family', 'association'), ('organisation_family', 'cooperative'), ('organisation_family', 'mutual'),
        ('organisation_family', 'foundation'), ('organisation_family', 'ess_company'), ('organisation_family', 'non_ess'),
        ('organisation_family', 'unknown'), ('size_band', 'none'), ('size_band', '1_9'), ('size_band', '10_49'),
        ('size_band', '50_249'), ('size_band', '250_more'), ('size_band', 'unknown')
),

totals as (
    select * from unnamed where breakdown = 'total'
),

sorted as (
    select programme_key, 'organisation_family' as breakdown, family as member, count(distinct organisation_key) as nb,
        count(distinct organisation_key) filter (where is_known) as nb_listed
    from presences
    where organisation_key is not null
    group by all
    union all by name
    select programme_key, 'size_band' as breakdown, size_band as member, count(distinct organisation_key) as nb,
        count(distinct organisation_key) filter (where is_known) as nb_listed
    from presences
    where organisation_key is not null
    group by all
),

kinds as (
    select
        totals.programme_key,
        members.breakdown,
        members.member,
        coalesce(sorted.nb, 0) as nb,
        coalesce(sorted.nb_listed, 0) as nb_listed,
        totals.nb_organisations,
        totals.nb_organisations - coalesce(unknown.nb, 0) as nb_sorted,
        totals.nb_known,
        totals.nb_presences,
        totals.erased_caveat
    from totals
    cross join members
    left join sorted
        on sorted.programme_key = totals.programme_key
        and sorted.breakdown = members.breakdown
        and sorted.member = members.member
    left join sorted as unknown
        on unknown.programme_key = totals.programme_key and unknown.breakdown = members.breakdown and unknown.member = 'unknown'
    where totals.nb_known > 0
),

figures as (
    select
        'OR01' as indicator, programme_key, breakdown, member,
        case when nb_known > 0 then nb_organisations end as value,
        -- a label that no directory explains may be one more spelling of an organisation counted already
        case when nb_known > 0 then greatest(nb_listed, 1) end as lower,
        cast(null as bigint) as numerator, cast(null as bigint) as denominator,
        nb_known as n_with_data, nb_presences as n_total, nb_known < nb_presences as is_partial,
        nullif(caveat, '') as caveat
    from unnamed
    union all by name
    select
        'OR01' as indicator, programme_key, breakdown, member, nb as value, nb_listed as lower,
        nb_known as n_with_data, nb_presences as n_total, nb_known < nb_presences as is_partial,
        nullif(concat_ws(' ', case when member = 'unknown' and nb > 0 and breakdown = 'organisation_family' then 'Famille inconnue : ni catégorie juridique, ni déclaration.'
            when member = 'unknown' and nb > 0 then 'Effectif inconnu.' end, erased_caveat), '') as caveat
    from kinds
    union all by name
    select
        case breakdown when 'organisation_family' then 'OR02' else 'OR03' end as indicator, programme_key, breakdown, member,
        nb / nullif(nb_sorted, 0) as value,
        case when nb_sorted > 0 then nb end as numerator, nullif(nb_sorted, 0) as denominator,
        nb_sorted as n_with_data, nb_organisations as n_total, nb_sorted < nb_organisations as is_partial,
        nullif(concat_ws(' ', case
            when nb_sorted = 0 and breakdown = 'organisation_family' then 'Aucune organisation présente n’a de famille connue.'
            when nb_sorted = 0 then 'Aucune organisation présente n’a de taille connue.'
            when nb_sorted < nb_organisations and breakdown = 'organisation_family'
                then 'Famille connue pour ' || nb_sorted || ' organisations sur ' || nb_organisations || '.'
            when nb_sorted < nb_organisations
                then 'Taille connue pour ' || nb_sorted || ' organisations sur ' || nb_organisations || '.'
        end, erased_caveat), '') as caveat
    from kinds
    where member <> 'unknown'
    union all by name
    select
        definition.code as indicator, programmes.programme_key, 'total' as breakdown, 'total' as member,
        cast(null as double) as value, 0 as n_with_data, coalesce(totals.nb_presences, 0) as n_total, false as is_partial,
        coalesce(totals.caveat, 'Aucune liste de présence n’a été reçue.') as caveat
    from programmes
    cross join {{ ref('dim_indicator') }} as definition
    left join totals on totals.programme_key = programmes.programme_key
    where definition.code in ('OR01', 'OR02', 'OR03')
        and coalesce(totals.nb_known, 0) = 0
        and not (definition.code = 'OR01' and totals.programme_key is not null)
)

select
    'ind_organisations' as dataset,
    programmes.programme_id,
    figures.indicator,
    figures.breakdown,
    figures.member,
    programmes.period,
    cast(figures.value as double) as value,
    cast(figures.lower as double) as lower,
    cast(case when figures.denominator is null and not (figures.is_partial or is_unlisted) then figures.value end as double) as upper,
    cast(figures.numerator as double) as numerator,
    cast(figures.denominator as double) as denominator,
    cast(figures.n_with_data as integer) as n_with_data,
    cast(figures.n_total as integer) as n_total,
    definition.unit,
    case when figures.value is null then 'L' when figures.is_partial or is_unlisted then 'P' else 'A' end as obs_status,
    'F' as conf_status,
    nullif(concat_ws(' ', figures.caveat, case when is_unlisted then lists.said end), '') as caveat
from figures
inner join programmes using (programme_key)
left join lists using (programme_key)
cross join lateral (
    select coalesce(figures.breakdown <> 'event' and figures.value is not null and lists.nb_sheets < lists.nb_events, false) as is_unlisted
)
inner join {{ ref('dim_indicator') }} as definition on definition.code = figures.indicator
