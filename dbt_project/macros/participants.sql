{#- What persons say of themselves, in the codes of the indicators. -#}

{#- Category of a participant, from the answer in any words; NULL when it says none. Élus, agents of public bodies, people of the ESS,
    others. A profession alone (« directrice ») says none of the four. -#}
{% macro participant_category(words) -%}
case
    when regexp_matches({{ fold(words) }}, '\b(elus?|elues?|elu e|elue?s? locales?|elus? locaux|maires?|depute|deputee|senateur|senatrice|president de region|adjointe? au maire|conseill(er|ere|ers|eres) (municipal|departemental|regional|communautaire)\w*)\b|^elected$')
        then 'elected'
    when regexp_matches({{ fold(words) }}, '\bhors (de l )?ess\b|\bnon ess\b|entreprises? classiques?|secteur prive|\b(autres?|particuli(er|ere)s?|habitante?s?|citoyen(ne)?s?|etudiante?s?|lyceen(ne)?s?|retraite(e)?s?|demandeu(r|se)s? d emploi|journalistes?|presse|medias?|chercheu(r|se)s?|grand public|entreprises?|other|public)\b')
        and not regexp_matches({{ fold(words) }}, 'service public|fonction publique|agents?\b|entreprises? (de l )?ess\b|economie sociale')
        then 'other'
    when regexp_matches({{ fold(words) }}, '\bagente?s?\b|collectivite|fonctionnaire|fonction publique|service public|services? de l etat|technicien(ne)?s? territorial|\bepci\b|communaute (de communes|d agglomeration|urbaine)|metropole|\bregion\b|\bdepartement\b|\bmairie\b|administration')
        then 'agent'
    when regexp_matches({{ fold(words) }}, '\bess\b|economie sociale|associati(on|ons|f|ve)\b|\basso\b|benevoles?|cooperati|\bscops?\b|\bscics?\b|mutuelle|mutualiste|fondation|entrepreneu(r|se)s? socia')
        then 'ess'
end
{%- endmacro %}

{#- Gender as the indicators print it: F, H, X (another answer). -#}
{% macro gender_code(gender) -%}
case {{ gender }} when 'F' then 'F' when 'M' then 'H' when 'H' then 'H' when 'other' then 'X' when 'X' then 'X' end
{%- endmacro %}
