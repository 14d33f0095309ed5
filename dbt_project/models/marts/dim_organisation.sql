-- Known organisations, and one for each label that no alias explains (is_known = false).
with organisations as (
    select organisation_id, name, kind, siren, network, true as is_known from {{ source('reference', 'organisation') }}
    union all by name
    select organisation_id, min(label) as name, false as is_known
    from {{ ref('int_event_organisers') }}
    anti join {{ source('reference', 'organisation') }} using (organisation_id)
    group by all
)

select {{ key(['organisation_id']) }} as organisation_key, organisation_id, name, kind, siren, network, is_known
from organisations
