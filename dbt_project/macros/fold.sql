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

{#- The organisation of a label that nobody knows: a code made of the label, cut and told apart by a digest when it is long or
    not in plain letters. -#}
{% macro label_id(label_key) -%}
'LABEL-' || case
    when regexp_full_match({{ label_key }}, '[a-z0-9 ]{1,48}') then upper(replace({{ label_key }}, ' ', '-'))
    else upper(left(regexp_replace({{ label_key }}, '[^a-z0-9]+', '-', 'g'), 40)) || '-' || substr(md5({{ label_key }}), 1, 8)
end
{%- endmacro %}

{#- The organisation of a label that persons typed and that nobody knows: a digest, since it may be a name. -#}
{% macro said_id(label_key) -%}
'SAID-' || upper(substr(md5({{ label_key }}), 1, 12))
{%- endmacro %}
