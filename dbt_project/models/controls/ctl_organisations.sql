{% set presences %}
-- presences without an organisation are in the coverage too
select
    'presences_covered' as control,
    programme.programme_id,
    'total' as member,
    count(presence.attendance_key) as expected,
    coalesce(max(found.n_total), -1) as actual,
    cast(null as varchar) as detail
from {{ ref('dim_programme') }} as programme
left join {{ ref('dim_event') }} as event on event.programme_key = programme.programme_key and event.is_counted
left join {{ ref('fct_attendance') }} as presence on presence.event_key = event.event_key
left join {{ ref('ind_organisations') }} as found
    on found.programme_id = programme.programme_id and found.indicator = 'OR01' and found.breakdown = 'total'
where programme.has_events
group by programme.programme_id
{% endset %}
{{ ctl_table('ind_organisations', [
    presences,
    ctl_members_add_up('families_add_up', ref('ind_organisations'), 'OR01', 'organisation_family', 'OR01'),
    ctl_members_add_up('sizes_add_up', ref('ind_organisations'), 'OR01', 'size_band', 'OR01'),
    ctl_withheld_deletions(ref('stg_organisations'), 'absentes'),
    ctl_every_programme(ref('ind_organisations'), ctl_programmes_with_events()),
    ctl_unexplained('ind_organisations'),
    ctl_earlier_releases('ind_organisations'),
    ctl_conservation(['event', 'organisation']),
]) }}
