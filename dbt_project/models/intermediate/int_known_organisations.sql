-- Which organisation each known row is: by its SIREN, then by the alias or the name of the reference list (when that name has no
-- other SIREN), then, without a SIREN, by a namesake of the same department that has one. A row that is nobody yet is an
-- organisation of its own: its SIREN, or its name and department.
with directory as (
    select
        source,
        organisation_id as source_organisation_id,
        organisation_name as name,
        {{ fold('organisation_name') }} as name_key,
        siren,
        coalesce(department_code, {{ department_of_postcode('postcode') }}) as place,
        commune_code,
        postcode,
        legal_category,
        activity_code,
        headcount_band,
        is_ess,
        declared_family,
        delivered_at,
        delivery_id,
        file_name,
        sheet,
        row_number
    from {{ ref('stg_organisations') }}
),

listed as (
    select organisation_id, name, {{ fold('name') }} as name_key, kind, siren, network
    from {{ source('reference', 'organisation') }}
),

-- what a label stands for everywhere, when it is one organisation only
named as (
    select name_key, any_value(organisation_id) as organisation_id
    from (
        select name_key, organisation_id from listed
        union
        select label_key as name_key, organisation_id
        from {{ source('reference', 'organisation_alias') }}
        where programme_id is null
    )
    group by name_key
    having count(distinct organisation_id) = 1
),

sirens_of_names as (
    select name_key, count(distinct siren) as nb_sirens from directory group by all
),

namesakes as (
    select name_key, place, any_value(siren) as siren
    from directory
    where siren is not null and place is not null
    group by all
    having count(distinct siren) = 1
),

identified as (
    select
        directory.*,
        coalesce(
            by_siren.organisation_id,
            case when coalesce(by_name.siren, directory.siren, '') = coalesce(directory.siren, by_name.siren, '') and nb_sirens <= 1
                then by_name.organisation_id end,
            'SIREN-' || coalesce(directory.siren, namesakes.siren),
            {{ label_id("concat_ws(' ', directory.name_key, lower(directory.place))") }}
        ) as organisation_id
    from directory
    left join listed as by_siren on by_siren.siren = directory.siren
    left join named on named.name_key = directory.name_key
    left join listed as by_name on by_name.organisation_id = named.organisation_id
    left join sirens_of_names on sirens_of_names.name_key = directory.name_key
    left join namesakes on namesakes.name_key = directory.name_key and namesakes.place = directory.place
)

select
    source, source_organisation_id, organisation_id, name, name_key, cast(null as varchar) as kind, siren, cast(null as varchar) as network,
    place, commune_code, postcode, legal_category, activity_code, headcount_band, is_ess, declared_family, delivered_at, delivery_id,
    file_name, sheet, row_number, false as is_listed
from identified
union all by name
select 'reference' as source, organisation_id as source_organisation_id, organisation_id, name, name_key, kind, siren, network, true as is_listed
from listed
