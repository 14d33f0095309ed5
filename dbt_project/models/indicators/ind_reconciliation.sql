-- Every figure printed before, beside ours. Figures come from the delivered workbook (`printed`) and from rules that look
-- for what no figure says: sums of printed figures, one title for two events, a network beside its members, a count made
-- from a list of names. `value` is ours at full precision; `recomputed` is what is set against the printed number (at its
-- precision), NULL when the document printed no number.
with cells as (
    select
        breakdown.breakdown_key,
        breakdown.programme_key,
        breakdown.programme_id,
        breakdown.breakdown,
        breakdown.member,
        count(event.event_key) as nb_events,
        count(counted.value) as nb_with_data,
        count(*) filter (where counted.precision = 'approximate' and counted.value is not null) as nb_approximate,
        cast(sum(counted.value) as double) as participants,
        median(counted.value) as median,
        string_agg(event.event_id, ';' order by event.event_id) as event_ids
    from {{ ref('dim_breakdown') }} as breakdown
    left join {{ ref('bridge_event_breakdown') }} as link using (breakdown_key)
    left join {{ ref('dim_event') }} as event on event.event_key = link.event_key
    left join {{ ref('fct_event_count') }} as counted
        on counted.event_key = event.event_key and counted.is_preferred
    group by all
),

met as (
    select programme_key, breakdown, count(*) as nb_members
    from cells
    where nb_events > 0 and member not in ('none', 'unknown', 'undated', 'online')
    group by all
),

-- a period is recomputed only when every counted event has its month, days only when every one has its days
last_days as (
    select
        programme_key,
        event_id,
        month <> 'undated' as has_month,
        date_precision = 'day' or (
            date_precision = 'range'
            -- « entre avril et juillet » lands as whole months: its days are not known
            and not (day(starts_on) = 1 and ends_on = last_day(ends_on))
        ) as has_days,
        starts_on,
        ends_on
    from {{ ref('dim_event') }}
    where is_counted
),

days as (
    select programme_key, count(distinct day) as nb_days
    from (
        select programme_key, unnest(generate_series(starts_on, ends_on, interval 1 day)) as day from last_days where has_days
    )
    group by all
),

calendars as (
    select
        programme_key,
        case when bool_and(has_month) then month(any_value(last_month_on)) end as last_month,
        string_agg(event_id, ';' order by event_id) filter (where date_trunc('month', ends_on) = last_month_on) as last_event_ids,
        case when bool_and(has_days) then any_value(days.nb_days) end as nb_days
    from (select *, date_trunc('month', max(ends_on) over (partition by programme_key)) as last_month_on from last_days) as dated
    left join days using (programme_key)
    group by programme_key
),

-- ours beside each printed figure. An approximate count of ours is the document's own words: it recomputes nothing.
owned as (
    select
        figure.*,
        case figure.measure
            when 'nb_events' then cells.nb_events
            when 'nb_events_with_data' then cells.nb_with_data
            when 'participants' then case when cells.nb_approximate = 0 then cells.participants end
            when 'mean' then case when cells.nb_approximate = 0 then cells.participants / nullif(cells.nb_with_data, 0) end
            when 'median' then case when cells.nb_approximate = 0 then cells.median end
            when 'nb_members' then met.nb_members
            when 'last_month' then calendars.last_month
            when 'nb_days' then calendars.nb_days
        end as own,
        case when figure.measure = 'mean' then cells.participants end as numerator,
        case when figure.measure = 'mean' then cells.nb_with_data end as denominator,
        case when figure.measure in ('participants', 'mean', 'median', 'nb_events_with_data') then cells.nb_with_data else cells.nb_events end as n_with_data,
        cells.nb_events as n_total,
        case
            when figure.measure in ('nb_events', 'nb_events_with_data') then 'event'
            when figure.measure = 'participants' then 'attendance'
            when figure.measure in ('mean', 'median') then 'attendance_per_event'
            when figure.measure = 'nb_members' then case figure.breakdown when 'organiser' then 'organisation' else figure.breakdown end
            when figure.measure = 'last_month' then 'month_number'
            when figure.measure = 'nb_days' then 'day'
            else 'number'
        end as unit,
        case
            when figure.measure in ('nb_events', 'participants', 'mean', 'median') then cells.event_ids
            when figure.measure = 'last_month' then calendars.last_event_ids
        end as event_ids
    from {{ ref('fct_published_figure') }} as figure
    left join cells
        on cells.programme_key = figure.programme_key
        and cells.breakdown = case when figure.member_code = 'total' then 'total' else figure.breakdown end
        and cells.member = figure.member_code
    left join met on met.programme_key = figure.programme_key and met.breakdown = figure.breakdown
    left join calendars on calendars.programme_key = figure.programme_key
),

