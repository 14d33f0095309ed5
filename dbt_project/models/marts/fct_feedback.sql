-- Notes are shares of the best one, whatever the scale of the question. An answer that names no event keeps its programme.
select
    {{ key(['answers.source', 'answers.response_id']) }} as response_key,
    event.event_key,
    coalesce(event.programme_key, {{ key(["coalesce(answers.programme_id, '" ~ unknown_programme() ~ "')"]) }}) as programme_key,
    answers.participant_key,
    organisation.organisation_key,
    answers.source,
    answers.response_id,
    answers.satisfaction / 5.0 as satisfaction_share,
    answers.recommendation,
    coalesce(answers.is_complete, true) as is_complete,
    answers.submitted_at,
    answers.delivery_key,
    answers.row_number
from {{ ref('stg_feedback') }} as answers
left join {{ ref('int_event_references') }} as event on {{ event_named_by('answers') }}
{{ join_organisation('answers') }}
