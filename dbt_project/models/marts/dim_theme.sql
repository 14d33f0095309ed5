-- The themes of the reference list, and those that only events name.
with themes as (
    select scheme, code, label, rank from {{ source('reference', 'theme') }}
    union all by name
    select distinct met.scheme, met.code, met.code as label, 999 as rank
    from {{ ref('int_event_themes') }} as met
    anti join {{ source('reference', 'theme') }} using (scheme, code)
)

select {{ key(['scheme', 'code']) }} as theme_key, scheme, code, label, rank
from themes
