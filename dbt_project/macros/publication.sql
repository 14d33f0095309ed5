{#- What may leave: every column of a published or shared model says `publish` and `privacy`; nothing personal is published;
    every description opens with its grain. `nodes`: models as in dbt's manifest (dicts). Returns a list of sentences. -#}
{% macro reasons_to_keep_in(nodes) %}
  {%- set reasons = [] -%}
  {%- for node in nodes if node.resource_type == 'model' -%}
    {%- if not (node.description or '').startswith('One row per ') -%}
      {%- do reasons.append(node.name ~ ': the description does not open with its grain (One row per …)') -%}
    {%- endif -%}
    {%- if node.name.split('_')[0] in ('dim', 'fct', 'bridge', 'ind', 'ctl') -%}
      {%- if not node.config.contract.enforced -%}
        {%- do reasons.append(node.name ~ ': no enforced contract') -%}
      {%- endif -%}
      {%- for name, column in node.columns.items() -%}
        {%- set meta = column.meta or {} -%}
        {%- if meta.get('publish') not in (true, false) or meta.get('privacy') not in ('none', 'indirect', 'direct') -%}
          {%- do reasons.append(node.name ~ '.' ~ name ~ ': publish and privacy are not both said') -%}
        {%- elif meta.publish and meta.privacy != 'none' -%}
          {%- do reasons.append(node.name ~ '.' ~ name ~ ': published although privacy is ' ~ meta.privacy) -%}
        {%- endif -%}
        {%- if not column.description -%}
          {%- do reasons.append(node.name ~ '.' ~ name ~ ': no description') -%}
        {%- endif -%}
      {%- endfor -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(reasons) }}
{% endmacro %}

{#- The same as an operation, for the twin test: fails on nodes given by hand. -#}
{% macro refuse_unsafe_nodes(nodes) %}
  {%- set reasons = reasons_to_keep_in(nodes) -%}
  {%- if reasons -%}{{ exceptions.raise_compiler_error(reasons | join('\n')) }}{%- endif -%}
{% endmacro %}
