{#- Who an organisation is: the place of a label, the words that name none, families and size bands of the trade. -#}

{#- Department of a postcode, as directories write it: 2A and 2B in Corsica, three digits overseas. It is what places the label of an organisation. -#}
{% macro department_of_postcode(postcode) -%}
case
    when left({{ postcode }}, 3) in ('200', '201') then '2A'
    when left({{ postcode }}, 2) = '20' then '2B'
    when left({{ postcode }}, 2) in ('97', '98') then left({{ postcode }}, 3)
    else left({{ postcode }}, 2)
end
{%- endmacro %}

{#- The number by which the rows that say an organisation in the same words meet, among themselves and with int_organisation_labels. It is worth
    nothing outside of one candidate: DuckDB may count otherwise tomorrow. -#}
{% macro said_number(organisation_text, siren, place) -%}
hash({{ organisation_text }}, {{ siren }}, {{ place }})
{%- endmacro %}

{#- The line of int_organisation_labels of a row that says an organisation in its own words (its said_number). A row that names none finds
    none. -#}
{% macro join_organisation(row, name='organisation') -%}
left join {{ ref('int_organisation_labels') }} as {{ name }} on {{ name }}.said_number = {{ row }}.said_number
{%- endmacro %}

{#- Folded answers to « votre structure » that name no organisation: all that `sources.values.text.is_missing` knows (tests/dbt_project holds it to
    that), and who answers that they are nobody's. -#}
{% macro names_no_organisation(label_key) -%}
{{ label_key }} in (
    'aucun', 'aucune', 'sans', 'neant', 'non', 'rien', 'na', 'n a', 'nc', 'x', 'xx', 'xxx', 'ras', 'sans objet', 'so', 's o',
    'particulier', 'particuliere', 'individuel', 'individuelle', 'a titre individuel', 'a titre personnel', 'titre personnel',
    'citoyen', 'citoyenne', 'habitant', 'habitante', 'independant', 'independante', 'retraite', 'retraitee', 'etudiant',
    'etudiante', 'demandeur d emploi', 'demandeuse d emploi', 'sans emploi', 'moi meme', 'personnel', 'perso', 'autre',
    'non concerne', 'non concernee', 'benevole', 'salarie', 'salariee', 'elu', 'elue',
    'nd', 'n d', 'n c', 'nr', 'n r', 'vide', 'null', 'none', 'inconnu', 'inconnue', 'pas d information', 'a definir', 'a preciser',
    'a confirmer', 'a venir', 'en attente', 'non communique', 'non communiquee', 'non renseigne', 'non renseignee', 'non connu',
    'non connue', 'non disponible')
{%- endmacro %}

{#- Whether a text is what a spreadsheet program shows of a formula that failed: « #REF! ». Folded, it may be a name. -#}
{% macro is_sheet_error(text) -%}
regexp_full_match(upper(trim({{ text }})), '#(N/[AD]|DIV/0 ?!|(REF|VALEUR|VALUE|NOMBRE|NUM|NUL|NULL|PROPAGATION|SPILL|CALC|CHAMP|FIELD) ?!|(NOM|NAME) ?\?)|ERR ?: ?5[0-9][0-9]')
{%- endmacro %}

{#- The family somebody declares, in any words; NULL when they say none of ours. -#}
{% macro declared_family(words) -%}
case
    when regexp_matches({{ fold(words) }}, '\bhors (de l )?ess\b|\bnon ess\b|collectivite|\bepci\b|\bcommune\b|\bregion\b|administration|service public|etablissement public|entreprise classique|\betat\b') then 'non_ess'
    when regexp_matches({{ fold(words) }}, 'cooperati|\bscops?\b|\bscics?\b|\bcae\b|\bcoop\b') then 'cooperative'
    when regexp_matches({{ fold(words) }}, 'mutuelle|mutualiste') then 'mutual'
    when regexp_matches({{ fold(words) }}, 'fondation|fonds de dotation') then 'foundation'
    when regexp_matches({{ fold(words) }}, '\bassociati(on|ons|f|ve)\b|\basso\b') then 'association'
    when regexp_matches({{ fold(words) }}, 'societe commerciale|entreprise commerciale|entreprise (de l )?ess|\besus\b') then 'ess_company'
end
{%- endmacro %}

{#- Size bands of employees, from a code of Sirene (« 21 »), a number or words (« 10 à 19 salariés »). A two-digit code of Sirene is
    read as such: those under 21 fall where their own number does. -#}
{% macro size_band(words) -%}
{%- set number = "try_cast(regexp_extract(replace(" ~ words ~ ", ' ', ''), '\\d+') as integer)" -%}
case
    when trim({{ words }}) in ('21', '22', '31') then '50_249'
    when trim({{ words }}) in ('32', '41', '42', '51', '52', '53') then '250_more'
    when regexp_matches({{ fold(words) }}, '^(aucun|sans|pas de) ?salarie') then 'none'
    when regexp_matches({{ fold(words) }}, '^moins de 10\b') then '1_9'
    when {{ number }} is null then 'unknown'
    when {{ number }} = 0 then 'none'
    when {{ number }} < 10 then '1_9'
    when {{ number }} < 50 then '10_49'
    when {{ number }} < 250 then '50_249'
    else '250_more'
end
{%- endmacro %}
