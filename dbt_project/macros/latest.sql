{#- Of each thing that was landed several times (`key`, in its source), the version that `latest_first` puts first, beside `earlier`: columns computed
    over all its versions (window `versions`). Looks closely at nothing but what came twice, told by a number: where two things share
    one, they are looked at too, and both stay. -#}
{% macro latest_rows(relation, columns, key, latest_first, earlier={}) %}
{% set thing = 'hash(source, ' ~ key | join(', ') ~ ')' %}
with repeated as (
    select thing from (select {{ thing }} as thing from {{ relation }}) group by thing having count(*) > 1
)

select {{ columns | join(', ') }}{% for name, (expression, type) in earlier.items() %}, cast(null as {{ type }}) as {{ name }}{% endfor %}
from {{ relation }}
where {{ thing }} not in (select thing from repeated)
union all
select {{ columns | join(', ') }}{% for name, (expression, type) in earlier.items() %}, {{ expression }}{% endfor %}
from {{ relation }}
where {{ thing }} in (select thing from repeated)
window versions as (partition by source, {{ key | join(', ') }})
qualify row_number() over (partition by source, {{ key | join(', ') }} order by {{ latest_first | join(', ') }}) = 1
{% endmacro %}

{#- The `key` of what a list sent again with its event spelled otherwise says too: of each thing (`id`, at its event and in its source), all versions
    but the one that `latest_first` puts first, as under one spelling. -#}
{% macro said_again(rows, key, id, latest_first) %}
select said.{{ key }}
from {{ rows }} as said
inner join {{ ref('int_event_references') }} as event on {{ event_named_by('said') }}
semi join (
    select source, event_key
    from {{ ref('int_event_references') }}
    group by source, event_key
    having count(distinct event_id) > 1
) as copied on copied.source = event.source and copied.event_key = event.event_key
where said.{{ id }} is not null
qualify row_number() over (
    partition by said.source, event.event_key, said.{{ id }} order by said.{{ latest_first | join(', said.') }}
) > 1
{% endmacro %}

{#- `rows`, landed as `entity`, with the key of their delivery and of their person (NULL when nobody is identified). Texts meet the few
    deliveries only; the many rows meet by number, and only the persons of this entity. -#}
{% macro with_person(rows, entity) %}
{%- set deliveries -%}
(select source, delivery_id, {{ key(['source', 'delivery_id']) }} as delivery_key from {{ source('landing', 'delivery') }} where entity = '{{ entity }}')
{%- endset -%}
select row.*, delivery.delivery_key, person.participant_key
from {{ rows }} as row
left join {{ deliveries }} as delivery on delivery.source = row.source and delivery.delivery_id = row.delivery_id
left join (
    select delivery.delivery_key, person.row_number, person.participant_key
    from {{ source('landing', 'participant_row') }} as person
    inner join {{ deliveries }} as delivery on delivery.source = person.source and delivery.delivery_id = person.delivery_id
) as person on person.delivery_key = delivery.delivery_key and person.row_number = row.row_number
{% endmacro %}
