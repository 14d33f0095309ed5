-- QU01: of the events held, those whose attendance reached us as a number.
-- QU02: of the people present, those who are known, or whose place is. QU03: what organisers declare beside what lists of presences say, on the
-- events that have both. A programme without any list prints one line each, not collected; both also by event, to say whom to ask.
-- QU04: half of the reports came within so many days of their event; those sent before it count as 0.
with reported as (
    select
        programme.programme_id,
        programme.period,
        programme.nb_rows_quarantined,
        programme.unread_sources,
        count(event.event_key) as nb_events,
        count(counted.value) as nb_with_count
    from {{ ref('dim_programme') }} as programme
    left join {{ ref('dim_event') }} as event on event.programme_key = programme.programme_key and event.is_counted
    left join {{ ref('fct_event_count') }} as counted
        on counted.event_key = event.event_key and counted.is_preferred
    where programme.has_events
    group by all
),

compared as (
    select
        breakdown.programme_id,
        breakdown.breakdown,
        breakdown.member,
        breakdown.period,
        count(link.event_key) as n_total,
        count(sheet.value) as n_sheets,
        sum(sheet.value) as present,
        sum(coalesce(known.nb_recognised, 0)) filter (where sheet.value is not null) as recognised,
        count(declared.value) as n_both,
        count(*) filter (where declared.precision = 'approximate') as n_approximate,
        sum(declared.value) as declared,
        sum(declared.lower) as declared_lower,
        case when count(declared.upper) = count(declared.value) then sum(declared.upper) end as declared_upper,
        sum(sheet.value) filter (where declared.value is not null) as signed
    from {{ ref('dim_breakdown') }} as breakdown
    left join {{ ref('bridge_event_breakdown') }} as link using (breakdown_key)
    left join {{ ref('fct_event_count') }} as sheet
        on sheet.event_key = link.event_key and sheet.counting_method = 'present'
    -- nobody signed: there is nothing to compare with
    left join {{ ref('fct_event_count') }} as declared
        on declared.event_key = link.event_key and declared.is_preferred and sheet.value > 0
    left join (
        select event_key, count(*) as nb_recognised
        from {{ ref('fct_attendance') }}
        where participant_key is not null or registration_key is not null
        group by all
    ) as known on known.event_key = link.event_key
    where breakdown.breakdown in ('total', 'event')
    group by all
    having breakdown.breakdown = 'total' or count(sheet.value) > 0
),

-- presences that no event counts
lost as (
    select
        programme.programme_id,
        count(*) filter (where event.is_placeholder) as nb_unknown,
        count(*) filter (where not event.is_placeholder) as nb_uncounted
    from {{ ref('fct_attendance') }} as presence
    inner join {{ ref('dim_event') }} as event using (event_key)
    inner join {{ ref('dim_programme') }} as programme on programme.programme_key = presence.programme_key
    where not event.is_counted
    group by all
),

delays as (
    select
        programme.programme_id,
        programme.period,
        count(report.report_key) as nb_reports,
        count(report.delay_days) as nb_known,
        count(*) filter (where report.is_submission_deduced) as nb_deduced,
        -- greatest(NULL, 0) is 0
        median(greatest(report.delay_days, 0)) filter (where report.delay_days is not null) as middle
    from {{ ref('dim_programme') }} as programme
    left join (
        select report.* from {{ ref('fct_event_report') }} as report
        semi join {{ ref('dim_event') }} as event on event.event_key = report.event_key and event.is_counted
    ) as report using (programme_key)
    where programme.has_events
    group by all
)

select
    'ind_quality' as dataset,
    programme_id,
    definition.code as indicator,
    'total' as breakdown,
    'total' as member,
    period,
    nb_with_count / nullif(nb_events, 0) as value,
    cast(null as double) as lower,
    cast(null as double) as upper,
    cast(nb_with_count as double) as numerator,
    cast(nb_events as double) as denominator,
    cast(nb_with_count as integer) as n_with_data,
    cast(nb_events as integer) as n_total,
    definition.unit,
    case when nb_events = 0 then 'M' else 'A' end as obs_status,
    'F' as conf_status,
    {{ fr_caveat([
        "case when nb_events = 0 then 'Aucun événement tenu.' end",
        "case when unread_sources is not null then 'La dernière livraison n’a pas pu être lue, la précédente est gardée : ' || unread_sources || '.' end",
        "case when nb_rows_quarantined > 0 then 'Lignes en attente de correction dans les fichiers reçus : ' || nb_rows_quarantined || '.' end"
    ]) }} as caveat
