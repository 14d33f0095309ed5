{#- Texts that staff read: numbers and signs in French typography. -#}

{#- 1055 → « 1 055 » with a narrow no-break space. -#}
{% macro fr_count(number) -%}
replace(format('{:,}', cast({{ number }} as bigint)), ',', '{{ "\u202f" }}')
{%- endmacro %}

{#- « événement » or « événements » according to the number (0 and 1 are singular in French). -#}
{% macro fr_plural(number, singular, plural) -%}
case when {{ number }} < 2 then '{{ singular }}' else '{{ plural }}' end
{%- endmacro %}

{% macro fr_month_name(month) -%}
(['janvier', 'février', 'mars', 'avril', 'mai', 'juin', 'juillet', 'août', 'septembre', 'octobre', 'novembre',
  'décembre'])[{{ month }}]
{%- endmacro %}

{% macro fr_month_short(month) -%}
(['janv.', 'févr.', 'mars', 'avr.', 'mai', 'juin', 'juil.', 'août', 'sept.', 'oct.', 'nov.', 'déc.'])[{{ month }}]
{%- endmacro %}

{#- Sentences of a caveat, joined by a space; NULL sentences are left out, nothing left gives NULL. -#}
{% macro fr_caveat(sentences) -%}
nullif(concat_ws(' '{% for sentence in sentences %}, {{ sentence }}{% endfor %}), '')
{%- endmacro %}
