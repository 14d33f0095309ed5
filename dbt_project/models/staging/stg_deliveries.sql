{{ config(materialized='table') }}
-- nb_rows_landed: what this delivery brought here; nb_rows_kept: what a later delivery has not replaced.
{% set staged = {'event': 'stg_events', 'published_figure': 'stg_published_figures', 'registration': 'stg_registrations', 'attendance': 'stg_attendances',
                'event_report': 'stg_event_reports', 'feedback': 'stg_feedback', 'contribution': 'stg_contributions', 'organisation': 'stg_organisations'} %}
with landed as (
    {% for entity in staged %}
    select source, delivery_id, count(*) as nb_rows from {{ source('landing', entity) }} group by all
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

kept as (
    {% for model in staged.values() %}
    select source, delivery_id, count(*) as nb_rows from {{ ref(model) }} group by all
    {% if not loop.last %}union all{% endif %}
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
