{{ version_history(source('landing', 'event_version'), 'event_id') }}
