-- EV01 to EV10. Bounds of an exact count are the count. n_with_data of n_total: events of the programme whose member of the
-- breakdown is known (their date, their place…), of all its events.
with programmes as (
    select * from {{ ref('dim_programme') }} where has_events
),

cells as (
    select
        breakdown.programme_key,
        breakdown.breakdown,
        breakdown.member,
        breakdown.period,
        count(link.event_key) as nb_events,
        -- ordered: the same rows must give the same last bit every night
        coalesce(sum(link.weight order by link.event_key), 0) as nb_weighted,
        count(*) filter (where event.place_status = 'deduced') as nb_deduced
    from {{ ref('dim_breakdown') }} as breakdown
    left join {{ ref('bridge_event_breakdown') }} as link using (breakdown_key)
    left join {{ ref('dim_event') }} as event on event.event_key = link.event_key
    where breakdown.is_published
    group by all
),

coverage as (
    select
        programme_key,
        breakdown,
        count(distinct event_key) as nb_known
    from {{ ref('bridge_event_breakdown') }}
    where member not in ('unknown', 'undated', 'none') and member not like 'unknown|%'
    group by all
),

totals as (
    select
        programmes.programme_key,
        count(*) filter (where event.is_counted) as nb_events,
        count(*) filter (where event.is_counted and event.modality = 'online') as nb_online,
        count(*) filter (where event.is_counted and event.modality <> 'unknown') as nb_known_modality,
        count(*) filter (where event.is_counted and event.nb_organisers > 1) as nb_coorganised,
        count(*) filter (where event.is_counted and event.nb_organisers > 0) as nb_organised,
        count(*) filter (where event.is_counted and event.nb_themes > 1) as nb_multi_theme,
        coalesce(sum(event.nb_themes) filter (where event.is_counted), 0) as nb_mentions,
        -- nobody has said whether these were held
        count(*) filter (
            where event.event_status = 'unknown' and event.counts_in_programme and event.parent_event_key is null
        ) as nb_unsettled
    from programmes
    inner join {{ ref('dim_event') }} as event using (programme_key)
    group by all
),

organisers as (
    select
        event.programme_key,
        count(distinct link.organisation_key) as nb_any,
        count(distinct link.organisation_key) filter (where link.is_lead) as nb_lead
    from {{ ref('bridge_event_organiser') }} as link
    inner join {{ ref('dim_event') }} as event using (event_key)
    where event.is_counted
    group by all
),

counted as (
    select
        case cells.breakdown
            when 'theme' then 'EV02'
            when 'department' then 'EV04'
            when 'month' then 'EV05'
            else 'EV01'
        end as indicator,
        cells.*,
        cells.nb_events as value
    from cells
    where cells.breakdown <> 'role'
    union all by name
    select 'EV03' as indicator, cells.*, cells.nb_weighted as value from cells where cells.breakdown = 'theme'
),

