{#- A candidate is a new file: there is nothing to back up, rename, index, grant or comment. dbt-duckdb's own materialization looks
    for all that in every model, a third of the time of a small night. -#}
{% materialization table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {{ drop_relation_if_exists(load_cached_relation(this)) }}
    {% call statement('main') -%}
        create table {{ target }} as (
            {{ sql }}
        )
    {%- endcall %}
    {%- if config.get('contract').enforced -%}
        {%- do assert_contract_holds(target) -%}
    {%- endif -%}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {{ drop_relation_if_exists(load_cached_relation(this)) }}
    {% call statement('main') -%}
        create view {{ target }} as (
            {{ sql }}
        )
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#- The columns that the table has are those declared, in this order and of these types. dbt asks the query before the table is made,
    and so has DuckDB plan every model three times: a fifth of the time of a small night. Here it asks the table, which goes with
    its candidate when the contract is broken. -#}
{% macro assert_contract_holds(relation) %}
    {%- set declared = [] -%}
    {%- for column in model['columns'].values() -%}
        {%- do declared.append({'name': column['name'], 'data_type': column['data_type'], 'formatted': column['name'] ~ ' ' ~ column['data_type'] | upper}) -%}
    {%- endfor -%}
    {%- set built = format_columns(adapter.get_column_schema_from_query('select * from ' ~ relation ~ ' limit 0')) -%}
    {%- if declared | map(attribute='formatted') | list != built | map(attribute='formatted') | list -%}
        {%- do exceptions.raise_contract_error(declared, built) -%}
    {%- endif -%}
{% endmacro %}
