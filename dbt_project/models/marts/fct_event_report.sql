-- Delay: from the last day of the event to the day, in France, the report was sent, or received when it does not say.
select
    {{ key(['report.source', 'report.report_id']) }} as report_key,
    event.event_key,
    event.programme_key,
    report.source,
    report.report_id,
    report.participants is not null as has_count,
    coalesce(report.submitted_at, report.delivered_at) as submitted_at,
    report.submitted_at is null as is_submission_deduced,
    case
        when described.date_precision in ('day', 'range')
            then cast(date_diff('day', described.ends_on, {{ day_in_france('coalesce(report.submitted_at, report.delivered_at)') }}) as integer)
    end as delay_days,
    {{ key(['report.source', 'report.delivery_id']) }} as delivery_key,
    report.row_number
from {{ ref('stg_event_reports') }} as report
inner join {{ ref('int_event_references') }} as event on {{ event_named_by('report') }}
left join {{ ref('stg_events') }} as described
    on described.source = event.event_source and described.event_id = event.found_event_id