counts as (
    select
        counted.indicator,
        counted.programme_key,
        counted.breakdown,
        counted.member,
        counted.period,
        cast(counted.value as double) as value,
        cast(counted.value as double) as lower,
        cast(counted.value + case when counted.breakdown = 'total' then totals.nb_unsettled else 0 end as double) as upper,
        coalesce(coverage.nb_known, 0) as n_with_data,
        totals.nb_events as n_total,
        case
            when counted.breakdown = 'total' and totals.nb_unsettled > 0 then 'P'
            when counted.value > 0 and counted.breakdown = 'department' and counted.member = 'online' then 'M'
            when counted.value > 0 and counted.member in ('unknown', 'undated', 'none') then 'O'
            when counted.nb_deduced > 0 and counted.breakdown in ('department', 'commune', 'epci', 'department_theme') then 'E'
            else 'A'
        end as obs_status,
        {{ fr_caveat([
            "case when counted.breakdown = 'total' and totals.nb_unsettled > 0 then 'Événements dont la tenue n’est pas confirmée, non comptés : ' || totals.nb_unsettled || '.' end",
            "case when counted.breakdown = 'total' and programmes.unread_sources is not null then 'La dernière livraison n’a pas pu être lue, la précédente est gardée : ' || programmes.unread_sources || '.' end",
            "case when counted.breakdown = 'total' and programmes.nb_rows_quarantined > 0 then 'Lignes en attente de correction dans les fichiers reçus : ' || programmes.nb_rows_quarantined || '.' end",
            "case when (counted.indicator = 'EV02' or counted.breakdown = 'department_theme') and totals.nb_multi_theme > 0 then 'Un événement compte une fois dans chacun de ses thèmes : les lignes ne s’additionnent pas.' end",
            "case when counted.indicator = 'EV03' and totals.nb_multi_theme > 0 then 'Un événement à plusieurs thèmes est partagé entre eux à parts égales.' end",
            "case when counted.breakdown = 'department' and counted.member = 'online' and counted.value > 0 then 'À distance : le département est sans objet.' end",
            "case when counted.breakdown = 'department' and counted.member = 'unknown' and counted.value > 0 then 'Lieu non communiqué ; il n’est jamais déduit de l’organisateur.' end",
            "case when counted.nb_deduced > 0 and counted.breakdown in ('department', 'commune', 'epci', 'department_theme') then 'Dont lieu déduit du document : ' || counted.nb_deduced || '.' end",
            "case when counted.breakdown = 'month' and counted.member = 'undated' and counted.value > 0 then 'Date connue à la période près ou inconnue.' end",
            "case when counted.breakdown = 'theme' and counted.member = 'none' and counted.value > 0 then 'Thème non communiqué.' end",
            "case when counted.breakdown = 'modality' and counted.member = 'unknown' and counted.value > 0 then 'Modalité non communiquée.' end"
        ]) }} as caveat
    from counted
    inner join programmes using (programme_key)
    inner join totals using (programme_key)
    left join coverage using (programme_key, breakdown)
),

-- a labelled event was held when its source says so, or when people came
candidatures as (
    select
        programmes.programme_key,
        count(*) filter (where event.application_status is not null) as nb_applications,
        count(*) filter (where event.application_status = 'incomplete') as nb_incomplete,
        count(*) filter (where event.application_status = 'pending') as nb_pending,
        count(*) filter (where event.application_status = 'accepted') as nb_labelled,
        count(*) filter (where event.application_status = 'accepted' and outcome.is_held) as nb_labelled_held,
        count(*) filter (where event.application_status = 'accepted' and not outcome.is_held and event.event_status in ('unknown', 'announced'))
            as nb_labelled_unsettled
    from programmes
    inner join {{ ref('dim_event') }} as event using (programme_key)
    left join (
        select event_key, bool_or(value > 0 and counting_method <> 'registered') as has_people
        from {{ ref('fct_event_count') }}
        group by all
    ) as presence using (event_key)
    cross join lateral (select event.event_status = 'held' or coalesce(presence.has_people, false) as is_held) as outcome
    -- a deleted event that took place all the same was a candidate
    where not event.is_deleted or event.is_counted
    group by all
),

