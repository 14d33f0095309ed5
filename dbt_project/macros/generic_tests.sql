{#- What a table promises about its rows, in one test per model (a test costs dbt far more than the scan it makes).
      unique:    lists of columns; no two rows share all of one list (NULL counts as a value)
      not_null:  columns present in every row
      points_to: {column, to, field}: the column is found in `to`.`field` in every row
      one_of:    {column, values}: the column holds one of the values in every row
    Returns one row per broken promise, with the number of rows (or combinations) that break it. -#}
{% test keeps(model, unique, not_null=[], points_to=[], one_of=[]) %}
{% for columns in unique %}
select 'unique {{ columns | join(', ') }}' as promise, count(*) as nb_broken
from (select 1 from {{ model }} group by {{ columns | join(', ') }} having count(*) > 1)
having count(*) > 0
union all
{% endfor %}
{% for column in not_null %}
select 'not_null {{ column }}', count(*) from {{ model }} where {{ column }} is null having count(*) > 0
union all
{% endfor %}
{% for pointer in points_to %}
select '{{ pointer.column }} points to {{ pointer.field }}', count(*)
from {{ model }} as pointing
left join {{ pointer.to }} as target on target.{{ pointer.field }} = pointing.{{ pointer.column }}
where target.{{ pointer.field }} is null
having count(*) > 0
union all
{% endfor %}
{% for choice in one_of %}
select 'one_of {{ choice.column }}', count(*)
from {{ model }}
where {{ choice.column }} is null or {{ choice.column }} not in ('{{ choice['values'] | join("', '") }}')
having count(*) > 0
union all
{% endfor %}
select null, null where false
{% endtest %}
