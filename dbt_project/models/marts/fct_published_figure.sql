-- Beside the document's words, ours: what is measured, over which breakdown, for which member (NULL: no row of ours
-- measures it). The two word lists are macros/printed_words.sql.
with figures as (
    select
        figure.*,
        measure.measure,
        measure.breakdown,
        programme.theme_scheme,
        programme.territory_vintage,
        {{ fold('figure.member') }} as member_words
    from {{ ref('stg_published_figures') }} as figure
    inner join {{ ref('int_programmes') }} as programme using (programme_id)
    left join ({{ printed_measures() }}) as measure
        on measure.indicator_word = figure.indicator
        -- « total (encadré) » is the same total printed a second time
        and measure.dimension_word = regexp_replace(figure.dimension, '\s*\(.*\)$', '')
)

select
    {{ key(['figures.programme_id', 'figures.indicator', 'figures.dimension', 'figures.member']) }} as figure_key,
    {{ key(['figures.programme_id']) }} as programme_key,
    figures.programme_id,
    figures.indicator,
    figures.dimension,
    figures.member,
    figures.figure_text,
    figures.figure_value,
    figures.figure_lower,
    figures.figure_upper,
    figures.figure_precision,
    figures.document,
    figures.measure,
    figures.breakdown,
    case
        when figures.breakdown is null then null
        when figures.breakdown = 'total' or figures.measure in ('nb_members') then 'total'
        when figures.breakdown = 'month' then regexp_extract(figures.member, '^\d{4}-\d{2}$')
        when figures.breakdown = 'event_kind' then {{ fold_singular('figures.member') }}
        else coalesce(word.code, territory.code, theme.code, figures.member)
    end as member_code,
    figures.source,
    figures.delivery_id,
    figures.file_name,
    figures.sheet,
    figures.row_number
from figures
left join ({{ printed_members() }}) as word
    on word.breakdown = figures.breakdown and word.words = figures.member_words
left join {{ ref('dim_territory') }} as territory
    on territory.level = figures.breakdown
    and territory.vintage = figures.territory_vintage
    -- « 60 (Oise) – implicit »: the code that opens the words
    and territory.code = regexp_extract(figures.member, '^(\d[\dAB]\d*)', 1)
left join {{ ref('dim_theme') }} as theme
    on figures.breakdown = 'theme'
    and theme.scheme = figures.theme_scheme
    and (
        theme.code = figures.member
        or {{ fold('theme.label') }} = figures.member_words
        or ends_with({{ fold('theme.label') }}, ' ' || figures.member_words)
    )
