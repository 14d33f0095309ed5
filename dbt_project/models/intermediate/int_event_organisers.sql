-- Who organised: the whole text is looked up first (an alias of the programme, then a general one), then each of its
-- labels the same way, then among known names. A label nobody knows is an organisation of its own, named as it was written; one that names
-- nobody (« à préciser ») is none, unless an alias says whom it stands for.
with texts as (
    select source, event_id, programme_id, organiser_text, {{ fold('organiser_text') }} as label_key
    from {{ ref('stg_events') }}
    where organiser_text is not null
),

whole as (
    select texts.source, texts.event_id, 0 as label_rank, texts.organiser_text as label, texts.label_key, alias.organisation_id, alias.rank
    from texts
    inner join {{ source('reference', 'organisation_alias') }} as alias
        on alias.label_key = texts.label_key and coalesce(alias.programme_id, texts.programme_id) = texts.programme_id
    qualify dense_rank() over (partition by texts.source, texts.event_id order by alias.programme_id is null) = 1
),

labels as (
    select source, event_id, programme_id, label_rank, label, {{ fold('label') }} as label_key
    from (
        select
            event.source,
            event.event_id,
            event.programme_id,
            generate_subscripts(event.organiser_labels, 1) as label_rank,
            unnest(event.organiser_labels) as label
        from {{ ref('stg_events') }} as event
        anti join whole using (source, event_id)
    )
    where {{ fold('label') }} <> ''
),

labelled as (
    select
        labels.source,
        labels.event_id,
        labels.label_rank,
        labels.label,
        labels.label_key,
        coalesce(alias.organisation_id, known.organisation_id, {{ label_id('labels.label_key') }}) as organisation_id,
        coalesce(alias.rank, 1) as rank
    from labels
    left join {{ ref('int_organisation_labels') }} as known
        on known.organisation_text = labels.label and known.siren is null and known.place is null and known.method <> 'none'
    left join {{ source('reference', 'organisation_alias') }} as alias
        on alias.label_key = labels.label_key and coalesce(alias.programme_id, labels.programme_id) = labels.programme_id
    where alias.organisation_id is not null or not {{ names_no_organisation('labels.label_key') }}
    qualify dense_rank() over (
        partition by labels.source, labels.event_id, labels.label_rank order by alias.programme_id is null
    ) = 1
),

found as (
    select * from whole
    union all by name
    select * from labelled
),

-- an organisation written twice is one organiser, at its first place
once as (
    select *
    from found
    qualify row_number() over (partition by source, event_id, organisation_id order by label_rank, rank) = 1
)

select
    source,
    event_id,
    organisation_id,
    label,
    label_key,
    cast(row_number() over (partition by source, event_id order by label_rank, rank, organisation_id) as integer) as rank
from once
