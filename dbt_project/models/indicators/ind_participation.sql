-- PA01 and its complements, PA07, PA08: what organisers declare. A missing count is never a zero: totals of partial data are « au moins », means and
-- medians are those of the events with data. n_with_data of n_total: events of this very cell.
{% set list_breakdowns = ['total', 'month', 'department', 'epci', 'modality', 'theme', 'event'] %}
{#- What the door of secrets watches is printed by these only, and registrations by event: themes overlap, EPCI are small, and to keep all of
    them secret together took forty times as long and hid most of them. Analysts have them in the facts. -#}
{% set watched_breakdowns = ['total', 'month', 'department', 'modality'] %}
{% set indicators_by_event = ['PA02', 'PA03', 'PA04', 'PA05', 'PA06'] %}
with cells as (
    select
        breakdown.programme_id,
        breakdown.breakdown,
        breakdown.member,
        breakdown.period,
        count(link.event_key) as n_total,
        count(counted.value) as n_with,
        count(*) filter (where counted.precision = 'approximate') as n_approximate,
        min(counted.count_text) filter (where counted.precision = 'qualitative') as in_words,
        cast(sum(counted.value) as double) as total,
        cast(sum(counted.lower) as double) as total_lower,
        -- « plus de 100 » has no upper bound
        case when count(counted.upper) = count(counted.value) then cast(sum(counted.upper) as double) end as total_upper,
        median(counted.value) as middle,
        median(counted.lower) as middle_lower,
        case when count(counted.upper) = count(counted.value) then median(counted.upper) end as middle_upper,
        min(counted.value) as smallest,
        min(counted.lower) as smallest_lower,
        min(counted.upper) as smallest_upper,
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
            when 'PA01_max_share' then case when total > 0 then case when n_with = 1 then 1 else coalesce(largest_lower / total_upper, 0) end end
        end as lower,
        case definition.code
            when 'PA01' then case when n_with = n_total then total_upper end
            when 'PA07' then total_upper / n_with
            when 'PA08' then middle_upper
            when 'PA01_min' then smallest_upper
            when 'PA01_max' then largest_upper
            when 'PA01_max_share' then case when total > 0 then least(largest_upper / nullif(total_lower, 0), 1) end
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
),

declared as (
    select
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
            -- counts are known and add up to nobody: there is no share of them
            when value is null and n_with > 0 then 'M'
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
            when value is null then 'Personne n’est venu.'
            else {{ fr_caveat([
                "case when is_not_significant then 'Non significatif : ' || share_with_data || ' avec un effectif connu.' end",
                "case when indicator = 'PA01' and n_with < n_total then 'Au moins ' || " ~ fr_count('total_lower') ~ " || ' : effectif connu pour ' || share_with_data || '.' end",
                "case when indicator <> 'PA01' and not is_not_significant and n_with < n_total then 'Effectif connu pour ' || share_with_data || '.' end",
                "case when n_approximate > 0 and indicator = 'PA01' and total_upper is not null and n_with = n_total then 'Effectif approché : entre ' || " ~ fr_count('total_lower') ~ " || ' et ' || " ~ fr_count('total_upper') ~ " || '.' when n_approximate > 0 then 'Dont effectif approché : ' || n_approximate || ' ' || " ~ fr_plural('n_approximate', 'événement', 'événements') ~ " || '.' end",
                "case when indicator = 'PA01' and breakdown in ('theme', 'department_theme') then 'Un événement à plusieurs thèmes compte dans chacun.' end",
                "case when indicator = 'PA01' and breakdown = 'organiser' then 'Un événement coorganisé compte pour chaque organisateur.' end",
                "case when indicator = 'PA01' and breakdown = 'total' then 'Participations, et non personnes différentes.' end"
            ]) }}
        end as caveat
    from judged
),

-- PA02 to PA06, PA09 to PA11: what lists of registrations and of presences say. A ratio is one of sums over the events that have both lists.
lists as (
    select
        event_key,
        max(value) filter (where counting_method = 'registered') as nb_registered,
        max(value) filter (where counting_method = 'present') as nb_present
    from {{ ref('fct_event_count') }}
    where counting_method in ('registered', 'present')
    group by all
),

met as (
    select
        event_key,
        count(*) filter (where is_registered) as nb_registered_present,
        count(*) filter (where participant_key is not null) as nb_identified,
        count(*) filter (where participant_key is not null or registration_key is not null) as nb_recognised
    from {{ ref('fct_attendance') }}
    group by all
),

unsettled as (
    select event_key, count(*) as nb_unsettled from {{ ref('fct_registration') }} where status = 'unknown' group by all
),

held as (
    select
        lists.*,
        lists.nb_registered is not null and lists.nb_present is not null as has_both,
        coalesce(met.nb_registered_present, 0) as nb_registered_present,
        coalesce(met.nb_identified, 0) as nb_identified,
        coalesce(met.nb_recognised, 0) as nb_recognised,
        coalesce(unsettled.nb_unsettled, 0) as nb_unsettled
    from lists
    left join met using (event_key)
    left join unsettled using (event_key)
),

list_cells as (
    select
        breakdown.breakdown_key,
        breakdown.programme_id,
        breakdown.breakdown,
        breakdown.member,
        breakdown.period,
        programme.year,
        count(link.event_key) as n_total,
        count(held.nb_registered) as n_registrations,
        count(held.nb_present) as n_sheets,
        count(*) filter (where held.has_both) as n_both,
        sum(held.nb_registered) as registered,
        sum(held.nb_present) as present,
        sum(held.nb_identified) as identified,
        sum(held.nb_registered) filter (where held.has_both) as expected,
        sum(held.nb_registered_present) filter (where held.has_both) as expected_present,
        sum(held.nb_present) filter (where held.has_both) as followed,
        sum(held.nb_recognised) filter (where held.has_both) as recognised,
        sum(held.nb_unsettled) as unsettled
    from {{ ref('dim_breakdown') }} as breakdown
    inner join {{ ref('dim_programme') }} as programme using (programme_id)
    left join {{ ref('bridge_event_breakdown') }} as link using (breakdown_key)
    left join held on held.event_key = link.event_key
    where breakdown.breakdown in ('{{ list_breakdowns | join("', '") }}')
    group by all
),

-- one row per cell and person, before anything is counted
cell_persons as (
    select link.breakdown_key, presence.participant_key
    from {{ ref('fct_attendance') }} as presence
    inner join {{ ref('bridge_event_breakdown') }} as link using (event_key)
    where presence.participant_key is not null and link.breakdown in ('{{ watched_breakdowns | join("', '") }}')
    group by all
),

person_counts as (
    select
        cell_persons.breakdown_key,
        count(*) as persons,
        count(*) filter (where not person.is_returning) as newcomers,
        count(*) filter (where person.has_address) as addressed
    from cell_persons
    inner join {{ ref('dim_participant') }} as person using (participant_key)
    group by all
),

first_year as (select min(programme_year) as year from {{ ref('dim_participant') }}),

-- a programme for which no list ever came prints one line per indicator, not collected
with_lists as (
    select programme_id
    from list_cells
    where breakdown = 'total' and (n_registrations > 0 or n_sheets > 0)
),

list_measured as (
    select
        list_cells.*,
        definition.code as indicator,
        definition.unit,
        coalesce(person_counts.persons, 0) as persons,
        -- who is known by a name only may be one of the others: at the least, nobody is more than they
        greatest(person_counts.addressed, 1) as addressed,
        first_year.year as since,
        coalesce(recognised >= 0.9 * followed, false) as is_recognised,
        coalesce(identified >= 0.8 * present and present > 0, false) as is_identified,
        case definition.code
            when 'PA02' then n_sheets
            when 'PA03' then n_registrations
            when 'PA09' then n_sheets
            when 'PA10' then n_sheets
            when 'PA11' then n_sheets
            else n_both
        end as n_with,
        case definition.code
            when 'PA04' then expected_present
            when 'PA05' then expected - expected_present
            when 'PA10' then newcomers
            when 'PA11' then identified
        end as numerator,
        case
            when definition.code in ('PA04', 'PA05') then nullif(expected, 0)
            when definition.code in ('PA10', 'PA11') then persons
        end as denominator
    from list_cells
    cross join {{ ref('dim_indicator') }} as definition
    cross join first_year
    left join person_counts using (breakdown_key)
    where definition.code in ('PA02', 'PA03', 'PA04', 'PA05', 'PA06', 'PA09', 'PA10', 'PA11')
        and (
            definition.code = 'PA02'
            or list_cells.breakdown in ('{{ watched_breakdowns | join("', '") }}')
            or (list_cells.breakdown = 'event' and definition.code in ('{{ indicators_by_event | join("', '") }}'))
        )
        and (list_cells.breakdown = 'total' or list_cells.programme_id in (select programme_id from with_lists))
),

list_valued as (
    select
        *,
        case
            when indicator = 'PA02' then present
            when indicator = 'PA03' then registered
            when indicator in ('PA04', 'PA05') then numerator / denominator
            when indicator = 'PA06' and is_recognised then followed - expected_present
            -- those nobody identified come as often as the others
            when indicator = 'PA09' and is_identified then persons * present / identified
            when indicator in ('PA10', 'PA11') and is_identified then numerator / denominator
        end as value,
        case
            when not is_identified then null
            when indicator = 'PA09' then addressed
            when indicator = 'PA11' then numerator / denominator
        end as lower,
        case
            when not is_identified then null
            -- who came where no list did may be anybody
            when indicator = 'PA09' then case when n_with = n_total then persons + present - identified end
            when indicator = 'PA11' then numerator / addressed
        end as upper,
        case indicator
            when 'PA11' then persons < 10
            -- nobody can have come before the first year that is known
            when 'PA10' then coalesce(since >= year, false)
            else false
        end as is_not_significant,
        n_with || ' ' || {{ fr_plural('n_with', 'événement', 'événements') }} || ' sur ' || n_total as share_with_data
    from list_measured
),

listed as (
    select
        programme_id,
        indicator,
        breakdown,
        member,
        period,
        cast(value as double) as value,
        cast(lower as double) as lower,
        cast(upper as double) as upper,
        cast(case when value is not null then numerator end as double) as numerator,
        cast(case when value is not null then denominator end as double) as denominator,
        cast(n_with as integer) as n_with_data,
        cast(n_total as integer) as n_total,
        unit,
        case
            when n_total = 0 then 'M'
            when n_with = 0 then 'L'
            when value is null and indicator in ('PA04', 'PA05') then 'M'
            when value is null then 'L'
            when is_not_significant then 'N'
            when indicator = 'PA09' and (present > identified or persons > addressed) then 'E'
            when indicator = 'PA11' and persons > addressed then 'E'
            when n_with < n_total then 'P'
            else 'A'
        end as obs_status,
        'F' as conf_status,
        case
            when n_total = 0 then 'Aucun événement.'
            when n_registrations = 0 and n_sheets = 0 then 'Aucune liste d’inscriptions ni de présences reçue.'
            when n_with = 0 and indicator in ('PA02', 'PA09', 'PA10', 'PA11') then 'Aucune liste de présences reçue.'
            when n_with = 0 and indicator = 'PA03' then 'Aucune liste d’inscriptions reçue.'
            when n_with = 0 and breakdown = 'event' then 'Il manque la liste d’inscriptions ou la liste de présences.'
            when n_with = 0 then 'Aucun événement n’a à la fois sa liste d’inscriptions et sa liste de présences.'
            when value is null and indicator in ('PA04', 'PA05') then 'Aucune place inscrite.'
            when value is null and indicator = 'PA06'
                then 'Non diffusé : moins de 90 % des présences sont rapprochées d’une personne ou d’une inscription.'
            when value is null then case
                when coalesce(present, 0) = 0 then 'Personne n’est venu.'
                else 'Non diffusé : ' || cast(round(100 * identified / present) as integer)
                    || ' % des présences ont une personne connue, il en faut 80 %.'
            end
            else {{ fr_caveat([
                "case when is_not_significant and indicator = 'PA11' then 'Non significatif : moins de 10 personnes.' end",
                "case when is_not_significant and indicator = 'PA10' then 'Non significatif : aucune année antérieure n’est connue.' end",
                "case when indicator = 'PA10' and not is_not_significant then 'Première venue depuis ' || since || '.' end",
                "case when indicator in ('PA02', 'PA03', 'PA06') and n_with < n_total then 'Au moins ' || " ~ fr_count('value') ~ " || ' : liste reçue pour ' || share_with_data || '.' end",
                "case when indicator = 'PA09' and n_with < n_total then 'Au moins ' || " ~ fr_count('addressed') ~ " || ' : liste reçue pour ' || share_with_data || '.' end",
                "case when indicator not in ('PA02', 'PA03', 'PA06', 'PA09') and n_with < n_total then 'Listes reçues pour ' || share_with_data || '.' end",
                "case when indicator = 'PA03' and unsettled > 0 then 'Places au statut inconnu, non comptées : ' || unsettled || '.' end",
                "case when indicator in ('PA04', 'PA05') and followed > expected_present then 'Présents sans inscription, comptés à part : ' || (followed - expected_present) || '.' end",
                "case when indicator = 'PA09' and present > identified then 'Dont ' || (present - identified) || ' ' || " ~ fr_plural('present - identified', 'présence sans personne connue, supposée aussi fréquente', 'présences sans personne connue, supposées aussi fréquentes') ~ " || ' que les autres.' end",
                "case when indicator = 'PA09' and persons > addressed then 'Dont ' || (persons - addressed) || ' ' || " ~ fr_plural('persons - addressed', 'connue par son nom seul, peut-être déjà comptée', 'connues par leur nom seul, peut-être déjà comptées') ~ " || '.' end",
                "case when indicator in ('PA02', 'PA03') and breakdown = 'theme' then 'Un événement à plusieurs thèmes compte dans chacun.' end",
                "case when indicator = 'PA09' and breakdown <> 'total' then 'Une personne compte dans chaque modalité : les lignes ne s’additionnent pas.' end"
            ]) }}
        end as caveat
    from list_valued
)

select 'ind_participation' as dataset, * from declared
union all by name
select 'ind_participation' as dataset, * from listed
