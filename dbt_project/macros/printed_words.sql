{#- The words of printed documents, and ours. A figure whose words are not here is not recomputed from rows; it may still be
    set against what its own document enumerates (reference.document_recount). -#}

{#- indicator and dimension of a document → what we measure, over which breakdown. `nb_members`: how many members of the
    breakdown the events meet. -#}
{% macro printed_measures() %}
select *
from (
    values
        {%- for indicator, measure in [
            ('nb_evenements', 'nb_events'), ('nb_participants', 'participants'), ('moyenne_participants', 'mean'),
            ('mediane_participants', 'median'), ('nb_evenements_avec_donnee', 'nb_events_with_data')] %}
        {%- for dimension, breakdown in [
            ('total', 'total'), ('departement', 'department'), ('transition', 'theme'), ('theme', 'theme'), ('mois', 'month'),
            ('type', 'event_kind'), ('modalite', 'modality'), ('commune', 'commune'), ('epci', 'epci')] %}
        ('{{ indicator }}', '{{ dimension }}', '{{ measure }}', '{{ breakdown }}'),
        {%- endfor %}
        {%- endfor %}
        ('nb_structures_organisatrices', 'total', 'nb_members', 'organiser'),
        ('nb_themes', 'document', 'nb_members', 'theme'),
        ('nb_themes', 'theme', 'nb_members', 'theme'),
        ('nb_territoires', 'lieu', 'nb_members', 'commune'),
        ('periode', 'calendrier', 'last_month', 'total'),
        ('nb_jours', 'calendrier', 'nb_days', 'total')
) as words (indicator_word, dimension_word, measure, breakdown)
{% endmacro %}

{#- folded words of a member → its code. Codes, territories and theme labels need no word here. -#}
{% macro printed_members() %}
select *
from (
    values
        {%- for breakdown in ['department', 'modality'] %}
        {%- for words in ['distanciel', 'a distance', 'visio', 'en visio', 'en ligne'] %}
        ('{{ breakdown }}', '{{ words }}', 'online'),
        {%- endfor %}
        {%- for words in ['non disponible', 'non localise', 'non precise', 'inconnu', 'non renseigne'] %}
        ('{{ breakdown }}', '{{ words }}', 'unknown'),
        {%- endfor %}
        {%- endfor %}
        ('modality', 'presentiel', 'in_person'),
        ('modality', 'en presentiel', 'in_person'),
        ('modality', 'hybride', 'hybrid')
) as words (breakdown, words, code)
{% endmacro %}

{#- The word under which a network is discussed, when it is not its own name. -#}
{% macro network_word(network) -%}
case {{ network }} when 'Hauts de France Active' then 'France Active' else {{ network }} end || ' network'
{%- endmacro %}

{#- The dataset that waits until a difference on this indicator is explained. -#}
{% macro blocked_dataset(indicator) -%}
case
    when {{ indicator }} = 'nb_evenements_avec_donnee' then 'ind_quality'
    when {{ indicator }} in ('nb_evenements', 'periode', 'identite', 'titre', 'libelle')
        or {{ indicator }} like 'nb_structures%' then 'ind_events'
    when {{ indicator }} in ('nb_participants', 'moyenne_participants', 'mediane_participants') then 'ind_participation'
    when {{ indicator }} in ('nb_territoires', 'nb_departements') then 'ind_territories'
    else 'ind_reconciliation'
end
{%- endmacro %}
