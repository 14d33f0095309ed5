select
    {{ key(['source', 'event_id']) }} as event_key,
    {{ key(['scheme', 'code']) }} as theme_key,
    weight
from {{ ref('int_event_themes') }}
