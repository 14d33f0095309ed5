select programme_id, indicator, dimension, member, cause, treatment, author, explained_on, expected_difference
from {{ source('landing', 'explanation') }}
