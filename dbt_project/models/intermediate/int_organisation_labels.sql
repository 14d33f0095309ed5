-- What each label stands for. In order: the SIREN typed with it; an alias; a known name (that of the same department when several
-- bear it); the one SIREN this very name was typed with elsewhere; a near name of the same department, or one letter away anywhere,
-- when one only is near enough and both have the same numbers. Anything else is an organisation of its own, named as it was written.
with said as (
    {% for entity in ['registration', 'attendance', 'feedback'] %}
    select organisation_text, siren, {{ department_of_postcode('postcode') }} as place from {{ source('landing', entity) }}
    union
    {% endfor %}
    select label as organisation_text, null as siren, null as place
    from (select unnest(organiser_labels) as label from {{ ref('stg_events') }})
),

folded as materialized (
    select organisation_text, case when {{ is_sheet_error('organisation_text') }} then '' else {{ fold('organisation_text') }} end as label_key
    from (select distinct organisation_text from said where organisation_text is not null)
),

labels as materialized (
    select said.*, coalesce(folded.label_key, '') as label_key
    from said
    left join folded using (organisation_text)
    where said.siren is not null or folded.label_key <> ''
),

spoken as (select distinct label_key, siren, place from labels),

sirens as (
    select siren, min(organisation_id) as organisation_id from {{ ref('int_organisations') }} where siren is not null group by all
),

aliases as (
    select label_key, any_value(organisation_id) as organisation_id
    from {{ source('reference', 'organisation_alias') }}
    where programme_id is null
    group by label_key
    having count(distinct organisation_id) = 1
),

names as (
    select distinct name_key, place, organisation_id from {{ ref('int_known_organisations') }}
),

by_name as (
    select name_key, any_value(organisation_id) as organisation_id
    from names
    group by all
    having count(distinct organisation_id) = 1
),

by_name_and_place as (
    select name_key, place, any_value(organisation_id) as organisation_id
    from names
    where place is not null
    group by all
    having count(distinct organisation_id) = 1
),

learned as (
    select label_key, any_value(siren) as siren
    from spoken
    where siren is not null and label_key <> ''
    group by all
    having count(distinct siren) = 1
),

resolved as (
    select
        spoken.*,
        case when spoken.siren is not null then coalesce(sirens.organisation_id, 'SIREN-' || spoken.siren) end as with_siren,
        aliases.organisation_id as with_alias,
        coalesce(by_name_and_place.organisation_id, by_name.organisation_id) as with_name,
        case when learned.siren is not null then coalesce(seen.organisation_id, 'SIREN-' || learned.siren) end as with_learned
    from spoken
    left join sirens on sirens.siren = spoken.siren
    left join aliases on aliases.label_key = spoken.label_key
    left join by_name_and_place
        on by_name_and_place.name_key = spoken.label_key and by_name_and_place.place = spoken.place
    left join by_name on by_name.name_key = spoken.label_key
    left join learned on learned.label_key = spoken.label_key
    left join sirens as seen on seen.siren = learned.siren
),

pending as (
    select distinct label_key, place
    from resolved
    where coalesce(with_siren, with_alias, with_name, with_learned) is null
        and length(label_key) >= 6
        and not {{ names_no_organisation('label_key') }}
),

-- two texts that one letter tells apart (one more, one less, another, two exchanged) are equal once a letter is taken from one or both:
-- so they are found without comparing every label with every name; the parts meet by number, and the texts decide
{% for text, texts in [('label_key', 'pending'), ('name_key', 'names')] %}
{{ text }}_parts as (
    -- the place after the last letter leaves the text itself
    select {{ text }}, hash(left({{ text }}, cast(place_of as integer) - 1) || substr({{ text }}, cast(place_of as integer) + 1)) as part
    from (select distinct {{ text }} from {{ texts }} where length({{ text }}) >= 11), unnest(range(1, length({{ text }}) + 2)) as letters (place_of)
),
{% endfor %}
one_letter_away as (
    select distinct label_key_parts.label_key, name_key_parts.name_key
    from label_key_parts
    inner join name_key_parts using (part)
    where length(label_key_parts.label_key) >= 12
        and left(name_key_parts.name_key, 1) = left(label_key_parts.label_key, 1)
        and damerau_levenshtein(label_key_parts.label_key, name_key_parts.name_key) = 1
),

-- in the same department a near name is enough; anywhere, one letter of a long name
alike as (
    select pending.label_key, pending.place, names.name_key, names.organisation_id
    from pending
    inner join names on names.place = pending.place and left(names.name_key, 1) = left(pending.label_key, 1)
    where abs(length(names.name_key) - length(pending.label_key)) <= 4
        and jaro_winkler_similarity(pending.label_key, names.name_key) >= {{ var('organisation_near_name') }}
    union all
    select pending.label_key, pending.place, names.name_key, names.organisation_id
    from pending
    inner join one_letter_away using (label_key)
    inner join names using (name_key)
),

close as (
    select label_key, place, organisation_id, max(jaro_winkler_similarity(label_key, name_key)) as score
    from alike
    where regexp_replace(name_key, '\D', '', 'g') = regexp_replace(label_key, '\D', '', 'g')
    group by all
),

near as (
    select *
    from close
    -- the best one, when no other is as near
    qualify row_number() over (partition by label_key, place order by score desc, organisation_id) = 1
        and score - coalesce(lead(score) over (partition by label_key, place order by score desc, organisation_id), 0) >= 0.01
),

-- organisers are public; what somebody typed as their organisation may be a person
organisers as (
    select distinct {{ fold('label') }} as label_key
    from (select unnest(organiser_labels) as label from {{ ref('stg_events') }})
),

decided as (
    select
        resolved.label_key,
        resolved.siren,
        resolved.place,
        near.score,
        case
            when with_siren is not null then 'siren'
            when {{ names_no_organisation('resolved.label_key') }} then 'none'
            when with_alias is not null then 'alias'
            when with_name is not null then 'name'
            when with_learned is not null then 'seen_with_siren'
            when near.organisation_id is not null then 'near_name'
            else 'label'
        end as method,
        coalesce(
            with_siren, with_alias, with_name, with_learned, near.organisation_id,
            case when organisers.label_key is not null then {{ label_id('resolved.label_key') }}
            else {{ said_id('resolved.label_key') }} end
        ) as found
    from resolved
    left join organisers using (label_key)
    left join near on near.label_key = resolved.label_key and near.place is not distinct from resolved.place
)

select
    {{ said_number('labels.organisation_text', 'labels.siren', 'labels.place') }} as said_number,
    labels.organisation_text,
    labels.siren,
    labels.place,
    labels.label_key,
    case when decided.method <> 'none' then decided.found end as organisation_id,
    case when decided.method <> 'none' then {{ key(['decided.found']) }} end as organisation_key,
    decided.method,
    case decided.method when 'near_name' then decided.score when 'label' then null when 'none' then null else 1.0::double end as score
from labels
inner join decided
    on decided.label_key = labels.label_key
    and decided.siren is not distinct from labels.siren
    and decided.place is not distinct from labels.place
