{% set months %}
-- no month is missing between the first and the last; without a date there is none
select
    'every_month' as control,
    programme_id,
    'month' as member,
    coalesce(date_diff('month', strptime(min(month), '%Y-%m'), strptime(max(month), '%Y-%m')) + 1, 0) as expected,
    count(month) as actual,
    cast(null as varchar) as detail
from (select programme_id, nullif(member, 'undated') as month from {{ ref('ind_events') }} where indicator = 'EV05')
group by programme_id
{% endset %}
{% set leads %}
-- a lead organiser is an organiser: actual beyond expected is wrong; where no organiser is known, none leads
select
    'lead_within_any' as control,
    programme_id,
    'role' as member,
    coalesce(max(value) filter (where member = 'any'), 0) as expected,
    coalesce(max(value) filter (where member = 'lead'), 0) as lead,
    least(lead, expected) as smaller
from {{ ref('ind_events') }}
where indicator = 'EV08'
group by all
{% endset %}
{% set recount %}
-- counted again from the landed rows, past every model in between
select
    'recount' as control,
    events.programme_id,
    'total' as member,
    events.nb_events as expected,
    coalesce(found.value, -1) as actual,
    cast(null as varchar) as detail
from (
    select named.programme_id, count(counted.event_id) as nb_events
    from (select distinct programme_id from {{ ref('stg_events') }}) as named
    left join ({{ ctl_counted_events() }}) as counted using (programme_id)
    group by all
) as events
left join {{ ref('ind_events') }} as found
    on found.programme_id = events.programme_id and found.indicator = 'EV01' and found.breakdown = 'total'
{% endset %}
{% set deleted %}
-- events that their source no longer shows and to which people came
select
    'deleted_after_people_came' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(distinct event.event_key) as actual,
    string_agg(distinct event.code, ', ' order by event.code) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select dim.programme_key, dim.event_key, dim.code
    from {{ ref('dim_event') }} as dim
    semi join {{ ref('int_event_references') }} as named on named.event_key = dim.event_key and named.has_presence_lines
    where dim.is_deleted
) as event using (programme_key)
where programme.has_events
group by programme.programme_id
{% endset %}
{% set came_unheld %}
-- events that nobody says were held and to which people came, by a list of presences or a report
select
    'came_but_not_held' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(event.event_key) as actual,
    string_agg(event.code, ', ' order by event.code) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select dim.programme_key, dim.event_key, dim.code
    from {{ ref('dim_event') }} as dim
    semi join {{ ref('fct_event_count') }} as came
        on came.event_key = dim.event_key and came.counting_method in ('present', 'reported') and came.value > 0
    where dim.event_status <> 'held' and dim.counts_in_programme and dim.parent_event_key is null and not dim.is_deleted
) as event using (programme_key)
where programme.has_events
group by programme.programme_id
{% endset %}
{% set lost_parents %}
-- events that name one they are a part of, and that one is nowhere: they count for themselves. What was typed may be a name: it is quoted
-- when it is a code
select
    'part_of_nothing' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(event.code) as actual,
    string_agg(event.code || event.named, ', ' order by event.code) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select
        dim.programme_key,
        dim.code,
        case
            when parent.resolution = 'itself' then ' (renvoie à lui-même)'
            when parent.resolution = 'circle' then ' (renvois en boucle)'
            when parent.resolution = 'ambiguous' then ' (plusieurs événements ont ce code)'
            when {{ unknown_event_id('parent.said_event_id') }} = parent.said_event_id then ' (« ' || parent.said_event_id || ' »)'
            else ''
        end as named
    from {{ ref('dim_event') }} as dim
    inner join {{ ref('int_event_parents') }} as parent
        on parent.source = dim.source and parent.event_id = dim.event_id and not parent.is_part
    -- those of which it changes something: what counts, and what may
    where dim.is_counted or (dim.event_status = 'unknown' and dim.counts_in_programme and not dim.is_deleted)
) as event using (programme_key)
where programme.has_events
group by programme.programme_id
{% endset %}
{% set uncounted_parents %}
-- events said to be held as a part of one that does not count (announced, cancelled, out of the programme): neither counts
select
    'part_of_what_does_not_count' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(event.code) as actual,
    string_agg(event.code || ' (rattaché à ' || event.parent_code || ')', ', ' order by event.code) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select part.programme_key, part.code, parent.code as parent_code
    from {{ ref('dim_event') }} as part
    inner join {{ ref('dim_event') }} as parent on parent.event_key = part.parent_event_key
    where part.event_status = 'held' and part.counts_in_programme and not part.is_deleted
        and not parent.is_counted and parent.parent_event_key is null
) as event using (programme_key)
where programme.has_events
group by programme.programme_id
{% endset %}
{% set held_ahead %}
-- events said to be held that begin after the day, in Paris, on which the last delivery that says so came. By our own clock: that of whoever wrote
-- the file may be wrong
select
    'held_before_its_day' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(event.code) as actual,
    string_agg(
        event.code || ' (' || strftime(event.starts_on, '%d/%m/%Y') || ', reçu le ' || strftime(event.received_on, '%d/%m/%Y') || ')', ', '
        order by event.code
    ) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select
        dim.programme_key,
        dim.code,
        dim.starts_on,
        {{ day_in_france('delivery.received_at') }} as received_on
    from {{ ref('dim_event') }} as dim
    inner join {{ ref('stg_deliveries') }} as delivery using (source, delivery_id)
    where dim.is_counted
) as event on event.programme_key = programme.programme_key and event.starts_on > event.received_on
where programme.has_events
group by programme.programme_id
{% endset %}
{% set withheld_by_crawls %}
-- events that a crawl says are deleted, and that stay: too many at once
select
    'withheld_deletions' as control,
    cast(null as varchar) as programme_id,
    source as member,
    0 as expected,
    count(*) as actual,
    source || ' : ' || count(*) || ' supprimés d’un coup sur ' || max(nb_open) as detail
