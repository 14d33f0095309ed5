-- Reads the project itself, not the data: publication is opt-in per column, and never for a personal one.
{% set reasons = reasons_to_keep_in(graph.nodes.values()) if execute else [] %}
select reason
from (values {% for reason in reasons %}('{{ reason | replace("'", "''") }}'), {% endfor %}(null)) as found (reason)
where reason is not null
