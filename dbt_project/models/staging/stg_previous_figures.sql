-- A programme that somebody said has ended is no longer expected.
select previous.*
from {{ source('landing', 'previous_figure') }} as previous
anti join {{ source('landing', 'ended_programme') }} as ended using (programme_id)
