-- PE01, PE02: persons present at a counted event of the programme, each once, by what they say of themselves. Who did not answer is out of the
-- share and in the response rate. n_with_data of n_total: persons who answered, of the persons known.
with present as (
    select distinct programme.programme_id, presence.participant_key
    from {{ ref('fct_attendance') }} as presence
    inner join {{ ref('dim_event') }} as event using (event_key)
    inner join {{ ref('dim_programme') }} as programme on programme.programme_key = event.programme_key
    where event.is_counted and presence.participant_key is not null
),

persons as (
    select present.programme_id, person.gender, person.category
    from present
    inner join {{ ref('dim_participant') }} as person using (participant_key)
),

answers as (
    select
        programme_id,
        count(*) as nb_persons,
        count(gender) as nb_gender,
        count(category) as nb_category
    from persons
    group by all
),

answered as (
    select programme_id, 'gender' as breakdown, gender as member, count(*) as nb from persons where gender is not null group by all
    union all
    select programme_id, 'category', category, count(*) from persons where category is not null group by all
),

-- PE01 of all is the share of women; its members say it of each answer
cells as (
    select
        case breakdown.breakdown when 'category' then 'PE02' else 'PE01' end as indicator,
        breakdown.programme_id,
        breakdown.breakdown,
        breakdown.member,
        breakdown.period,
        coalesce(answers.nb_persons, 0) as nb_persons,
        coalesce(case breakdown.breakdown when 'category' then answers.nb_category else answers.nb_gender end, 0) as nb_answers,
        coalesce(answered.nb, 0) as nb
    from {{ ref('dim_breakdown') }} as breakdown
    left join answers using (programme_id)
    left join answered
        on answered.programme_id = breakdown.programme_id
        and answered.breakdown = case breakdown.breakdown when 'total' then 'gender' else breakdown.breakdown end
        and answered.member = case breakdown.breakdown when 'total' then 'F' else breakdown.member end
    where breakdown.breakdown in ('total', 'gender', 'category')
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
    case when nb_answers = 0 then 'L' when nb_answers < nb_persons then 'P' else 'A' end as obs_status,
    'F' as conf_status,
    case
        when nb_persons = 0 then 'Aucune personne connue parmi les présences.'
        when nb_answers = 0 then 'Aucune réponse.'
        when nb_answers < nb_persons
            then 'Taux de réponse : ' || cast(round(100 * nb_answers / nb_persons) as integer) || ' % (' || {{ fr_count('nb_answers') }}
                || ' ' || {{ fr_plural('nb_answers', 'personne', 'personnes') }} || ' sur ' || {{ fr_count('nb_persons') }} || ').'
    end as caveat
from cells
inner join {{ ref('dim_indicator') }} as definition on definition.code = cells.indicator
