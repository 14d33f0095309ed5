-- What each document showed, version by version, and whether its omissions are believed: the volume guard. `open_ids` is what it describes
-- once its delivery is read: its own rows, and those it would have closed when that is too much.
with recursive shown as (
    select
        source,
        document,
        file_name,
        delivery_id,
        rank,
        -- a file put back with an older time is still shown later
        max(shown_at) over (partition by source, document order by rank) as from_at
    from {{ source('landing', 'showing') }}
),

described as (
    select source, delivery_id, event_id as id from {{ source('landing', 'event_version') }}
    union
    select source, delivery_id, organisation_id from {{ source('landing', 'organisation_version') }}
),

contents as (
    select
        shown.source,
        shown.document,
        shown.file_name,
        shown.delivery_id,
        shown.rank,
        shown.from_at,
        coalesce(list(described.id order by described.id) filter (where described.id is not null), []) as ids,
        count(confirmed.delivery_id) > 0 as is_confirmed
    from shown
    left join described using (source, delivery_id)
    left join {{ source('landing', 'withdrawal') }} as confirmed using (source, delivery_id)
    group by all
),

steps as (
    select *, ids as open_ids, 0::bigint as nb_open, 0::bigint as nb_missing, false as is_withheld
    from contents
    where rank = 1
    union all
    select
        source, document, file_name, delivery_id, rank, from_at, ids, is_confirmed,
        case when withheld then list_sort(list_distinct(was_open || ids)) else ids end as open_ids,
        nb_open,
        nb_missing,
        withheld as is_withheld
    from (
        select *, not is_confirmed and {{ is_withheld('nb_missing', 'nb_open') }} as withheld
        from (
            select
                contents.*,
                steps.open_ids as was_open,
                len(steps.open_ids) as nb_open,
                len(steps.open_ids) - len(list_intersect(steps.open_ids, contents.ids)) as nb_missing
            from steps
            inner join contents
                on contents.source = steps.source
                and contents.document = steps.document
                and contents.rank = steps.rank + 1
        )
    )
)

select
    source,
    document,
    file_name,
    delivery_id,
    rank,
    from_at,
    -- the next delivery of the document that closes what it no longer shows
    min(case when not is_withheld then from_at end) over (
        partition by source, document order by rank rows between 1 following and unbounded following
    ) as closes_at,
    nb_open,
    nb_missing,
    is_withheld,
    lead(rank) over (partition by source, document order by rank) is null as is_last
from steps
