select
    {{ key(['organisation_text', 'siren', 'place']) }} as label_version_key,
    organisation_key,
    organisation_id,
    organisation_text,
    label_key,
    siren,
    place,
    method,
    score
from {{ ref('int_organisation_labels') }}
