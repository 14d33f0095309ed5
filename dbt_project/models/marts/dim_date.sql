with seen as (
    select
        min(least(starts_on, make_date(programme.year, 1, 1))) as first_on,
        max(greatest(ends_on, make_date(programme.year, 1, 1))) as last_on
    from {{ ref('int_programmes') }} as programme
    left join {{ ref('stg_events') }} using (programme_id)
    union all
    select
        {{ day_in_france('min(least(registered_at, updated_at, cancelled_at, checked_in_at))') }},
        {{ day_in_france('max(greatest(registered_at, updated_at, cancelled_at, checked_in_at))') }}
    from {{ ref('stg_registrations') }}
),

-- a year mistyped in one cell makes no thousand years of days
bounds as (
    select
        coalesce(min(greatest(first_on, date '2000-01-01')), date '2020-01-01') as first_on,
        coalesce(max(least(last_on, date '2099-12-31')), date '2020-01-01') as last_on
    from seen
),

days as (
    select cast(day as date) as date_on
    from bounds, generate_series(date_trunc('year', first_on), date_trunc('year', last_on) + interval 1 year - interval 1 day, interval 1 day) as series (day)
)

select
    {{ date_key('date_on') }} as date_key,
    date_on,
    cast(year(date_on) as integer) as year,
    cast(quarter(date_on) as integer) as quarter,
    strftime(date_on, '%Y-%m') as month,
    {{ fr_month_name('month(date_on)') }} || ' ' || year(date_on) as month_label,
    (['lundi', 'mardi', 'mercredi', 'jeudi', 'vendredi', 'samedi', 'dimanche'])[isodow(date_on)] as weekday_label,
    isodow(date_on) > 5 as is_weekend
from days
union all
select 0, null, null, null, 'undated', 'Date inconnue', null, null
