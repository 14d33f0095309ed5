{#- History as a pure function of every landed version: the same whatever the nights on which the deliveries were read.

    A version of a row holds from the moment its document showed it (or its platform) until that shows another one, or none. A document is
    one file name, or what a contract says several files are versions of. Files may
    describe the same thing: the one shown last is right. A delivery that would close more than half of what its file described, and at
    least five rows, closes none (stg_file_showings, stg_record_showings): a truncated export is not a deletion. -#}

{#- Whether `nb_closed` of `nb_open` rows is too much to be believed without somebody's word. -#}
{% macro is_withheld(nb_closed, nb_open) -%}
({{ nb_closed }} >= 5 and {{ nb_closed }} * 2 > {{ nb_open }})
{%- endmacro %}

{#- One row per (source, id) and span of time during which nothing changed: the columns of `versions`, valid_from, valid_to,
    is_current, is_deleted. Where it came from (delivery, row) is that of the last version saying so. A workbook sent every night for a year
    is hundreds of versions of each row: they are compared by a number, and whole rows are fetched for what changed. -#}
{% macro version_history(versions, id) %}
with landed as (
    select
        source, delivery_id, row_number, {{ id }}, record_key, delivered_at,
        hash(struct_pack(*columns(* exclude (delivery_id, file_name, sheet, row_number, delivered_at, corrections, record_key)))) as content
    from {{ versions }}
    qualify row_number() over (partition by source, delivery_id, {{ id }}, record_key order by row_number desc) = 1
),

-- until when each version held: its file showed the same thing again, or closed what it no longer showed
in_files as (
    select
        landed.*,
        coalesce(shown.from_at, landed.delivered_at) as from_at,
        least(
            lead(shown.from_at) over (partition by landed.source, shown.document, landed.{{ id }} order by shown.rank),
            shown.closes_at
        ) as until_at
    from landed
    left join {{ ref('stg_file_showings') }} as shown
        on shown.source = landed.source and shown.delivery_id = landed.delivery_id
),

-- a record of a platform: until it was shown again or deleted
records as (
    select landed.source, landed.record_key, landed.delivered_at, later.delivered_at as until_at
    from (select distinct source, record_key, delivered_at from landed where record_key is not null) as landed
    asof join (select source, record_key, delivered_at from {{ ref('stg_record_showings') }} where not is_withheld) as later
        on later.source = landed.source and later.record_key = landed.record_key and landed.delivered_at < later.delivered_at
),

spans as (
    select in_files.* replace (least(in_files.until_at, records.until_at) as until_at)
    from in_files
    left join records
        on records.source = in_files.source
        and records.record_key = in_files.record_key
        and records.delivered_at = in_files.delivered_at
),

moments as (
    select source, {{ id }}, from_at as moment from spans
    union
    select source, {{ id }}, until_at from spans where until_at is not null
),

-- where one begins to be shown, none is shown later: of those that begin then, the newest is right
begun as (
    select *, from_at as moment, true as is_shown
    from spans
    where until_at is null or until_at > from_at
    qualify row_number() over (
        partition by source, {{ id }}, from_at order by delivered_at desc, delivery_id desc, row_number desc
    ) = 1
),

-- at the other moments, the version shown last of those that hold; when none does, the one that held last
ended as (
    select
        spans.*,
        moments.moment,
        coalesce(spans.until_at > moments.moment, true) as is_shown
    from moments
    anti join begun on begun.source = moments.source and begun.{{ id }} = moments.{{ id }} and begun.moment = moments.moment
    inner join spans
        on spans.source = moments.source and spans.{{ id }} = moments.{{ id }} and spans.from_at <= moments.moment
    qualify row_number() over (
        partition by moments.source, moments.{{ id }}, moments.moment
        order by
            coalesce(spans.until_at > moments.moment, true) desc,
            case when spans.until_at <= moments.moment then spans.until_at end desc,
            spans.from_at desc, spans.delivered_at desc, spans.delivery_id desc, spans.row_number desc
    ) = 1
),

states as (
    select * from begun
    union all by name
    select * from ended
),

marked as (
    select
        *,
        coalesce(
            content is distinct from lag(content) over (partition by source, {{ id }} order by moment)
            or is_shown is distinct from lag(is_shown) over (partition by source, {{ id }} order by moment),
            true
        ) as is_change
    from states
),

numbered as (
    select *, sum(is_change::integer) over (partition by source, {{ id }} order by moment) as change_number from marked
),

periods as (
    select *, min(moment) over (partition by source, {{ id }}, change_number) as valid_from
    from numbered
    qualify row_number() over (partition by source, {{ id }}, change_number order by moment desc) = 1
)

select
    version.*,
    periods.valid_from,
    lead(periods.valid_from) over (partition by periods.source, periods.{{ id }} order by periods.valid_from) as valid_to,
    lead(periods.valid_from) over (partition by periods.source, periods.{{ id }} order by periods.valid_from) is null as is_current,
    not periods.is_shown as is_deleted
from periods
inner join {{ versions }} as version
    on version.source = periods.source and version.delivery_id = periods.delivery_id and version.row_number = periods.row_number
    and version.{{ id }} = periods.{{ id }} and version.record_key is not distinct from periods.record_key
{% endmacro %}
