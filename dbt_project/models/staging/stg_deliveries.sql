{{ config(materialized='table') }}
-- nb_rows_landed: what this delivery brought here; nb_rows_kept: what a later delivery has not replaced.
{% set staged = {'registration': 'stg_registrations', 'attendance': 'stg_attendances', 'event_report': 'stg_event_reports', 'feedback': 'stg_feedback',
                'contribution': 'stg_contributions', 'organisation': 'stg_organisations'} %}
with landed as (
    select source, delivery_id, count(*) as nb_rows
    from (
        select source, delivery_id from {{ source('landing', 'event') }}
        union all by name
        select source, delivery_id from {{ source('landing', 'published_figure') }}
    )
    group by all
    {% for entity, model in staged.items() %}
    union all
    select source, delivery_id, count(*) from {{ source('landing', entity) }} group by all
    {% endfor %}
),

kept as (
    select source, delivery_id, count(*) as nb_rows
    from (
        select source, delivery_id from {{ ref('stg_events') }}
        union all by name
        select source, delivery_id from {{ ref('stg_published_figures') }}
    )
    group by all
    {% for entity, model in staged.items() %}
    union all
    select source, delivery_id, count(*) from {{ ref(model) }} group by all
    {% endfor %}
)

select
    delivery.source,
    delivery.delivery_id,
    delivery.file_name,
    delivery.document,
    delivery.source_title,
    delivery.entity,
    delivery.state,
    delivery.received_at,
    delivery.expected_every_days,
    delivery.rows_read,
    delivery.rows_accepted,
    delivery.rows_quarantined,
    delivery.rows_duplicate,
    delivery.rows_structure,
    delivery.rows_replaced,
    delivery.message,
    coalesce(landed.nb_rows, 0) as nb_rows_landed,
    coalesce(kept.nb_rows, 0) as nb_rows_kept
from {{ source('landing', 'delivery') }} as delivery
left join landed using (source, delivery_id)
left join kept using (source, delivery_id)
