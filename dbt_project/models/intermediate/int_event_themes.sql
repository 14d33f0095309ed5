-- An event weighs 1 whatever the number of its themes, so that weighted themes add up to events.
with themes as (
    select distinct
        event.source,
        event.event_id,
        coalesce(event.theme_scheme, programme.theme_scheme, event.programme_id) as scheme,
        unnest(event.themes) as code
    from {{ ref('stg_events') }} as event
    inner join {{ ref('int_programmes') }} as programme using (programme_id)
)

select
    source,
    event_id,
    scheme,
    code,
    cast(count(*) over (partition by source, event_id) as integer) as nb_themes,
    1.0::double / count(*) over (partition by source, event_id) as weight
from themes
where code is not null
