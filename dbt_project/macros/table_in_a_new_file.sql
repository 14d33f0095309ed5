{#- A candidate is a new file: there is nothing to back up, rename, index, grant or comment. dbt-duckdb's own materialization looks
    for all that in every model, a third of the time of a small night. The contract is enforced by create_table_as as before. -#}
{% materialization table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {{ drop_relation_if_exists(load_cached_relation(this)) }}
    {% call statement('main') -%}
        {{ create_table_as(False, target, sql) }}
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