others as (
    select
        'EV02' as indicator, totals.programme_key, 'total' as breakdown, 'total' as member,
        case when coverage.nb_known > 0 then totals.nb_mentions end as value,
        cast(null as bigint) as numerator, cast(null as bigint) as denominator,
        coalesce(coverage.nb_known, 0) as n_with_data, totals.nb_events as n_total,
        'Somme des mentions : un événement compte une fois dans chacun de ses thèmes.' as caveat
    from totals
    left join coverage on coverage.programme_key = totals.programme_key and coverage.breakdown = 'theme'
    union all by name
    select
        'EV06' as indicator, programme_key, 'total' as breakdown, 'total' as member,
        nb_online / nullif(nb_known_modality, 0) as value,
        case when nb_known_modality > 0 then nb_online end as numerator, nullif(nb_known_modality, 0) as denominator,
        nb_known_modality as n_with_data, nb_events as n_total,
        case
            when nb_known_modality < nb_events
                then 'Hors ' || (nb_events - nb_known_modality) || ' '
                    || {{ fr_plural('nb_events - nb_known_modality', 'événement', 'événements') }} || ' de modalité non communiquée.'
        end as caveat
    from totals
    union all by name
    select
        'EV07' as indicator, programme_key, 'total' as breakdown, 'total' as member,
        case when nb_organised > 0 then nb_coorganised / nb_events end as value,
        case when nb_organised > 0 then nb_coorganised end as numerator, nb_events as denominator,
        nb_organised as n_with_data, nb_events as n_total,
        case
            when nb_organised = 0 and nb_events > 0 then 'Organisateur non communiqué.'
            when nb_organised < nb_events
                then 'Organisateur connu pour ' || nb_organised || ' des ' || nb_events || ' événements.'
        end as caveat
    from totals
    union all by name
    select
        'EV09' as indicator, programme_key, 'total' as breakdown, 'total' as member,
        nb_labelled / nullif(nb_applications - nb_incomplete, 0) as value,
        case when nb_applications > nb_incomplete then nb_labelled end as numerator,
        nullif(nb_applications - nb_incomplete, 0) as denominator,
        nb_applications - nb_incomplete - nb_pending as n_with_data, nb_applications - nb_incomplete as n_total,
        {{ fr_caveat([
            "case when nb_applications = 0 then 'Aucun fichier reçu ne dit ce que sont devenues les candidatures.' end",
            "case when nb_pending > 0 then 'Candidatures encore à l’étude, comptées au dénominateur : ' || nb_pending || '.' end",
            "case when nb_incomplete > 0 then 'Dossiers incomplets, à part : ' || nb_incomplete || '.' end"
        ]) }} as caveat
    from candidatures
    union all by name
    select
        'EV10' as indicator, programme_key, 'total' as breakdown, 'total' as member,
        nb_labelled_held / nullif(nb_labelled - nb_labelled_unsettled, 0) as value,
        case when nb_labelled > nb_labelled_unsettled then nb_labelled_held end as numerator,
        nullif(nb_labelled - nb_labelled_unsettled, 0) as denominator,
        nb_labelled - nb_labelled_unsettled as n_with_data, nb_labelled as n_total,
        case
            when nb_labelled = 0 then 'Aucun fichier reçu ne dit quels événements ont été labellisés.'
            when nb_labelled_unsettled > 0
                then 'Événements labellisés dont on ne sait pas s’ils ont eu lieu, exclus : ' || nb_labelled_unsettled || '.'
        end as caveat
    from candidatures
    union all by name
    select
        'EV08' as indicator, programme_key, 'role' as breakdown, variant.member,
        case when nb_organised > 0 then case variant.member when 'any' then nb_any else nb_lead end end as value,
        cast(null as bigint) as numerator, cast(null as bigint) as denominator,
        nb_organised as n_with_data, nb_events as n_total,
        case variant.member
            when 'any' then 'Tout rôle, après rapprochement des libellés.'
            else 'Chefs de file seulement : le premier organisateur cité.'
        end as caveat
    from totals
    left join organisers using (programme_key)
    cross join (values ('any'), ('lead')) as variant (member)
),

tidy as (
    select * exclude (programme_key), programme_key, cast(null as double) as numerator, cast(null as double) as denominator from counts
    union all by name
    select
        others.* exclude (value, numerator, denominator),
        cast(others.value as double) as value,
        case when others.numerator is null then cast(others.value as double) end as lower,
        case when others.numerator is null then cast(others.value as double) end as upper,
        cast(others.numerator as double) as numerator,
        cast(others.denominator as double) as denominator,
        programmes.period,
        case
            when others.value is not null and others.indicator in ('EV09', 'EV10') and others.n_with_data < others.n_total then 'P'
            when others.value is not null then 'A'
            when others.n_total = 0 and others.indicator not in ('EV09', 'EV10') then 'M'
            else 'L'
        end as obs_status
    from others
    inner join programmes using (programme_key)
)

select
    'ind_events' as dataset,
    programmes.programme_id,
    tidy.indicator,
    tidy.breakdown,
    tidy.member,
    tidy.period,
    tidy.value,
    tidy.lower,
    tidy.upper,
    tidy.numerator,
    tidy.denominator,
    cast(tidy.n_with_data as integer) as n_with_data,
    cast(tidy.n_total as integer) as n_total,
    definition.unit,
    tidy.obs_status,
    'F' as conf_status,
    tidy.caveat
from tidy
inner join programmes using (programme_key)
inner join {{ ref('dim_indicator') }} as definition on definition.code = tidy.indicator
