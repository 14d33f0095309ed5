-- Records that platforms showed or deleted, crawl by crawl; the deletions of a crawl that would close too much are withheld.
with shown as (
    select source, record_key, delivered_at, delivery_id, bool_and(is_deleted) as is_deleted
    from {{ source('landing', 'record_shown') }}
    group by all
),

deleting as (
    select source, delivered_at, count(*) as nb_missing from shown where is_deleted group by all
),

-- what was known before each crawl that deletes
known as (
    select deleting.source, deleting.delivered_at, before.record_key, arg_max(before.is_deleted, before.delivered_at) as was_deleted
    from deleting
    inner join shown as before on before.source = deleting.source and before.delivered_at < deleting.delivered_at
    group by all
),

opened as (
    select source, delivered_at, count(*) filter (where not was_deleted) as nb_open from known group by all
)

select
    shown.source,
    shown.record_key,
    shown.delivered_at,
    shown.delivery_id,
    shown.is_deleted,
    coalesce(opened.nb_open, 0) as nb_open,
    coalesce(deleting.nb_missing, 0) as nb_missing,
    shown.is_deleted
    and confirmed.delivery_id is null
    and {{ is_withheld('coalesce(deleting.nb_missing, 0)', 'coalesce(opened.nb_open, 0)') }} as is_withheld
from shown
left join deleting using (source, delivered_at)
left join opened using (source, delivered_at)
left join (select distinct source, delivery_id from {{ source('landing', 'withdrawal') }}) as confirmed using (source, delivery_id)
