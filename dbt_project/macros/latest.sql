{#- Of each thing that was landed several times (`key`, in its source), the version that `latest_first` puts first, beside `earlier`: columns computed
    over all its versions (window `versions`). Looks closely at nothing but what came twice. -#}
{% macro latest_rows(relation, columns, key, latest_first, earlier={}) %}
with repeated as (
    select source, {{ key | join(', ') }} from {{ relation }} group by all having count(*) > 1
)

select {{ columns | join(', ') }}{% for name, (expression, type) in earlier.items() %}, cast(null as {{ type }}) as {{ name }}{% endfor %}
from {{ relation }}
anti join repeated using (source, {{ key | join(', ') }})
union all
select {{ columns | join(', ') }}{% for name, (expression, type) in earlier.items() %}, {{ expression }}{% endfor %}
from {{ relation }}
semi join repeated using (source, {{ key | join(', ') }})
window versions as (partition by source, {{ key | join(', ') }})
qualify row_number() over (partition by source, {{ key | join(', ') }} order by {{ latest_first | join(', ') }}) = 1
{% endmacro %}

{#- `rows` with the key of their delivery and of their person (NULL when nobody is identified). Texts meet the few deliveries only; the
    many rows meet by number. -#}
{% macro with_person(rows) %}
select row.*, delivery.delivery_key, person.participant_key
from {{ rows }} as row
left join (
    select source, delivery_id, {{ key(['source', 'delivery_id']) }} as delivery_key from {{ source('landing', 'delivery') }}
) as delivery on delivery.source = row.source and delivery.delivery_id = row.delivery_id
left join (
    select delivery.delivery_key, person.row_number, person.participant_key
    from {{ source('landing', 'participant_row') }} as person
    inner join (
        select source, delivery_id, {{ key(['source', 'delivery_id']) }} as delivery_key from {{ source('landing', 'delivery') }}
    ) as delivery on delivery.source = person.source and delivery.delivery_id = person.delivery_id
) as person on person.delivery_key = delivery.delivery_key and person.row_number = row.row_number
{% endmacro %}
