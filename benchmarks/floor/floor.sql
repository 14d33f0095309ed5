-- One script, read by `python -m benchmarks.floor`. `$inbox` is replaced; tables of workbooks and of UTF-16 or cp1252 files come as
-- sheet_event, sheet_own, sheet_connection, sheet_partner, sheet_contribution, read by the script beside it.
create or replace macro email_of(x) as case when contains(x, '@') then lower(trim(x)) end;
create or replace macro name_of(given, family) as lower(strip_accents(given || ' ' || family));

create table commune as select code, lower(strip_accents(name)) as name_key, department_code, epci_code, population from '$territory/commune.parquet' where kind = 'commune' and region_code = '32';

create table dim_event as
select cast(row_number() over (order by e.code) as integer) as event_key, e.*, is_held, c.code as commune_code, c.epci_code,
    case when modality = 'visio' then 'online' else coalesce(c.department_code, e.department, 'unknown') end as department_code,
    coalesce(strftime(starts_on, '%Y-%m'), 'undated') as month
from (select code, programme, title, status, counts, parent, organisers, themes, commune, department, modality,
             coalesce(try_strptime(date_text, '%d/%m/%Y'), try_strptime(date_text, '%Y-%m-%d'))::date as starts_on,
             status = 'tenu' and counts = 'oui' and parent is null as is_held from sheet_event) e
left join commune c on c.name_key = lower(strip_accents(e.commune)) and c.department_code = e.department
qualify row_number() over (partition by e.code order by c.population desc) = 1;
create table bridge_event_theme as select event_key, unnest(string_split(themes, ' ; ')) as theme from dim_event where themes is not null;
create table bridge_event_organiser as select event_key, unnest(string_split(organisers, ' / ')) as organiser from dim_event where organisers is not null;
create table dim_organisation as select cast(row_number() over (order by organisation_id) as integer) as organisation_key, *,
    lower(strip_accents(name)) as name_key from sheet_partner;

create temp table raw_registration as
select 1 as source, 0 as delivered, "Référence commande" || '-' || "Numéro de billet" as registration_id, "Événement choisi" as code,
    "Statut de la commande" in ('Validé') as is_registered, false as checked_in, try_strptime("Date de la commande", '%d/%m/%Y %H:%M') as registered_at,
    email_of("Votre e-mail") as email, name_of("Prénom participant", "Nom participant") as name, "Structure représentée" as organisation, null as gender, "Vous êtes" as category
from read_csv('$inbox/mess_helloasso/*.csv', delim = ';', header = true, all_varchar = true, quote = '"')
union all
select 2, case when filename like '%2025-10-25.csv' then 0 when filename like '%2025-12-15.csv' then 1 else 2 end, "Code de commande" || '-' || "ID de la position", "Titre de l'événement",
    "Statut" = 'Payé', coalesce("Listes d'enregistrement", '') <> '', try_strptime("Date de commande" || ' ' || "Heure de commande", '%Y-%m-%d %H:%M:%S'), email_of("E-mail du participant"),
    name_of("Nom du participant: Prénom", "Nom du participant: Nom de famille"), "Votre structure", null, "Vous êtes"
from read_csv('$inbox/mess_pretix/*.csv', delim = ';', header = true, all_varchar = true, quote = '"', filename = true)
union all
select 3, 0, "Attendee #", "Événement choisi", "Attendee Status" in ('Attending', 'Checked In'), "Attendee Status" = 'Checked In', try_strptime("Order Date", '%m/%d/%y %-H:%M'),
    email_of("Email"), name_of("First Name", "Last Name"), "Structure", "Civilité", "Vous êtes"
from read_csv('$inbox/mess_eventbrite/*.csv', delim = ',', header = true, all_varchar = true, quote = '"');

create temp table registration as
select distinct on (source, registration_id) * from raw_registration where registration_id is not null and registered_at is not null
order by source, registration_id, delivered desc;

create temp table raw_attendance as
select "Code événement" as code, "Émargement" in ('✓', 'signé', 'X') as present, true as signed, null::double as minutes, email_of("Courriel") as email,
    name_of("Prénom", "NOM") as name, "Structure" as organisation, "Civilité" as gender
