-- The members that events meet, and those that must be printed even when none does: an explicit zero.
with programmes as (
    select * from {{ ref('dim_programme') }} where has_events
),

with_themes as (
    select distinct programme_key from {{ ref('bridge_event_breakdown') }} where breakdown = 'theme' and member <> 'none'
),

members as (
    select programme_key, breakdown, member from {{ ref('bridge_event_breakdown') }}
    union
    select programme_key, expected.breakdown, expected.member
    from programmes
    cross join (
        values
            ('total', 'total'), ('department', 'online'), ('department', 'unknown'), ('modality', 'in_person'),
            ('modality', 'online'), ('modality', 'unknown'), ('role', 'any'), ('role', 'lead'),
            ('gender', 'F'), ('gender', 'H'), ('gender', 'X'),
            ('category', 'elected'), ('category', 'agent'), ('category', 'ess'), ('category', 'other')
    ) as expected (breakdown, member)
    union
    -- every department of the region
    select programme_key, 'department', territory.code
    from programmes
    inner join {{ ref('dim_territory') }} as territory
        on territory.level = 'department'
        and territory.region_code = programmes.region_code
        and territory.vintage = programmes.territory_vintage
    union
    -- every theme of the programme, once one event has a theme (before that nothing is known: no zero)
    select programme_key, 'theme', theme.code
    from programmes
    semi join with_themes using (programme_key)
    inner join {{ ref('dim_theme') }} as theme on theme.scheme = programmes.theme_scheme
    union
    -- of a programme of which nothing counts yet, no month and no theme is met: zero, not nothing
    select programme_key, expected.breakdown, expected.member
    from programmes
    anti join {{ ref('bridge_event_breakdown') }} using (programme_key)
    cross join (values ('month', 'undated'), ('theme', 'none')) as expected (breakdown, member)
    union
    -- every month between the first dated event and the last
    select programme_key, 'month', strftime(month, '%Y-%m')
    from (
        select programme_key, unnest(generate_series(first_month, last_month, interval 1 month)) as month
        from (
            select
                programme_key,
                min(strptime(member, '%Y-%m')) as first_month,
                max(strptime(member, '%Y-%m')) as last_month
            from {{ ref('bridge_event_breakdown') }}
            where breakdown = 'month' and member <> 'undated'
            group by all
        )
    )
),

detailed as (
    select
        members.*,
        programmes.programme_id,
        programmes.period,
        programmes.theme_scheme,
        programmes.territory_vintage,
        split_part(members.member, '|', 1) as place,
        case when breakdown = 'department_theme' then split_part(members.member, '|', 2) else members.member end as theme
    from members
    inner join programmes using (programme_key)
),

kinds as (
    select programme_key, {{ fold_singular('event_kind') }} as member, min(event_kind) as name
    from {{ ref('dim_event') }}
    where event_kind is not null
    group by all
),

titles as (
    select link.breakdown_key, event.title
    from {{ ref('bridge_event_breakdown') }} as link
    inner join {{ ref('dim_event') }} as event using (event_key)
    where link.breakdown = 'event'
),

fixed (breakdown, member, label, rank) as (
    values
        ('total', 'total', 'Total', 1),
        ('month', 'undated', 'Non daté', 9999),
        ('department', 'online', 'À distance', 9998),
        ('department', 'unknown', 'Non localisé', 9999),
        ('department_theme', 'online', 'À distance', 9998),
        ('department_theme', 'unknown', 'Non localisé', 9999),
        ('theme', 'none', 'Sans thème', 9999),
        ('modality', 'in_person', 'En présentiel', 1),
        ('modality', 'online', 'À distance', 2),
        ('modality', 'hybrid', 'Hybride', 3),
        ('modality', 'unknown', 'Non précisée', 9999),
        ('gender', 'F', 'Femmes', 1),
        ('gender', 'H', 'Hommes', 2),
        ('gender', 'X', 'Autre réponse', 3),
        ('category', 'elected', 'Élus', 1),
        ('category', 'agent', 'Agents publics', 2),
        ('category', 'ess', 'Personnes de l’ESS', 3),
        ('category', 'other', 'Autres publics', 4),
        ('role', 'any', 'Tout rôle', 1),
        ('role', 'lead', 'Chefs de file', 2)
)

select
    {{ key(['detailed.programme_id', 'detailed.breakdown', 'detailed.member']) }} as breakdown_key,
    detailed.programme_key,
    detailed.programme_id,
    detailed.breakdown,
    detailed.member,
    case
        when detailed.breakdown = 'theme_count'
            then detailed.member || ' ' || {{ fr_plural('cast(detailed.member as integer)', 'thème', 'thèmes') }}
        when detailed.breakdown = 'department_theme'
            then coalesce(fixed.label, territory.name, detailed.place) || ' – ' || coalesce(theme.label, detailed.theme)
        when detailed.breakdown = 'month' and detailed.member <> 'undated'
            then {{ fr_month_name('cast(right(detailed.member, 2) as integer)') }} || ' ' || left(detailed.member, 4)
        else coalesce(fixed.label, territory.name, theme.label, organisation.name, kinds.name, titles.title, detailed.member)
    end as label,
    case when detailed.breakdown = 'month' and detailed.member <> 'undated' then detailed.member else detailed.period end
        as period,
    cast(coalesce(fixed.rank, theme.rank, try_cast(detailed.member as integer), 1000) as integer) as rank,
    detailed.breakdown not in ('event_kind', 'event', 'gender', 'category') as is_published
from detailed
left join fixed on fixed.breakdown = detailed.breakdown and fixed.member = detailed.place
left join {{ ref('dim_territory') }} as territory
    on territory.level = case detailed.breakdown when 'department_theme' then 'department' else detailed.breakdown end
    and territory.code = detailed.place
    and territory.vintage = detailed.territory_vintage
left join {{ ref('dim_theme') }} as theme
    on detailed.breakdown in ('theme', 'department_theme')
    and theme.code = detailed.theme
    and theme.scheme = detailed.theme_scheme
left join {{ ref('dim_organisation') }} as organisation
    on detailed.breakdown = 'organiser' and organisation.organisation_id = detailed.member
left join kinds
    on detailed.breakdown = 'event_kind'
    and kinds.programme_key = detailed.programme_key
    and kinds.member = detailed.member
left join titles
    on detailed.breakdown = 'event'
    and titles.breakdown_key = {{ key(['detailed.programme_id', 'detailed.breakdown', 'detailed.member']) }}
