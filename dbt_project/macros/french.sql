{#- Texts that staff read: numbers and signs in French typography. -#}

{#- 1055 → « 1 055 » with a narrow no-break space. -#}
{% macro fr_count(number) -%}
replace(format('{:,}', cast({{ number }} as bigint)), ',', '{{ "\u202f" }}')
{%- endmacro %}

{#- 1058 → « 1 058 », 31.97 → « 31,97 »: two decimals at most. -#}
{% macro fr_number(number) -%}
case
    when round({{ number }}, 2) = round({{ number }}) then {{ fr_count(number) }}
    else replace(cast(round({{ number }}, 2) as varchar), '.', ',')
end
{%- endmacro %}

{#- A code in the words of a document: `nb_evenements` → « nombre d’événements », as `publication.wording.document_words`; tests/dbt_project
    holds the two equal. -#}
{% macro fr_document_words(code) -%}
{%- set words = namespace(sql="replace(" ~ code ~ ", '_', ' ')") -%}
{%- set words.sql = "regexp_replace(" ~ words.sql ~ ", '^nb ([aeiouhéè])', 'nombre d’\\1')" -%}
{%- set words.sql = "regexp_replace(" ~ words.sql ~ ", '^nb ', 'nombre de ')" -%}
{%- for plain, accented in [
    ('evenement', 'événement'),
    ('donnee', 'donnée'),
    ('identite', 'somme des parties'),
    ('departement', 'département'),
    ('periode', 'période'),
    ('libelle', 'libellé'),
    ('echeance', 'échéance'),
] -%}
{%- set words.sql = "replace(" ~ words.sql ~ ", '" ~ plain ~ "', '" ~ accented ~ "')" -%}
{%- endfor -%}
{{ words.sql }}
{%- endmacro %}

{#- A breakdown whose members come and go, named before one of them. -#}
{% macro fr_breakdown(breakdown) -%}
case {{ breakdown }} when 'month' then 'mois' when 'department' then 'département' when 'epci' then 'intercommunalité' else {{ breakdown }} end
{%- endmacro %}

{#- Which printed figure: « nombre d’événements, département 62 ». -#}
{% macro fr_printed_figure(indicator, dimension, member) -%}
{{ fr_document_words(indicator) }} || ', ' || {{ fr_document_words(dimension) }}
|| case when {{ member }} = 'total' then '' else ' ' || {{ member }} end
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
