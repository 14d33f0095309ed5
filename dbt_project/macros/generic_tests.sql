{#- Grain: no two rows carry the same combination (NULL counts as a value). -#}
{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}, count(*) as nb_rows
from {{ model }}
group by all
having count(*) > 1
{% endtest %}

{#- `key` (integer) present in every row and found in `to`.`field`. One scan instead of not_null + relationships. -#}
{% test points_to(model, column_name, to, field) %}
select pointing.{{ column_name }}
from {{ model }} as pointing
left join {{ to }} as target on target.{{ field }} = pointing.{{ column_name }}
where target.{{ field }} is null
{% endtest %}

{% test one_of(model, column_name, values) %}
select {{ column_name }}, count(*) as nb_rows
from {{ model }}
where {{ column_name }} is null or {{ column_name }} not in ('{{ values | join("', '") }}')
group by all
{% endtest %}
