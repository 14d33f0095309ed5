{#- Surrogate keys: the first 60 bits of md5 over the natural key, as BIGINT. The same natural key gives the same integer
    every night, on every engine that has md5, without a table of keys to keep. A collision (chance 4e-10 on 30,000
    rows) fails the uniqueness test of the model. `parts` are SQL expressions; NULL counts as the empty text. -#}
{% macro key(parts) -%}
cast('0x' || substr(md5(concat_ws(chr(31){% for part in parts %}, coalesce(cast({{ part }} as varchar), ''){% endfor %})), 1, 15) as bigint)
{%- endmacro %}

{#- yyyymmdd of a date, 0 (« date inconnue » in dim_date) when there is none. -#}
{% macro date_key(day) -%}
coalesce(cast(strftime({{ day }}, '%Y%m%d') as integer), 0)
{%- endmacro %}