from read_csv('$inbox/mess_emargement_saisi/*.csv', delim = ';', header = true, all_varchar = true, quote = '"')
union all select code, present, true, null, email_of(email), name_of(given, family), organisation, gender from sheet_own
union all select code, true, false, minutes, email_of(email), lower(strip_accents(name)), null, null from sheet_connection;

create temp table raw_feedback as
select "Code de l'événement" as code, case "Contenu" when 'Très satisfait' then 5 when 'Satisfait' then 4 when 'Moyennement satisfait' then 3 when 'Peu satisfait' then 2 else 1 end as note,
    try_cast("Recommanderiez-vous cet événement ? (0 à 10)" as integer) as recommendation, "Draft" = '0' as is_complete, email_of("Votre e-mail") as email
from read_csv('$inbox/mess_satisfaction/*.tsv', delim = '\t', header = true, all_varchar = true, quote = '"', skip = 2)
union all
select evt, try_cast(note as integer), try_cast(reco as integer), submitdate is not null, email_of(mail)
from read_csv('$inbox/mess_enquete/*.csv', delim = ';', header = true, all_varchar = true, quote = '"') where try_cast(note as integer) <= 5;

-- a line without address is the person of that name who gave one at the same event
create temp table known as select code, name, min(email) as known_email from registration where email is not null and name is not null group by all;
create temp table attendance as
select a.* exclude (email), coalesce(a.email, k.known_email, a.code || '|' || a.name) as identity from raw_attendance a left join known k on k.code = a.code and k.name = a.name and a.email is null;

-- integer person ids: each identity hashed once per distinct value
create temp table identity as
select cast(row_number() over () as integer) as participant_key, identity from (
    select distinct coalesce(email, code || '|' || name) as identity from registration where email is not null or name is not null
    union select identity from attendance where identity is not null
    union select email from raw_feedback where email is not null);

create table fct_registration as
select r.source, r.registration_id, e.event_key, p.participant_key, r.is_registered, r.checked_in, r.registered_at, o.organisation_key, r.category, r.gender
from registration r left join dim_event e using (code) left join identity p on p.identity = coalesce(r.email, r.code || '|' || r.name)
left join dim_organisation o on o.name_key = lower(strip_accents(r.organisation));

create table fct_attendance as
with lines as (
    select e.event_key, p.participant_key, a.signed, not a.signed as connected, false as checked_in, a.minutes, o.organisation_key, a.gender
    from attendance a left join dim_event e using (code) left join identity p on p.identity = a.identity
    left join dim_organisation o on o.name_key = lower(strip_accents(a.organisation)) where a.present
    union all select event_key, participant_key, false, false, true, null, organisation_key, gender from fct_registration where checked_in)
select event_key, participant_key, bool_or(signed) as has_signature, bool_or(connected) as has_connection, bool_or(checked_in) as has_check_in, sum(minutes) as minutes,
    max(organisation_key) as organisation_key, max(gender) as gender
from lines where participant_key is not null group by all
union all select event_key, participant_key, signed, connected, checked_in, minutes, organisation_key, gender from lines where participant_key is null;

create table dim_participant as
select participant_key, max(gender) as gender, max(category) as category from (
    select participant_key, gender, nullif(category, '') as category from fct_registration union all select participant_key, gender, null from fct_attendance)
where participant_key is not null group by all;

create table fct_feedback as select e.event_key, p.participant_key, f.note, f.recommendation, f.is_complete from raw_feedback f
left join dim_event e using (code) left join identity p on p.identity = f.email;

create table fct_event_count as
select event_key, 'registered' as counting_method, count(distinct participant_key) as value from fct_registration where is_registered group by all
union all select event_key, 'signed', count(*) from fct_attendance where has_signature group by all
union all select event_key, 'connected', count(*) from fct_attendance where has_connection group by all
union all select event_key, 'checked_in', count(*) from fct_attendance where has_check_in group by all
union all select e.event_key, 'reported', try_cast(regexp_extract("Nombre de participants", '^\d+') as integer)
    from read_csv('$inbox/mess_fiches/*.tsv', delim = '\t', header = true, all_varchar = true, quote = '"', skip = 2) r join dim_event e on e.code = r."Code de l'événement";
