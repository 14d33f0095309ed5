select
    {{ key(['history.source', 'history.organisation_id', 'history.valid_from']) }} as organisation_version_key,
    {{ key(['known.organisation_id']) }} as organisation_key,
    history.source,
    history.organisation_id as source_organisation_id,
    history.valid_from,
    history.valid_to,
    history.is_current,
    history.is_deleted,
    history.organisation_name as name,
    history.siren,
    coalesce(history.department_code, {{ department_of_postcode('history.postcode') }}) as department_code,
    history.legal_category,
    history.activity_code,
    history.declared_family,
    history.headcount_band,
    history.is_ess,
    history.delivery_id,
    history.file_name,
    history.sheet,
    history.row_number
from {{ ref('stg_organisation_history') }} as history
inner join {{ ref('int_known_organisations') }} as known
    on known.source = history.source and known.source_organisation_id = history.organisation_id