from reported
inner join {{ ref('dim_indicator') }} as definition on definition.code = 'QU01'
union all by name
select
    'ind_quality' as dataset,
    compared.programme_id,
    definition.code as indicator,
    compared.breakdown,
    compared.member,
    compared.period,
    compared.recognised / nullif(compared.present, 0) as value,
    cast(compared.recognised as double) as numerator,
    cast(nullif(compared.present, 0) as double) as denominator,
    cast(compared.n_sheets as integer) as n_with_data,
    cast(compared.n_total as integer) as n_total,
    definition.unit,
    case
        when compared.n_total = 0 then 'M'
        when compared.n_sheets = 0 then 'L'
        when coalesce(compared.present, 0) = 0 then 'M'
        when compared.n_sheets < compared.n_total then 'P'
        else 'A'
    end as obs_status,
    'F' as conf_status,
    {{ fr_caveat([
        "case when compared.n_total = 0 then 'Aucun événement tenu.' when compared.n_sheets = 0 then 'Aucune liste de présences reçue.' end",
        "case when compared.n_sheets > 0 and coalesce(compared.present, 0) = 0 then 'Personne n’est venu.' end",
        "case when compared.breakdown = 'total' and lost.nb_unknown > 0 then 'Présences d’événements que personne n’a décrits, non comptées : ' || lost.nb_unknown || '.' end",
        "case when compared.breakdown = 'total' and lost.nb_uncounted > 0 then 'Présences d’événements qui ne comptent pas (annoncés, annulés, reportés, hors programme, parties d’un autre) : ' || lost.nb_uncounted || '.' end"
    ]) }} as caveat
from compared
inner join {{ ref('dim_indicator') }} as definition on definition.code = 'QU02'
left join lost using (programme_id)
union all by name
select
    'ind_quality' as dataset,
    compared.programme_id,
    definition.code as indicator,
    compared.breakdown,
    compared.member,
    compared.period,
    (compared.declared - compared.signed) / nullif(compared.signed, 0) as value,
    (compared.declared_lower - compared.signed) / nullif(compared.signed, 0) as lower,
    (compared.declared_upper - compared.signed) / nullif(compared.signed, 0) as upper,
    cast(compared.declared - compared.signed as double) as numerator,
    cast(nullif(compared.signed, 0) as double) as denominator,
    cast(compared.n_both as integer) as n_with_data,
    cast(compared.n_total as integer) as n_total,
    definition.unit,
    case
        when compared.n_total = 0 then 'M'
        when coalesce(compared.signed, 0) = 0 then 'L'
        when compared.n_approximate > 0 then 'E'
        when compared.n_both < compared.n_total then 'P'
        else 'A'
    end as obs_status,
    'F' as conf_status,
    {{ fr_caveat([
        "case when compared.n_total = 0 then 'Aucun événement tenu.' when compared.n_sheets = 0 then 'Aucune liste de présences reçue.' end",
        "case when compared.n_sheets > 0 and coalesce(compared.signed, 0) = 0 then 'Aucun événement n’a à la fois un effectif déclaré et des présences.' end",
        "case when compared.n_approximate > 0 then 'Dont effectif déclaré approché : ' || compared.n_approximate || '.' end"
    ]) }} as caveat
from compared
inner join {{ ref('dim_indicator') }} as definition on definition.code = 'QU03'
union all by name
select
    'ind_quality' as dataset,
    delays.programme_id,
    definition.code as indicator,
    'total' as breakdown,
    'total' as member,
    delays.period,
    delays.middle as value,
    cast(delays.nb_known as integer) as n_with_data,
    cast(delays.nb_reports as integer) as n_total,
    definition.unit,
    case when delays.middle is null then 'L' when delays.nb_known < delays.nb_reports then 'P' else 'A' end as obs_status,
    'F' as conf_status,
    {{ fr_caveat([
        "case when delays.nb_reports = 0 then 'Aucune fiche de synthèse n’a été reçue séparément, avec sa date.' end",
        "case when delays.nb_known < delays.nb_reports then 'Jour de l’événement inconnu pour ' || (delays.nb_reports - delays.nb_known) || ' ' || " ~ fr_plural('delays.nb_reports - delays.nb_known', 'fiche', 'fiches') ~ " || '.' end",
        "case when delays.nb_deduced > 0 then 'Date d’envoi non dite, celle du fichier la remplace : ' || delays.nb_deduced || '.' end"
    ]) }} as caveat
from delays
inner join {{ ref('dim_indicator') }} as definition on definition.code = 'QU04'