create table fct_contribution as select e.event_key, c.kind, c.theme from sheet_contribution c left join dim_event e using (code);

-- breakdowns of an event, then one narrow cube of persons before the distinct counts
create table bridge_event_breakdown as
select event_key, programme, b.breakdown, b.member from dim_event, lateral (select unnest([
    {'breakdown': 'total', 'member': 'total'}, {'breakdown': 'month', 'member': month}, {'breakdown': 'department', 'member': department_code},
    {'breakdown': 'modality', 'member': modality}]) as b) where is_held
union all select event_key, programme, 'theme', theme from bridge_event_theme join dim_event using (event_key) where is_held
union all select event_key, programme, 'epci', epci_code from dim_event where is_held and epci_code is not null;

create temp table cube as
select event_key, participant_key, bool_or(is_registered) as registered, bool_or(present) as present, bool_or(is_registered and present) as both_
from (select event_key, participant_key, is_registered, false as present from fct_registration where is_registered
      union all select event_key, participant_key, false, true from fct_attendance) where event_key is not null group by all;

create temp table per_event as
select event_key, count(*) filter (registered) as registered, count(*) filter (present) as present, count(*) filter (registered and present) as came
from cube group by all;

create table ind_participation as
select programme, breakdown, member, sum(registered) as PA03, sum(present) as PA02,
    sum(came) filter (registered > 0 and present > 0) / nullif(sum(registered) filter (registered > 0 and present > 0), 0) as PA04, sum(present - came) as PA06
from bridge_event_breakdown join per_event using (event_key) group by all;
create table ind_unique as
select programme, breakdown, member, count(distinct participant_key) as PA09, count(*) / nullif(count(distinct participant_key), 0) as PA11
from bridge_event_breakdown join cube using (event_key) where present group by all;
create table ind_declared as
select programme, breakdown, member, sum(value) as PA01, avg(value) as PA07, median(value) as PA08, count(value) as n_with_data, count(*) as n_total
from bridge_event_breakdown left join (from fct_event_count where counting_method = 'reported') using (event_key) group by all;
create table ind_events as
select programme, breakdown, member, count(*) as EV01, avg((modality = 'visio')::int) as EV06 from bridge_event_breakdown join dim_event using (event_key, programme) group by all;
create table ind_organisers as
select programme, count(distinct organiser) as EV08 from bridge_event_organiser join dim_event using (event_key) where is_held group by all;
create table ind_organisations as
select programme, if(grouping(family) = 1, 'total', 'organisation_family') as breakdown, coalesce(family, 'total') as member,
    count(distinct organisation_key) as OR01 from fct_attendance join dim_event using (event_key) join dim_organisation using (organisation_key) where is_held group by grouping sets ((programme), (programme, family));
create table ind_participants as
select programme, p.gender, p.category, count(distinct participant_key) as persons from fct_attendance join dim_event using (event_key) join dim_participant p using (participant_key) where is_held
group by grouping sets ((programme, p.gender), (programme, p.category));
create table ind_territories as
select programme, count(distinct department_code) filter (department_code not in ('online', 'unknown')) / 5 as TE01, count(distinct epci_code) / 90 as TE02 from dim_event where is_held group by all;
create table ind_satisfaction as
select programme, breakdown, member, avg(note) as SA01, avg((note >= 4)::int) as SA02, 100 * (count(*) filter (recommendation >= 9) - count(*) filter (recommendation <= 6)) / nullif(count(recommendation), 0) as SA03, count(*) as answers
from bridge_event_breakdown join fct_feedback using (event_key) where is_complete group by all;
create table ind_quality as
select programme, count(*) filter (value is not null) / count(*) as QU01 from dim_event left join (from fct_event_count where counting_method = 'reported') using (event_key) where is_held group by all;
