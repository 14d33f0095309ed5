-- QU01: of the events held, those whose attendance reached us as a number.
with reported as (
    select
        programme.programme_id,
        programme.period,
        programme.nb_rows_quarantined,
        programme.unread_sources,
        count(event.event_key) as nb_events,
        count(counted.value) as nb_with_count
    from {{ ref('dim_programme') }} as programme
    left join {{ ref('dim_event') }} as event on event.programme_key = programme.programme_key and event.is_counted
    left join {{ ref('fct_event_count') }} as counted
        on counted.event_key = event.event_key and counted.is_preferred
    where programme.has_events
    group by all
)

select
    'ind_quality' as dataset,
    programme_id,
    definition.code as indicator,
    'total' as breakdown,
    'total' as member,
    period,
    nb_with_count / nullif(nb_events, 0) as value,
    cast(null as double) as lower,
    cast(null as double) as upper,
    cast(nb_with_count as double) as numerator,
    cast(nb_events as double) as denominator,
    cast(nb_with_count as integer) as n_with_data,
    cast(nb_events as integer) as n_total,
    definition.unit,
    case when nb_events = 0 then 'M' else 'A' end as obs_status,
    'F' as conf_status,
    {{ fr_caveat([
        "case when nb_events = 0 then 'Aucun événement tenu.' end",
        "case when unread_sources is not null then 'La dernière livraison n’a pas pu être lue, la précédente est gardée : ' || unread_sources || '.' end",
        "case when nb_rows_quarantined > 0 then 'Lignes en attente de correction dans les fichiers reçus : ' || nb_rows_quarantined || '.' end"
    ]) }} as caveat
from reported
inner join {{ ref('dim_indicator') }} as definition on definition.code = 'QU01'
