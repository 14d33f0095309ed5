{#- The key under which labels are compared: `sources.values.text.fold`, in SQL. Lower case, accents and ligatures folded,
    everything else to one space, the words st → saint and ste → sainte. tests/dbt_project holds the two equal. -#}
{% macro fold(text) -%}
trim(regexp_replace(regexp_replace(regexp_replace(
    strip_accents(replace(replace(replace(lower({{ text }}), 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss')),
    '[^\p{L}\p{N}]+', ' ', 'g'), '\bst\b', 'saint', 'g'), '\bste\b', 'sainte', 'g'))
{%- endmacro %}

{#- Words without their plural mark: « ateliers internes » and « Atelier interne » give `atelier interne`. -#}
{% macro fold_singular(text) -%}
regexp_replace({{ fold(text) }}, '(\w{3,})[sx]\b', '\1', 'g')
{%- endmacro %}
