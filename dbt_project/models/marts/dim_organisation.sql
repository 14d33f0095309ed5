-- Organisations of the reference list and of directories, and those that only labels name (is_known = false). What a person typed as
-- their organisation, and nobody knows, has no name here: it may be somebody's.
with labelled as (
    select organisation_id, min(label) as name, cast(null as varchar) as siren from {{ ref('int_event_organisers') }} group by all
    union all by name
    select
        organisation_id,
        case when organisation_id like 'SAID-%' then 'Structure non identifiée' else coalesce(min(organisation_text), organisation_id) end as name,
        case when organisation_id like 'SIREN-%' then right(organisation_id, 9) end as siren
    from {{ ref('int_organisation_labels') }}
    where organisation_id is not null
    group by organisation_id
),

organisations as (
    select *, true as is_known from {{ ref('int_organisations') }}
    union all by name
    select
        organisation_id,
        min(name) as name,
        max(siren) as siren,
        'unknown' as family,
        'unknown' as family_source,
        'unknown' as size_band,
        false as is_listed,
        false as is_known
    from labelled
    anti join {{ ref('int_organisations') }} using (organisation_id)
    group by organisation_id
),

-- an organisation that no directory shows any more; the reference list closes nothing
directories as (
    select known.organisation_id, max(history.valid_from) as valid_from, bool_and(history.is_deleted) as is_deleted
    from {{ ref('int_known_organisations') }} as known
    inner join {{ ref('stg_organisation_history') }} as history
        on history.source = known.source and history.organisation_id = known.source_organisation_id and history.is_current
    group by all
)

select
    {{ key(['organisations.organisation_id']) }} as organisation_key,
    organisations.organisation_id,
    organisations.name,
    organisations.kind,
    organisations.siren,
    organisations.network,
    organisations.is_known,
    organisations.department_code,
    organisations.legal_category,
    organisations.activity_code,
    organisations.family,
    organisations.family_source,
    organisations.size_band,
    directories.valid_from,
    coalesce(directories.is_deleted and not organisations.is_listed, false) as is_deleted
from organisations
left join directories using (organisation_id)
