-- SA01 to SA04. Notes count whatever the event, and event by event; a note is never estimated. n_with_data of n_total: answers that
-- give the note, of all finished answers; for SA04, events with answers and a known presence, of the events that count or that an answer is about.
with programmes as (
    select * from {{ ref('dim_programme') }} where has_events
),

answers as (
    select answer.*, programmes.programme_id, event.code as event_code, event.is_counted
    from {{ ref('fct_feedback') }} as answer
    inner join programmes using (programme_key)
    left join {{ ref('dim_event') }} as event using (event_key)
    where answer.is_complete
),

cells as (
    select programme_key, 'total' as breakdown, 'total' as member, answers.* exclude (programme_key) from answers
    union all by name
    select programme_key, 'event' as breakdown, coalesce(event_code, 'unknown') as member, answers.* exclude (programme_key) from answers
),

measured as (
    select
        programme_key,
        breakdown,
        member,
        count(*) as nb_answers,
        count(satisfaction_share) as nb_notes,
        -- in an order that the same notes always have (the key of an answer goes with its person), without the noise of adding fifths and
        -- tenths in binary: three notes of 4 out of 5 add up to 2.4, not to 2.4000000000000004
        round(sum(satisfaction_share order by satisfaction_share), 9) as sum_of_notes,
        count(*) filter (where satisfaction_share >= 0.8) as nb_satisfied,
        count(recommendation) as nb_recommendations,
        count(*) filter (where recommendation >= 9) as nb_promoters,
        count(*) filter (where recommendation <= 6) as nb_detractors
    from cells
    group by all
),

-- presence as signed or connected when a list came, else as declared or reported
presences as (
    select
        event_key,
        coalesce(
            max(value) filter (where counting_method = 'present'),
            max(value) filter (where is_preferred)
        ) as nb_present,
        -- an approximate declaration keeps its bounds
        coalesce(
            max(value) filter (where counting_method = 'present'),
            max(lower) filter (where is_preferred)
        ) as nb_present_lower,
        coalesce(
            max(value) filter (where counting_method = 'present'),
            max(upper) filter (where is_preferred)
        ) as nb_present_upper,
        max(value) filter (where counting_method = 'present') is not null as is_listed,
        max(value) filter (where counting_method = 'present') is null
        and bool_or(is_preferred and precision = 'approximate') as is_approximate
    from {{ ref('fct_event_count') }}
    group by all
),

answered as (
    select
        answers.programme_key,
        answers.event_key,
        any_value(answers.event_code) as event_code,
        any_value(answers.is_counted) as is_counted,
        count(*) as nb_answers,
        any_value(presences.nb_present) as nb_present,
        any_value(presences.nb_present_lower) as nb_present_lower,
        any_value(presences.nb_present_upper) as nb_present_upper,
        bool_or(presences.is_listed) as is_listed,
        bool_or(presences.is_approximate) as is_approximate,
        -- more answers than people present: one of the two is wrong
        coalesce(any_value(presences.nb_present) >= count(*), false) as is_usable
    from answers
    left join presences using (event_key)
    group by all
),

held as (
    select programme_key, count(*) filter (where is_counted) as nb_held from {{ ref('dim_event') }} group by all
),

rates as (
    select
        programme_key,
        'total' as breakdown,
        'total' as member,
        sum(nb_answers) filter (where is_usable) as nb_answers,
        sum(nb_present) filter (where is_usable) as nb_present,
        -- nobody answers who was not there
        sum(greatest(nb_present_lower, nb_answers)) filter (where is_usable) as nb_present_lower,
        case when count(nb_present_upper) filter (where is_usable) = count(*) filter (where is_usable)
            then sum(nb_present_upper) filter (where is_usable) end as nb_present_upper,
        count(*) filter (where is_usable) as nb_usable,
        count(*) filter (where is_usable and is_listed) as nb_listed,
        count(*) filter (where is_usable and is_approximate) as nb_approximate,
        sum(nb_answers) filter (where not is_usable) as nb_left_out,
        -- answers may be about an event that does not count: a part of another, a cancelled one
        coalesce(any_value(held.nb_held), 0) + count(*) filter (where not is_counted) as nb_events
    from answered
    left join held using (programme_key)
    group by programme_key
    union all by name
    select
        programme_key,
        'event' as breakdown,
        event_code as member,
        case when is_usable then nb_answers end as nb_answers,
        case when is_usable then nb_present end as nb_present,
        case when is_usable then greatest(nb_present_lower, nb_answers) end as nb_present_lower,
        case when is_usable then nb_present_upper end as nb_present_upper,
        is_usable::integer as nb_usable,
        (is_usable and is_listed)::integer as nb_listed,
        (is_usable and is_approximate)::integer as nb_approximate,
        case when is_usable then 0 else nb_answers end as nb_left_out,
        1 as nb_events
    from answered
    where event_code is not null
),

