select
    {{ key(['programme_id', 'indicator', 'dimension', 'member']) }} as figure_key,
    {{ key(['programme_id']) }} as programme_key,
    programme_id,
    indicator,
    dimension,
    member,
    expected_difference,
    cause,
    treatment,
    author,
    explained_on
from {{ ref('stg_explanations') }}
