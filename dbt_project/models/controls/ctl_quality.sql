{% set coverage %}
-- the reports counted here are those that PA01 adds up
select
    'same_reports' as control,
    quality.programme_id,
    'QU01' as member,
    total.n_with_data as expected,
    quality.numerator as actual,
    cast(null as varchar) as detail
from {{ ref('ind_quality') }} as quality
left join {{ ref('ind_participation') }} as total
    on total.programme_id = quality.programme_id and total.indicator = 'PA01' and total.breakdown = 'total'
where quality.indicator = 'QU01'
{% endset %}
{% set presences %}
-- the presences of the match rate are those of the participation table; -1 stands for « nobody » on both sides
select
    'same_presences' as control,
    quality.programme_id,
    'QU02' as member,
    coalesce(nullif(total.value, 0), -1) as expected,
    coalesce(quality.denominator, -1) as actual,
    cast(null as varchar) as detail
from {{ ref('ind_quality') }} as quality
left join {{ ref('ind_participation') }} as total
    on total.programme_id = quality.programme_id and total.indicator = 'PA02' and total.breakdown = 'total'
where quality.indicator = 'QU02' and quality.breakdown = 'total'
{% endset %}
{% set matches %}
-- presences and those recognised, by event, against their total
{% for column in ['numerator', 'denominator'] %}
select
    'matches_add_up' as control,
    total.programme_id,
    '{{ column }}' as member,
    coalesce(total.{{ column }}, 0) as expected,
    coalesce(sum(part.{{ column }}), 0) as actual,
    cast(null as varchar) as detail
from {{ ref('ind_quality') }} as total
left join {{ ref('ind_quality') }} as part
    on part.programme_id = total.programme_id and part.indicator = total.indicator and part.breakdown = 'event'
where total.indicator = 'QU02' and total.breakdown = 'total'
group by total.programme_id, total.{{ column }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
{% endset %}
{% set volume %}
-- rows of the last delivery of each file-fed source against the median of the earlier versions of its document, or when these are fewer than
-- three, of the earlier deliveries of its source
select
    'usual_volume' as control,
    cast(null as varchar) as programme_id,
    source as member,
    0 as expected,
    (abs(last_rows - usual_rows) >= 5 and last_rows not between usual_rows / 2 and usual_rows * 2)::integer as actual,
    source_title || ' : ' || last_rows || ' lignes, médiane de ' || nb || ' livraisons : ' || {{ fr_count('round(usual_rows)') }} as detail
from (
    select
        source,
        any_value(source_title) as source_title,
        any_value(rows_read) filter (where is_last) as last_rows,
        median(rows_read) filter (where not is_last) as usual_rows,
        count(*) filter (where not is_last) as nb
    from (
        select *, count(*) filter (where is_version) over (partition by source) >= 3 as has_versions
        from (
            select
                source,
                source_title,
                rows_read,
                row_number() over deliveries = 1 as is_last,
                not is_last and document is not distinct from first_value(document) over deliveries as is_version
            from {{ ref('stg_deliveries') }}
            -- a crawl brings what changed: its size says nothing
            where state in ('accepted', 'superseded') and rows_read > 0 and source not in (select source from {{ ref('stg_record_showings') }})
                and file_name not like 'api-%.jsonl'
            window deliveries as (partition by source order by received_at desc, delivery_id desc)
        )
    )
    where is_last or is_version or not has_versions
    group by source
)
where nb >= 3
union all by name
-- rows of a file in force against those of the version it replaced; events and organisations have withheld_deletions
select
    'usual_volume' as control,
    cast(null as varchar) as programme_id,
    source || '/' || delivery_id as member,
    0 as expected,
    (rows_before - rows_read >= 5 and rows_read < rows_before / 2)::integer as actual,
    file_name || ' : ' || rows_read || ' lignes, ' || rows_before || ' dans la version remplacée' as detail
from (
    select
        file.source,
        file.delivery_id,
        file.file_name,
        file.rows_read,
        arg_max(before.rows_read, (before.received_at, before.delivery_id)) as rows_before
    from {{ ref('stg_deliveries') }} as file
    inner join {{ ref('stg_deliveries') }} as before
        on before.source = file.source and before.document = file.document and before.state = 'superseded' and before.rows_accepted > 0
    where file.state = 'accepted' and file.entity not in ('event', 'organisation')
    group by all
)
{% endset %}
{% set copied %}
-- files whose name says what they are about, with the bytes of another: the other is read, they are not
select
    'same_bytes_again' as control,
    cast(null as varchar) as programme_id,
    source || '/' || delivery_id as member,
    0 as expected,
    count(*) as actual,
    source || ' : « ' || string_agg(file_name, ' », « ' order by file_name) || ' » a les mêmes octets que « ' || read_as || ' »' as detail
from {{ source('landing', 'copied_file') }}
group by source, delivery_id, read_as
{% endset %}
{% set unknown_events %}
-- lines of a source that name an event nobody describes, or several: they count for none. The identifier is not told: it may be a file's name
select
    'unknown_event' as control,
    cast(null as varchar) as programme_id,
    source as member,
    0 as expected,
    count(*) filter (where is_placeholder) as actual,
    source || ' : ' || coalesce(sum(nb_rows) filter (where is_placeholder), 0) || ' '
    || {{ fr_plural('coalesce(sum(nb_rows) filter (where is_placeholder), 0)', 'ligne', 'lignes') }} || ', '
    || count(*) filter (where is_placeholder) || ' '
    || {{ fr_plural('count(*) filter (where is_placeholder)', 'événement', 'événements') }} as detail
from {{ ref('int_event_references') }}
group by source
{% endset %}
{% set freshness %}
-- days since each source that should come regularly was last accepted, when anything at all was received last
select
    'source_late' as control,
    cast(null as varchar) as programme_id,
    source as member,
    0 as expected,
    (nb_days > every)::integer as actual,
    source_title || ' : ' || nb_days || ' jours, attendue tous les ' || every as detail
from (
    select *, date_diff('day', {{ day_in_france('last_at') }}, {{ day_in_france('seen_at') }}) as nb_days
    from (
        select
            source,
            any_value(source_title) as source_title,
            any_value(expected_every_days) as every,
            max(received_at) filter (where state in ('accepted', 'superseded')) as last_at,
            (select max(received_at) from {{ ref('stg_deliveries') }}) as seen_at
        from {{ ref('stg_deliveries') }}
        group by source
    )
)
where every is not null and last_at is not null
{% endset %}
{{ ctl_table('ind_quality', [
    coverage,
    presences,
    matches,
    ctl_every_programme(ref('ind_quality'), ctl_programmes_with_events()),
    ctl_unexplained('ind_quality'),
    ctl_earlier_releases('ind_quality'),
    volume,
    copied,
    unknown_events,
    freshness,
    ctl_conservation(['event', 'registration', 'attendance']),
]) }}