figures as (
    select
        'SA01' as indicator, programme_key, breakdown, member,
        5 * sum_of_notes / nb_notes as value,
        cast(null as double) as lower, cast(null as double) as upper,
        sum_of_notes as numerator, nullif(nb_notes, 0) as denominator,
        nb_notes as n_with_data, nb_answers as n_total, false as is_not_significant, false as is_estimated,
        case when nb_notes > 0 then 'Notes ramenées sur 5.' end as caveat
    from measured
    union all by name
    select
        'SA02' as indicator, programme_key, breakdown, member,
        nb_satisfied / nullif(nb_notes, 0) as value,
        case when nb_notes > 0 then nb_satisfied end as numerator, nullif(nb_notes, 0) as denominator,
        nb_notes as n_with_data, nb_answers as n_total, false as is_not_significant, false as is_estimated,
        case when nb_notes > 0 then 'Notes d’au moins 4 sur 5.' end as caveat
    from measured
    union all by name
    -- the interval is that of the difference of two shares of one sample
    select
        'SA03' as indicator, programme_key, breakdown, member,
        100 * score as value,
        case when nb_recommendations > 0 then greatest(100 * (score - 1.96 * sqrt(spread / nb_recommendations)), -100) end as lower,
        case when nb_recommendations > 0 then least(100 * (score + 1.96 * sqrt(spread / nb_recommendations)), 100) end as upper,
        case when nb_recommendations > 0 then nb_promoters - nb_detractors end as numerator,
        nullif(nb_recommendations, 0) as denominator,
        nb_recommendations as n_with_data, nb_answers as n_total, nb_recommendations < 30 as is_not_significant, false as is_estimated,
        case
            when nb_recommendations = 0 then null
            when nb_recommendations < 30
                then 'Non significatif : ' || nb_recommendations || ' ' || {{ fr_plural('nb_recommendations', 'réponse', 'réponses') }} || '.'
            else 'Intervalle de confiance à 95 %.'
        end as caveat
    from (
        select
            *,
            (nb_promoters - nb_detractors) / nullif(nb_recommendations, 0) as score,
            greatest(
                (nb_promoters + nb_detractors) / nullif(nb_recommendations, 0)
                - ((nb_promoters - nb_detractors) / nullif(nb_recommendations, 0)) ** 2, 0) as spread
        from measured
        where breakdown = 'total'
    )
    union all by name
    select
        'SA04' as indicator, programme_key, breakdown, member,
        nb_answers / nb_present as value,
        nb_answers / nb_present_upper as lower, nb_answers / nb_present_lower as upper,
        nb_answers as numerator, nb_present as denominator,
        nb_usable as n_with_data, nb_events as n_total, false as is_not_significant, nb_approximate > 0 as is_estimated,
        {{ fr_caveat([
            "case when nb_usable = 0 then null when nb_listed = nb_usable then 'Sur les présences relevées (feuilles, connexions, contrôles d’entrée).' when nb_listed = 0 then 'Sur les présences déclarées, faute de feuille.' else 'Sur les présences relevées pour ' || nb_listed || ' ' || " ~ fr_plural('nb_listed', 'événement', 'événements') ~ " || ', déclarées pour ' || (nb_usable - nb_listed) || '.' end",
            "case when nb_left_out > 0 then 'Réponses laissées de côté, faute de présence connue ou parce qu’elles la dépassent : ' || nb_left_out || '.' end"
        ]) }} as caveat
    from rates
),

tidy as (
    select * from figures
    union all by name
    -- nobody answered, or no answer reached us: said, not left out
    select
        definition.code as indicator, programmes.programme_key, 'total' as breakdown, 'total' as member,
        0 as n_with_data,
        case when definition.code = 'SA04' then coalesce(held.nb_held, 0) else 0 end as n_total,
        false as is_not_significant, false as is_estimated,
        'Aucune réponse à un questionnaire de satisfaction n’a été reçue.' as caveat
    from programmes
    cross join {{ ref('dim_indicator') }} as definition
    left join held using (programme_key)
    where definition.code in ('SA01', 'SA02', 'SA03', 'SA04') and not exists (
        select 1 from answers where answers.programme_key = programmes.programme_key
    )
)

select
    'ind_satisfaction' as dataset,
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
    case
        when tidy.value is null then 'L'
        when tidy.is_not_significant then 'N'
        when tidy.is_estimated then 'E'
        else 'A'
    end as obs_status,
    'F' as conf_status,
    tidy.caveat
from tidy
inner join programmes using (programme_key)
inner join {{ ref('dim_indicator') }} as definition on definition.code = tidy.indicator
