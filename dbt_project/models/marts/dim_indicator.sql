-- The definitions, and the three complements of PA01 that have none of their own.
with complements (code, part_of, name_fr, name_en, unit, formula, missing_rule) as (
    values
        ('PA01_min', 'PA01', 'Plus petit effectif d''un événement', 'Smallest attendance of one event', 'attendance',
            'minimum, sur les événements dont l''effectif est connu', 'manquants exclus'),
        ('PA01_max', 'PA01', 'Plus grand effectif d''un événement', 'Largest attendance of one event', 'attendance',
            'maximum, sur les événements dont l''effectif est connu', 'manquants exclus'),
        ('PA01_max_share', 'PA01', 'Part du plus grand événement', 'Share of the largest event', 'share',
            'maximum / somme des participants, sur les événements dont l''effectif est connu', 'manquants exclus')
),

indicators as (
    select *, cast(null as varchar) as part_of from {{ source('reference', 'indicator') }}
    union all by name
    select
        complements.*,
        parent.dataset, parent.grain, parent.denominator, parent.approximate_rule, parent.rounding,
        parent.disclosure_rule, parent.practice
    from complements
    inner join {{ source('reference', 'indicator') }} as parent on parent.code = complements.part_of
)

select
    {{ key(['code']) }} as indicator_key,
    code,
    part_of,
    dataset,
    name_fr,
    name_en,
    unit,
    formula,
    grain,
    denominator,
    missing_rule,
    approximate_rule,
    rounding,
    disclosure_rule,
    practice
from indicators