compared as (
    select
        owned.* exclude (numerator, denominator, n_with_data, n_total, event_ids),
        recount.relation,
        recount.note,
        case when own is null then recount.value else own end as ours,
        case when own is not null then numerator end as numerator,
        case when own is not null then denominator end as denominator,
        case when own is not null then n_with_data end as n_with_data,
        case when own is not null then n_total end as n_total,
        case when own is not null then event_ids end as event_ids,
        own is null and recount.value is not null as is_recount
    from owned
    left join {{ ref('fct_document_recount') }} as recount on recount.figure_key = owned.figure_key
),

-- 31.97 against a printed 32: compared at the precision of the print
rounded as (
    select
        *,
        case
            when figure_precision in ('implicit_zero', 'qualitative') or figure_value is null then null
            when figure_precision <> 'rounded' then ours
            when figure_value = round(figure_value, 0) then round(ours, 0)
            when figure_value = round(figure_value, 1) then round(ours, 1)
            else round(ours, 2)
        end as recomputed
    from compared
),

printed as (
    select
        rounded.*,
        case
            when ours is null then 'not_recomputable'
            when figure_precision = 'implicit_zero' then case when ours = 0 then 'implicit_zero_match' else 'MISMATCH' end
            when recomputed is null then 'not_recomputable'
            when abs(recomputed - figure_value) < 1e-9 then 'match'
            when is_recount and relation = 'external' then 'EXTERNAL_CONFLICT'
            when figure_precision = 'approximate' and recomputed <= coalesce(figure_upper, recomputed) and (
                recomputed >= coalesce(figure_lower, figure_value)
                -- what a document enumerates is a lower bound: eleven named out of « une quinzaine »
                or (is_recount and relation = 'enumerated')
            ) then 'compatible_approx'
            else 'MISMATCH'
        end as reconciliation_status
    from rounded
),

-- printed figures that should add up to ours
sums as (
    select
        figure.programme_key,
        figure.programme_id,
        figure.dimension,
        figure.breakdown,
        sum(coalesce(figure.figure_value, 0)) as figure_value,
        cast(sum(coalesce(figure.figure_value, 0)) as bigint) || ' ('
            || string_agg(cast(cast(figure.figure_value as bigint) as varchar), '+' order by figure.row_number) || ')' as figure_text
    from {{ ref('fct_published_figure') }} as figure
    where figure.measure = 'nb_events' and figure.breakdown in ('theme', 'department', 'month')
    group by all
    having count(figure.figure_value) > 1 and bool_and(figure.figure_precision in ('exact', 'implicit_zero'))
),

identities as (
    select
        sums.programme_id,
        'identite' as indicator,
        sums.dimension,
        'somme' as member,
        sums.figure_text,
        sums.figure_value,
        sum(cells.nb_events) as ours,
        sum(cells.nb_events) as recomputed,
        case sums.breakdown when 'theme' then 'mention' else 'event' end as unit,
        case when abs(sum(cells.nb_events) - sums.figure_value) < 1e-9 then 'match' else 'MISMATCH' end as reconciliation_status
    from sums
    inner join cells using (programme_key, breakdown)
    where cells.member <> 'none'
    group by sums.programme_id, sums.dimension, sums.breakdown, sums.figure_text, sums.figure_value
),

described as (
    select event.*, programme.programme_id, lead.organisation_key as lead_key, {{ fold('event.title') }} as title_words, themes.theme_keys
    from {{ ref('dim_event') }} as event
    inner join {{ ref('dim_programme') }} as programme using (programme_key)
    left join {{ ref('bridge_event_organiser') }} as lead on lead.event_key = event.event_key and lead.is_lead
    left join (
        select event_key, list(theme_key order by theme_key) as theme_keys
        from {{ ref('bridge_event_theme') }}
        group by all
    ) as themes on themes.event_key = event.event_key
),

-- one organiser, one title, two theme sets: was the title of the later event copied from the earlier?
title_conflicts as (
    select distinct
        later.programme_id,
        'titre' as indicator,
        'evenement' as dimension,
        later.event_id as member,
        later.title as figure_text,
        'title' as unit,
        later.event_id as event_ids,
        'TITLE_CONFLICT' as reconciliation_status
    from described as earlier
    inner join described as later
        on later.programme_key = earlier.programme_key
        and later.lead_key = earlier.lead_key
        and later.title_words = earlier.title_words
        and later.theme_keys <> earlier.theme_keys
        and (later.starts_on, later.event_id) > (earlier.starts_on, earlier.event_id)
),

-- a network that a document names as one, and whose members are counted apart
label_conflicts as (
    select
        programme.programme_id,
        'libelle' as indicator,
        'organisateur' as dimension,
        {{ network_word('organisation.network') }} as member,
        organisation.network as figure_text,
        'label' as unit,
        array_to_string(list_sort(list(distinct event.event_id)), ';') as event_ids,
        'LABEL_CONFLICT' as reconciliation_status
    from {{ ref('bridge_event_organiser') }} as link
    inner join {{ ref('dim_organisation') }} as organisation using (organisation_key)
    inner join {{ ref('dim_event') }} as event on event.event_key = link.event_key and event.is_counted
    inner join {{ ref('dim_programme') }} as programme on programme.programme_key = event.programme_key
    where organisation.network is not null
    group by programme.programme_id, organisation.network
    having count(distinct organisation.organisation_key) > 1
),