from {{ ref('stg_record_showings') }}
where is_withheld and source in (select source from {{ ref('stg_events') }})
group by source
{% endset %}
{% set doubles %}
-- one title of the same lead organisers under several themes: one line copied over another, or one event listed twice
select
    'same_title_other_theme' as control,
    programme.programme_id,
    'total' as member,
    0 as expected,
    count(titled.title_key) as actual,
    string_agg(titled.codes, ' ; ' order by titled.codes) as detail
from {{ ref('dim_programme') }} as programme
left join (
    select programme_key, title_key, string_agg(code || ' (' || themes || ')', ', ' order by code) as codes
    from (
        select
            event.programme_key,
            event.event_key,
            event.code,
            {{ fold('any_value(event.title)') }} as title_key,
            string_agg(distinct organiser.organisation_key, '|' order by organiser.organisation_key) as leads,
            string_agg(distinct theme.code, '+' order by theme.code) as themes
        from {{ ref('dim_event') }} as event
        inner join {{ ref('bridge_event_organiser') }} as organiser on organiser.event_key = event.event_key and organiser.is_lead
        inner join {{ ref('bridge_event_theme') }} as classified on classified.event_key = event.event_key
        inner join {{ ref('dim_theme') }} as theme using (theme_key)
        where not event.is_deleted and event.event_status <> 'cancelled'
        group by event.programme_key, event.event_key, event.code
    )
    group by programme_key, title_key, leads
    having count(distinct themes) > 1
) as titled using (programme_key)
where programme.has_events
group by programme.programme_id
{% endset %}
{% set order_of_lists %}
-- a list of eight dates or more is in their order when one line in eight at most leaves it, each alone: without it, or the one above it,
-- the others go on in order. A list by theme, whose dates begin again with each, is in another order
select
    'list_order' as control,
    cast(null as varchar) as programme_id,
    source || '/' || delivery_id as member,
    0 as expected,
    case when count(*) >= 8 and sum(is_back) * 8 <= count(*) and sum(is_back) = sum(is_alone) then sum(is_back) else 0 end as actual,
    file_name || ' : ' || string_agg(
        'ligne ' || place || ' (' || strftime(starts_on, '%d/%m/%Y') || ' après ' || strftime(above, '%d/%m/%Y') || ')', ', '
        order by row_number
    ) filter (where is_back = 1) as detail
from (
    select
        *,
        coalesce(starts_on < above, false)::integer as is_back,
        (coalesce(starts_on < above, false) and (coalesce(below >= above, true) or coalesce(starts_on >= two_above, true)))::integer as is_alone
    from (
        select
            source,
            delivery_id,
            file_name,
            row_number,
            -- of several sheets read as one, each has its own rows and its own order
            case
                when min(sheet) over in_delivery <> max(sheet) over in_delivery then (row_number % 10000000) || ' de « ' || sheet || ' »'
                else row_number::varchar
            end as place,
            starts_on,
            lag(starts_on) over in_file as above,
            lag(starts_on, 2) over in_file as two_above,
            lead(starts_on) over in_file as below
        from {{ source('landing', 'event') }}
        where date_precision = 'day' and source not in (select source from {{ ref('stg_record_showings') }})
        window
            in_delivery as (partition by source, delivery_id),
            in_file as (partition by source, delivery_id, sheet order by row_number)
    )
)
group by source, delivery_id, file_name
{% endset %}
{{ ctl_table('ind_events', [
    ctl_members_add_up('departments_add_up', ref('ind_events'), 'EV04', 'department', 'EV01'),
    ctl_members_add_up('months_add_up', ref('ind_events'), 'EV05', 'month', 'EV01'),
    ctl_members_add_up('theme_shares_add_up', ref('ind_events'), 'EV03', 'theme', 'EV01'),
    ctl_members_add_up('modalities_add_up', ref('ind_events'), 'EV01', 'modality', 'EV01'),
    ctl_every_department(ref('ind_events'), 'EV04'),
    months,
    "select control, programme_id, member, lead as actual, smaller as expected, 'tout rôle : ' || expected as detail from (" ~ leads ~ ")",
    recount,
    ctl_every_programme(ref('ind_events'), ctl_programmes_with_events()),
    ctl_unexplained('ind_events'),
    ctl_earlier_releases('ind_events'),
    ctl_withheld_deletions(ref('stg_events'), 'absents'),
    withheld_by_crawls,
    deleted,
    came_unheld,
    lost_parents,
    uncounted_parents,
    held_ahead,
    doubles,
    order_of_lists,
    ctl_conservation(['event']),
]) }}
