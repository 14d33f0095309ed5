-- Programmes of the reference list, and those that only events, or facts of events, name (nothing delivered may disappear).
with named as (
    select programme_id from {{ source('reference', 'programme') }}
    union
    select programme_id from {{ ref('stg_events') }}
    union
    select programme_id from {{ source('landing', 'published_figure') }}
    union
    select event_programme_id from {{ ref('int_event_references') }}
),

vintages as (select distinct vintage from {{ source('reference', 'commune') }}),

-- the territories of the programme's vintage; when they are not loaded, those of the nearest vintage
nearest as (
    select
        programme_id,
        arg_min(vintages.vintage, abs(vintages.vintage - coalesce(territory_vintage, year)) * 10000 - vintages.vintage) as vintage
    from {{ source('reference', 'programme') }}
    cross join vintages
    group by all
)

select
    named.programme_id,
    coalesce(programme.title, case when named.programme_id <> '{{ unknown_programme() }}' then named.programme_id else 'Programme non précisé' end) as title,
    programme.region_code,
    programme.year,
    programme.series,
    programme.theme_scheme,
    coalesce(nearest.vintage, (select max(vintage) from vintages)) as territory_vintage,
    coalesce(programme.audience, 'public') as audience,
    case when programme.programme_id is null then 'Programme absent du référentiel des programmes.' else programme.caveat end
        as caveat
from named
left join {{ source('reference', 'programme') }} as programme using (programme_id)
left join nearest using (programme_id)