counted_names as (
    select
        event.programme_id,
        'nb_participants' as indicator,
        'evenement' as dimension,
        case
            when event.date_precision = 'day'
                then event.event_kind || ' ' || day(event.starts_on) || ' ' || {{ fr_month_short('month(event.starts_on)') }}
            else event.event_id
        end as member,
        '(' || coalesce(cast(counted.value as varchar) || ' noms listés', 'noms listés') || ')' as figure_text,
        counted.value as ours,
        1 as n_with_data,
        1 as n_total,
        'attendance' as unit,
        event.event_id as event_ids,
        'derived_from_names' as reconciliation_status
    from described as event
    inner join {{ ref('fct_event_count') }} as counted
        on counted.event_key = event.event_key and counted.is_preferred and counted.precision = 'listed'
    -- two such events of one day would share their words
    qualify row_number() over (partition by event.programme_id, member order by event.event_id) = 1
),

lines as (
    select *, 'computed' as origin from identities
    union all by name
    select *, 'computed' as origin from title_conflicts
    union all by name
    select *, 'computed' as origin from label_conflicts
    union all by name
    select *, 'computed' as origin from counted_names
    union all by name
    select
        programme_id, indicator, dimension, member, figure_text, figure_value, ours, recomputed, numerator, denominator,
        n_with_data, n_total, unit, event_ids, note, is_recount, reconciliation_status, 'printed' as origin
    from printed
),

-- a workbook that lists a rule's line itself does not make two. Of what some events are missing in: as in ind_participation
once as (
    select
        *,
        recomputed - figure_value as difference,
        coalesce(unit in ('attendance', 'attendance_per_event') and n_with_data < n_total, false) as is_partial
    from lines
    qualify row_number() over (partition by programme_id, indicator, dimension, member order by origin) = 1
)

select
    'ind_reconciliation' as dataset,
    once.programme_id,
    once.indicator,
    once.dimension as breakdown,
    once.member,
    programme.period,
    cast(once.ours as double) as value,
    cast(once.ours as double) as lower,
    case when once.unit <> 'attendance' or not once.is_partial then cast(once.ours as double) end as upper,
    cast(once.numerator as double) as numerator,
    cast(once.denominator as double) as denominator,
    -- 0 of 0: no event is behind the figure
    cast(coalesce(once.n_with_data, 0) as integer) as n_with_data,
    cast(coalesce(once.n_total, 0) as integer) as n_total,
    once.unit,
    case
        when once.ours is not null then if(once.is_partial, 'P', 'A')
        when once.unit in ('title', 'label') then 'M'
        else 'L'
    end as obs_status,
    'F' as conf_status,
    case
        when once.is_recount then once.note
        when once.reconciliation_status = 'not_recomputable' then 'Aucune ligne reçue ne permet de recalculer ce chiffre.'
        when once.reconciliation_status = 'compatible_approx' then 'Chiffre imprimé approché : le nôtre est dans son intervalle.'
        when once.reconciliation_status = 'implicit_zero_match' then 'Zéro non imprimé par le document.'
        when once.reconciliation_status = 'derived_from_names' then 'Compté d’après une liste de noms qui n’est pas conservée.'
        when once.reconciliation_status = 'TITLE_CONFLICT' then 'Même intitulé et même organisateur qu’un événement antérieur, thèmes différents.'
        when once.reconciliation_status = 'LABEL_CONFLICT' then 'Un réseau est nommé comme une structure ; ses membres sont comptés séparément.'
    end as caveat,
    once.figure_text,
    once.figure_value,
    cast(once.recomputed as double) as recomputed,
    cast(once.difference as double) as difference,
    once.reconciliation_status,
    {{ blocked_dataset('once.indicator') }} as blocks_dataset,
    case
        when explanation.figure_key is not null then true
        when once.reconciliation_status in ('MISMATCH', 'TITLE_CONFLICT', 'LABEL_CONFLICT', 'EXTERNAL_CONFLICT') then false
    end as is_explained,
    explanation.cause as explanation,
    explanation.treatment,
    once.event_ids
from once
inner join {{ ref('dim_programme') }} as programme using (programme_id)
left join {{ ref('fct_explanation') }} as explanation
    on explanation.programme_id = once.programme_id
    and explanation.indicator = once.indicator
    and explanation.dimension = once.dimension
    and explanation.member = once.member
    and (explanation.expected_difference is null or abs(explanation.expected_difference - once.difference) < 1e-9)
