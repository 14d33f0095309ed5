-- PE01, PE02: persons present at a counted event of the programme, each once, by what they say of themselves; PE01 also at each event that a
-- list of presences came for. Who did not answer is out of the share and in the response rate. n_with_data of n_total: persons who answered,
-- of the persons known.
with present as (
    select distinct link.breakdown_key, presence.participant_key
    from {{ ref('fct_attendance') }} as presence
    inner join {{ ref('bridge_event_breakdown') }} as link using (event_key)
    where link.breakdown in ('total', 'event') and presence.participant_key is not null
),

persons as (
    select present.breakdown_key, person.gender, person.category
    from present
    inner join {{ ref('dim_participant') }} as person using (participant_key)
),

answers as (
    select
        breakdown_key as among_key,
        count(*) as nb_persons,
        count(gender) as nb_gender,
        count(category) as nb_category
    from persons
    group by all
),

answered as (
    select breakdown_key as among_key, 'gender' as question, gender as answer, count(*) as nb
    from persons
    where gender is not null
    group by all
    union all
    select breakdown_key, 'category', category, count(*) from persons where category is not null group by all
),

-- the persons that a cell is about: those of the event, or of the whole programme
asked as (
    select
        breakdown.*,
        case breakdown.breakdown when 'event' then breakdown.breakdown_key else whole.breakdown_key end as among_key,
        case breakdown.breakdown when 'category' then 'category' else 'gender' end as question,
        -- PE01 of all is the share of women; its members say it of each answer
        case when breakdown.breakdown in ('total', 'event') then 'F' else breakdown.member end as answer
    from {{ ref('dim_breakdown') }} as breakdown
    inner join {{ ref('dim_breakdown') }} as whole
        on whole.programme_id = breakdown.programme_id and whole.breakdown = 'total'
    where breakdown.breakdown in ('total', 'gender', 'category')
        or breakdown.breakdown_key in (
            select link.breakdown_key
            from {{ ref('bridge_event_breakdown') }} as link
            inner join {{ ref('fct_event_count') }} as sheet
                on sheet.event_key = link.event_key and sheet.counting_method = 'present'
            where link.breakdown = 'event'
        )
),

-- nobody knows who came to the events that no list came for
lists as (
    select link.breakdown_key as among_key, count(sheet.event_key) as nb_sheets, count(*) as nb_events
    from {{ ref('bridge_event_breakdown') }} as link
    left join {{ ref('fct_event_count') }} as sheet
        on sheet.event_key = link.event_key and sheet.counting_method = 'present'
    where link.breakdown = 'total'
    group by all
),

cells as (
    select
        case asked.question when 'category' then 'PE02' else 'PE01' end as indicator,
        asked.programme_id,
        asked.breakdown,
        asked.member,
        asked.period,
        coalesce(answers.nb_persons, 0) as nb_persons,
        coalesce(case asked.question when 'category' then answers.nb_category else answers.nb_gender end, 0) as nb_answers,
        coalesce(answered.nb, 0) as nb,
        lists.nb_sheets,
        lists.nb_events,
        coalesce(lists.nb_sheets < lists.nb_events, false) as is_unlisted
    from asked
    left join answers using (among_key)
    left join answered using (among_key, question, answer)
    left join lists using (among_key)
)

select
    'ind_participants' as dataset,
    cells.programme_id,
    cells.indicator,
    cells.breakdown,
    cells.member,
    cells.period,
    cells.nb / nullif(cells.nb_answers, 0) as value,
    cast(null as double) as lower,
    cast(null as double) as upper,
    cast(case when nb_answers > 0 then nb end as double) as numerator,
    cast(nullif(nb_answers, 0) as double) as denominator,
    cast(nb_answers as integer) as n_with_data,
    cast(nb_persons as integer) as n_total,
    definition.unit,
    case when nb_answers = 0 then 'L' when nb_answers < nb_persons or is_unlisted then 'P' else 'A' end as obs_status,
    'F' as conf_status,
    case
        when nb_persons = 0 then 'Aucune personne connue parmi les présences.'
        when nb_answers = 0 then 'Aucune réponse.'
        else {{ fr_caveat([
            "case when breakdown = 'gender' and member = 'H' then 'Part d’hommes, et non de femmes.' end",
            "case when breakdown = 'gender' and member = 'X' then 'Part d’autres réponses, et non de femmes.' end",
            "case when nb_answers < nb_persons then 'Taux de réponse : ' || cast(round(100 * nb_answers / nb_persons) as integer) || ' % (' || "
                ~ fr_count('nb_answers') ~ " || ' ' || " ~ fr_plural('nb_answers', 'personne', 'personnes') ~ " || ' sur ' || " ~ fr_count('nb_persons') ~ " || ').' end",
            "case when is_unlisted then 'Listes reçues pour ' || nb_sheets || ' ' || " ~ fr_plural('nb_sheets', 'événement', 'événements') ~ " || ' sur ' || nb_events || '.' end"
        ]) }}
    end as caveat
from cells
inner join {{ ref('dim_indicator') }} as definition on definition.code = cells.indicator
