-- A commune déléguée, associée or arrondissement gives the commune it belongs to. The department of the organiser is
-- never taken for that of the place.
with communes as (
    -- a commune déléguée may bear the code of its commune: the commune itself comes first
    select
        vintage,
        code,
        case when kind = 'commune' then code else parent_code end as commune_code
    from {{ source('reference', 'commune') }}
    qualify row_number() over (partition by vintage, code order by kind = 'commune' desc, kind) = 1
),

placed as (
    select
        event.source,
        event.event_id,
        programme.territory_vintage,
        event.place_status = 'online' or event.modality = 'online' as is_online,
        communes.commune_code,
        coalesce(commune.department_code, event.department_code) as department_code,
        commune.epci_code,
        coalesce(commune.region_code, event.region_code, programme.region_code) as region_code
    from {{ ref('stg_events') }} as event
    inner join {{ ref('int_programmes') }} as programme using (programme_id)
    left join communes on communes.vintage = programme.territory_vintage and communes.code = event.commune_code
    left join {{ source('reference', 'commune') }} as commune
        on commune.vintage = programme.territory_vintage
        and commune.code = communes.commune_code
        and commune.kind = 'commune'
)

select
    source,
    event_id,
    territory_vintage,
    case when not is_online then commune_code end as commune_code,
    case when not is_online then epci_code end as epci_code,
    case when is_online then 'online' else coalesce(department_code, 'unknown') end as department_code,
    region_code,
    case
        when is_online then 'online'
        when commune_code is not null then 'commune'
        when department_code is not null then 'department'
        else 'unknown'
    end as territory_level,
    case
        when is_online then 'online'
        else coalesce(commune_code, department_code, 'unknown')
    end as territory_code
from placed
