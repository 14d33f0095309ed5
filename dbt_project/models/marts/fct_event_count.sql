-- Missing and qualitative counts have a row and no value. Bounds of an exact count are the count.
select
    {{ key(['event.source', 'event.event_id']) }} as event_key,
    dim.programme_key,
    dim.territory_key,
    dim.start_date_key,
    'declared' as counting_method,
    event.participants as value,
    case when event.participants is not null then coalesce(event.participants_lower, event.participants) end as lower,
    case
        when event.participants is null then null
        when event.participants_precision = 'approximate' then event.participants_upper
        else coalesce(event.participants_upper, event.participants)
    end as upper,
    event.participants_precision as precision,
    event.participants_text as count_text
from {{ ref('stg_events') }} as event
inner join {{ ref('dim_event') }} as dim using (source, event_id)
