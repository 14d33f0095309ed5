select participant_key, source_identity, source, basis, method, match_probability, status, evidence
from {{ source('landing', 'participant_link') }}
