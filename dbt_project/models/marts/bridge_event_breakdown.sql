-- Every figure of every breakdown is a sum over this table. Only events that count are here.
with counted as (
    select event.*, programme.programme_id
    from {{ ref('dim_event') }} as event
    inner join {{ ref('dim_programme') }} as programme using (programme_key)
    where event.is_counted
),

themes as (
    select event_key, theme.code, weight
    from {{ ref('bridge_event_theme') }}
    inner join {{ ref('dim_theme') }} as theme using (theme_key)
),

-- events that a list of registrations or of presences came for
listed as (
    select
        counted.event_key,
        counted.programme_id,
        code as member
    from counted
    semi join (select event_key from {{ ref('fct_event_count') }} where counting_method in ('registered', 'present')) as with_list
        using (event_key)
),

members as (
    select event_key, programme_id, 'event' as breakdown, member, 1.0::double as weight from listed
    union all by name
    select event_key, programme_id, 'total' as breakdown, 'total' as member, 1.0::double as weight from counted
    union all by name
    select event_key, programme_id, 'month' as breakdown, month as member from counted
    union all by name
    select event_key, programme_id, 'department' as breakdown, department_code as member from counted
    union all by name
    select event_key, programme_id, 'epci' as breakdown, epci_code as member from counted where epci_code is not null
    union all by name
    select event_key, programme_id, 'commune' as breakdown, commune_code as member from counted where commune_code is not null
    union all by name
    select event_key, programme_id, 'modality' as breakdown, modality as member from counted
    union all by name
    select event_key, programme_id, 'theme_count' as breakdown, cast(nb_themes as varchar) as member
    from counted
    where nb_themes > 0
    union all by name
    select event_key, programme_id, 'theme' as breakdown, coalesce(themes.code, 'none') as member, themes.weight
    from counted
    left join themes using (event_key)
    union all by name
    select event_key, programme_id, 'department_theme' as breakdown, department_code || '|' || themes.code as member, themes.weight
    from counted
    inner join themes using (event_key)
    union all by name
    select event_key, programme_id, 'organiser' as breakdown, organisation.organisation_id as member
    from counted
    inner join {{ ref('bridge_event_organiser') }} using (event_key)
    inner join {{ ref('dim_organisation') }} as organisation using (organisation_key)
    union all by name
    select event_key, programme_id, 'event_kind' as breakdown, {{ fold_singular('event_kind') }} as member
    from counted
    where event_kind is not null
)

select
    event_key,
    {{ key(['programme_id', 'breakdown', 'member']) }} as breakdown_key,
    {{ key(['programme_id']) }} as programme_key,
    breakdown,
    member,
    coalesce(weight, 1.0) as weight
from members
