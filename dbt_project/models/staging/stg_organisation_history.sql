{{ version_history(source('landing', 'organisation_version'), 'organisation_id') }}
