{#- Every `keeps` that stands beside a model, asked in one node: as seventy nodes they cost dbt two seconds of a small night, and what
    they ask of the tables a few tenths. A night runs this one; `dbt test` on a selection runs those of its models.
    The names are those whose tables must be there first; tests/dbt_project holds the list to the project.
    Returns one row per broken promise: table, promise, number of rows (or combinations) that break it. -#}
{% set models = [
    'bridge_event_breakdown', 'bridge_event_organiser', 'bridge_event_theme', 'bridge_organisation_label',
    'bridge_participant_link', 'ctl_events', 'ctl_organisations', 'ctl_participants', 'ctl_participation', 'ctl_quality',
    'ctl_reconciliation', 'ctl_satisfaction', 'ctl_territories', 'dim_breakdown', 'dim_date', 'dim_event',
    'dim_event_history', 'dim_indicator', 'dim_observation_status', 'dim_organisation', 'dim_organisation_history',
    'dim_participant', 'dim_programme', 'dim_territory', 'dim_theme', 'fct_attendance', 'fct_contribution', 'fct_correction',
    'fct_delivery', 'fct_document_recount', 'fct_event_count', 'fct_event_report', 'fct_explanation', 'fct_feedback',
    'fct_landed_column', 'fct_published_figure', 'fct_quarantine', 'fct_registration', 'ind_events', 'ind_organisations',
    'ind_participants', 'ind_participation', 'ind_quality', 'ind_reconciliation', 'ind_satisfaction', 'ind_territories',
    'int_event_organisers', 'int_event_parents', 'int_event_places', 'int_event_references', 'int_event_themes', 'int_known_organisations',
    'int_organisation_labels', 'int_organisations', 'int_programmes', 'stg_attendances', 'stg_contributions',
    'stg_deliveries', 'stg_event_history', 'stg_event_reports', 'stg_events', 'stg_explanations', 'stg_feedback',
    'stg_file_showings', 'stg_organisation_history', 'stg_organisations', 'stg_previous_figures', 'stg_published_figures',
    'stg_quarantine', 'stg_record_showings', 'stg_registrations'
] %}
-- depends_on: {% for name in models %}{{ ref(name) }} {% endfor %}

{% set relations = {} %}
{% for node in graph.nodes.values() if node.resource_type == 'model' %}
{% do relations.update({"ref('" ~ node.name ~ "')": node.relation_name}) %}
{% endfor %}
{% for test in graph.nodes.values() if test.test_metadata and test.test_metadata.name == 'keeps' %}
{% set table, asked, points_to = graph.nodes[test.attached_node], test.test_metadata.kwargs, [] %}
{% for pointer in asked.get('points_to', []) %}
{% do points_to.append(dict(pointer, to=relations[pointer.to])) %}
{% endfor %}
select '{{ table.name }}' as model, kept.* from (
{{ test_keeps(table.relation_name, asked['unique'], asked.get('not_null', []), points_to, asked.get('one_of', [])) }}
) as kept
union all
{% endfor %}
select null, null, null where false
