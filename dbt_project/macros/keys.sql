{#- Surrogate keys: the first 60 bits of md5 over the natural key, as BIGINT. The same natural key gives the same integer
    every night, on every engine that has md5, without a table of keys to keep. A collision (chance 4e-10 on 30,000
    rows) fails the uniqueness test of the model. `parts` are SQL expressions; NULL counts as the empty text. -#}
{% macro key(parts) -%}
cast('0x' || substr(md5(concat_ws(chr(31){% for part in parts %}, coalesce(cast({{ part }} as varchar), ''){% endfor %})), 1, 15) as bigint)
{%- endmacro %}

{#- yyyymmdd of a date, 0 (« date inconnue » in dim_date) when there is none. -#}
{% macro date_key(day) -%}
coalesce(cast(strftime({{ day }}, '%Y%m%d') as integer), 0)
{%- endmacro %}

{#- The day it was in France at an instant (UTC), by arithmetic: of a million instants the zone's own table takes 0.6 s more, this 0.1 s.
    France is one hour ahead, two in summer, from the last Sunday of March to that of October: the season says the day of 22:00 to 23:00
    only. tests/dbt_project holds it to the zone for the years of dim_date. -#}
{% macro day_in_france(instant) -%}
{%- set sunday = 'day(' ~ instant ~ ') - isodow(' ~ instant ~ ') % 7' -%}
cast(
    case
        when hour({{ instant }}) < 22 then {{ instant }}
        when hour({{ instant }}) = 23
            or month({{ instant }}) between 4 and 9
            or (month({{ instant }}) = 3 and {{ sunday }} >= 25)
            or (month({{ instant }}) = 10 and {{ sunday }} < 25)
            then {{ instant }} + interval 2 hour
        else {{ instant }}
    end as date
)
{%- endmacro %}

{#- The key of the day in France of an instant. Outside the years of dim_date there is no day to point to. -#}
{% macro day_key(instant) -%}
{%- set day = day_in_france(instant) -%}
case
    when {{ instant }} >= timestamp '1999-12-31 23:00:00' and {{ instant }} < timestamp '2099-12-31 23:00:00'
        then cast(year({{ day }}) * 10000 + month({{ day }}) * 100 + day({{ day }}) as integer)
    else 0
end
{%- endmacro %}

{#- The reference under which facts of an event nobody described are kept: `event_id` when it is a code, one that the gate lets pass
    (`members_are_codes`). What was typed may name a person. -#}
{% macro unknown_event_id(event_id) -%}
case
    when regexp_full_match({{ event_id }}, '[0-9A-Za-z][0-9A-Za-z_.:-]{0,39}')
        and regexp_matches({{ event_id }}, '[0-9]')
        and not regexp_full_match({{ event_id }}, '(33|0)[1-9][0-9._:-]{8,16}')
        then {{ event_id }}
    else 'REF-' || substr(md5({{ event_id }}), 1, 10)
end
{%- endmacro %}

{#- A join with `int_event_references as event`: the one line by which the rows named `row` name their event. -#}
{% macro event_named_by(row) -%}
event.source = {{ row }}.source
    and event.event_id = {{ row }}.event_id
    and coalesce(event.programme_id, '') = coalesce({{ row }}.programme_id, '')
{%- endmacro %}

{#- The programme of facts that say none and whose event nobody described. -#}
{% macro unknown_programme() -%} PROGRAMME-INCONNU {%- endmacro %}

{#- The member of the breakdown « event »: the identifier of the event when it is a code, told apart by its source when two sources of the
    programme use it. -#}
{% macro event_member(source, event_id, programme) -%}
{{ unknown_event_id(event_id) }} || case
    when count(*) over (partition by {{ programme }}, {{ unknown_event_id(event_id) }}) > 1 then '.' || substr(md5({{ source }}), 1, 6)
    else ''
end
{%- endmacro %}
