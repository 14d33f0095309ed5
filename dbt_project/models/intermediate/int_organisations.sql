-- Of several rows about one organisation, the last filled value of each column; the reference list names it when it knows it.
with ranked as (
    select *, (delivered_at, delivery_id, row_number) as age from {{ ref('int_known_organisations') }}
),

gathered as (
    select
        organisation_id,
        coalesce(max(name) filter (where is_listed), arg_max(name, age)) as name,
        max(kind) as kind,
        coalesce(max(siren) filter (where is_listed), arg_max(siren, age)) as siren,
        max(network) as network,
        arg_max(place, age) as department_code,
        arg_max(commune_code, age) as commune_code,
        arg_max(legal_category, age) as legal_category,
        arg_max(activity_code, age) as activity_code,
        arg_max(headcount_band, age) as headcount_band,
        arg_max(is_ess, age) as is_ess,
        arg_max(declared_family, age) as declared_family,
        bool_or(is_listed) as is_listed
    from ranked
    group by organisation_id
),

described as (
    select
        gathered.*,
        regexp_replace(gathered.legal_category, '\D', '', 'g') as legal_code,
        legal.family as legal_family,
        legal.perimeter,
        excluded.code is not null as is_excluded_activity,
        coalesce({{ declared_family('gathered.declared_family') }}, {{ declared_family('gathered.kind') }}) as family_declared
    from gathered
    left join {{ source('reference', 'legal_category') }} as legal
        on legal.code = regexp_replace(gathered.legal_category, '\D', '', 'g')
    left join {{ source('reference', 'activity_exclusion') }} as excluded
        on excluded.code = upper(regexp_replace(gathered.activity_code, '[^0-9A-Za-z]', '', 'g'))
)

select
    organisation_id,
    name,
    kind,
    siren,
    network,
    department_code,
    commune_code,
    legal_category,
    activity_code,
    case
        when perimeter = 'included' and not is_excluded_activity then legal_family
        -- Sirene's flag makes a commercial company one of the ESS; a legal category alone says it is not
        when legal_code <> '' and is_ess then 'ess_company'
        when legal_code <> '' then 'non_ess'
        when family_declared is not null then family_declared
        -- the flag alone says that it is of the ESS, not of which family
        else 'unknown'
    end as family,
    case
        when legal_code <> '' then 'legal_category'
        when family_declared is not null then 'declared'
        else 'unknown'
    end as family_source,
    {{ size_band('headcount_band') }} as size_band,
    is_listed
from described
