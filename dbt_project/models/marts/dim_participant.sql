-- What a person says of herself, at each question the last answer of the year. The commune is never kept: its EPCI and department are.
with answers as (
    {% for entity, seen in [('registrations', 'coalesce(updated_at, registered_at, delivered_at)'),
                            ('attendances', 'coalesce(joined_at, delivered_at)'),
                            ('feedback', 'coalesce(submitted_at, delivered_at)')] %}
    select participant_key, gender, participant_category, said_number, postcode, commune_text, {{ seen }} as seen_at
    from {{ ref('stg_' ~ entity) }}
    where participant_key is not null
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

categories as (
    select participant_category, {{ participant_category('participant_category') }} as category
    from (select distinct participant_category from answers where participant_category is not null)
),

communes as (
    select name_key, department_code, any_value(epci_code) as epci_code
    from {{ source('reference', 'commune') }}
    where vintage = (select max(vintage) from {{ source('reference', 'commune') }}) and kind = 'commune'
    group by all
    having count(*) = 1
),

places as (
    select
        said.postcode,
        said.commune_text,
        said.department_code,
        communes.epci_code
    from (
        select distinct
            postcode,
            commune_text,
            {{ department_of_postcode('postcode') }} as department_code
        from answers
        where postcode is not null
    ) as said
    left join communes on communes.name_key = {{ fold('said.commune_text') }} and communes.department_code = said.department_code
),

-- people answer the same thing again and again
coded as materialized (
    select
        answers.participant_key,
        {{ gender_code('answers.gender') }} as gender,
        categories.category,
        organisation.organisation_key,
        places.department_code,
        places.epci_code,
        max(answers.seen_at) as seen_at
    from answers
    left join categories using (participant_category)
    {{ join_organisation('answers', 'organisation') }}
    left join places
        on places.postcode = answers.postcode and places.commune_text is not distinct from answers.commune_text
    group by all
),

several as (select participant_key from coded group by participant_key having count(*) > 1),

-- max_by passes over what is not answered
attributes as (
    select participant_key, gender, category, organisation_key, department_code, epci_code
    from coded
    anti join several using (participant_key)
    union all
    select
        participant_key,
        {% for name in ['gender', 'category', 'organisation_key', 'department_code'] %}
        max_by({{ name }}, (seen_at, {{ name }})),
        {% endfor %}
        -- of the same answer as the department
        nullif(max_by(coalesce(epci_code, ''), (seen_at, department_code, coalesce(epci_code, '')))
            filter (where department_code is not null), '')
    from coded
    semi join several using (participant_key)
    group by participant_key
),

-- a name alone may be somebody else's, or one more spelling of a person who left an address elsewhere
addressed as (
    select distinct participant_key
    from {{ source('landing', 'participant_link') }}
    where status = 'accepted' and basis in ('email', 'phone')
)

select
    person.participant_key,
    person.pseudonym,
    person.key_id,
    person.programme_year,
    person.is_returning,
    attributes.gender,
    attributes.category,
    attributes.organisation_key,
    attributes.epci_code,
    attributes.department_code,
    addressed.participant_key is not null as has_address,
    person.nb_identities
from {{ source('landing', 'participant') }} as person
left join attributes using (participant_key)
left join addressed using (participant_key)
