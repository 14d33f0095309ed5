-- The period is that of the counted events: from the first month to the last, or the year when that is all that is known.
with events as (
    select
        programme_key,
        count(*) filter (where is_counted) as nb_events,
        min(starts_on) filter (where is_counted and date_precision in ('day', 'month', 'range')) as first_on,
        max(ends_on) filter (where is_counted and date_precision in ('day', 'month', 'range')) as last_on,
        min(starts_on) as any_on
    from {{ ref('dim_event') }}
    where not is_placeholder
    group by all
),

-- sources of registrations, presences, reports and answers, by the events they speak of
speaking as (
    select distinct event_programme_id as programme_id, source from {{ ref('int_event_references') }}
),

quarantined as (
    select programme_id, sum(rows_quarantined) as nb_rows
    from (
        select feeding.programme_id, delivery.rows_quarantined
        from (select distinct programme_id, source, delivery_id from {{ ref('stg_events') }}) as feeding
        inner join {{ ref('stg_deliveries') }} as delivery using (source, delivery_id)
        union all
        select speaking.programme_id, delivery.rows_quarantined
        from speaking
        inner join {{ ref('stg_deliveries') }} as delivery using (source)
        where delivery.state = 'accepted' and delivery.entity <> 'event'
    )
    group by all
),

unread as (
    select feeding.programme_id, string_agg(distinct delivery.source_title, ' ; ' order by delivery.source_title) as titles
    from (select programme_id, source from {{ ref('stg_events') }} union select programme_id, source from speaking) as feeding
    inner join {{ ref('stg_deliveries') }} as delivery using (source)
    where delivery.state in ('held', 'refused')
    group by all
)

select
    {{ key(['programme.programme_id']) }} as programme_key,
    programme.programme_id,
    programme.title,
    programme.region_code,
    region.name as region_name,
    coalesce(programme.year, cast(year(any_on) as integer)) as year,
    programme.series,
    programme.theme_scheme,
    programme.territory_vintage,
    programme.audience,
    programme.caveat,
    strftime(events.first_on, '%Y-%m') as first_month,
    strftime(events.last_on, '%Y-%m') as last_month,
    case
        when date_trunc('month', first_on) < date_trunc('month', last_on)
            then strftime(first_on, '%Y-%m') || '/' || strftime(last_on, '%Y-%m')
        else coalesce(cast(coalesce(programme.year, year(any_on)) as varchar), 'undated')
    end as period,
    cast(coalesce(events.nb_events, 0) as integer) as nb_events,
    events.programme_key is not null as has_events,
    cast(coalesce(quarantined.nb_rows, 0) as integer) as nb_rows_quarantined,
    unread.titles as unread_sources
from {{ ref('int_programmes') }} as programme
left join events on events.programme_key = {{ key(['programme.programme_id']) }}
left join quarantined using (programme_id)
left join unread using (programme_id)
left join {{ source('reference', 'region') }} as region
    on region.code = programme.region_code and region.vintage = programme.territory_vintage
