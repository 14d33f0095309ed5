"""The files that organisers and platforms would have sent, and for each of their rows who it speaks of.

Here: words, columns and mistakes of each source, written by SQL over the tables of the world; `write` fills `<folder>/<source>/` and
leaves the table `written` in the world's connection:

    written(source, file_name, row_number, entity, event, person, place, label, gender, category, fate)
                                                                                   fate: kept, duplicate, quarantined, structure

`label`, `gender` and `category`: what the row says of the person's organisation, as typed, and of herself.

Mistakes are drawn per row, never per person: a person is written well here and badly there. Not here: the truth (`world.py`),
bytes (`sheets.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.region.sheets import write_text, write_workbook
from benchmarks.region.world import World

OVERLAP = date(2025, 10, 25)
"""The day of pretix's first export of 2025: the second one, at the end, repeats its orders with what became of them."""

_MACROS = r"""
create or replace macro semicolon(x) as case when x is null then ''
    when contains(x, ';') or contains(x, '"') or contains(x, chr(10)) then '"' || replace(x, '"', '""') || '"' else x end;
create or replace macro comma(x) as case when x is null then ''
    when contains(x, ',') or contains(x, '"') or contains(x, chr(10)) then '"' || replace(x, '"', '""') || '"' else x end;
create or replace macro quoted(x) as '"' || replace(coalesce(x, ''), '"', '""') || '"';
create or replace macro dropped(x, n) as left(x, n) || substr(x, n + 2);
create or replace macro doubled(x, n) as left(x, n) || substr(x, n, 1) || substr(x, n + 1);
create or replace macro swapped(x, n) as left(x, n - 1) || substr(x, n + 1, 1) || substr(x, n, 1) || substr(x, n + 2);
create or replace macro said_category(x) as case x when 'elected' then 'Élu·e' when 'agent' then 'Agent·e de collectivité'
    when 'ess' then 'Acteur ou actrice de l''ESS' when 'other' then 'Autre public' end;
create or replace macro said_civility(x) as case x when 'F' then 'Mme' when 'M' then 'M.' when 'other' then 'Autre' end;
"""


@dataclass(frozen=True)
class Care:
    """How carefully a source's rows are typed, in rows of 10,000: addresses left out, civilities and structures left blank."""

    no_email: int = 400
    typo: int = 200
    no_organisation: int = 1500
    no_civility: int = 1000


FORM, SHEET, MEETING, SURVEY = (
    Care(),
    Care(no_email=4500, typo=350, no_organisation=1200),
    Care(no_email=2500, no_organisation=10_000),
    Care(no_email=5500),
)


PARTS = {"all": "true", "base": "not late", "night": "late"}
"""What is written: everything, or all but one row in a hundred of what comes by thousands, or that hundredth in files of its own."""


def write(world: World, folder: Path, part: str = "all") -> list[Path]:
    """Write the deliveries of both years; the paths, in the order of the sources. Rows written are added to `written`."""
    con, rows = world.con, PARTS[part]
    con.execute(_MACROS)
    con.execute(
        "create table if not exists written (source varchar, file_name varchar, row_number int, entity varchar, event int, person int, "
        "place int, label varchar, gender varchar, category varchar, fate varchar)"
    )
    if part == "night":
        paths = [
            _programme(world, folder, 2025, "_v2"),
            _helloasso(world, folder, 2025, rows, "-suite"),
            *_pretix(world, folder, rows, ("2025-12-20",)),
            _eventbrite(world, folder, rows, "-2"),
        ]
        return [*paths, *_sheets(world, folder, rows, "_suite"), *_surveys(world, folder, rows, "_suite")]
    paths = [_programme(world, folder, year) for year in (2024, 2025)]
    if part == "all":
        paths.append(_programme(world, folder, 2025, "_v2"))
    paths.append(_partners(world, folder))
    paths += [_helloasso(world, folder, year, rows) for year in (2024, 2025)]
    paths += [
        *_pretix(world, folder, rows),
        _eventbrite(world, folder, rows),
        *_sheets(world, folder, rows),
        *_meetings(world, folder),
    ]
    return [*paths, *_surveys(world, folder, rows), _reports(world, folder), _contributions(world, folder)]


def _spoil(world: World, name: str, query: str, order: str, care: Care) -> None:
    """Table `name`: the rows of `query` (which has `person`), numbered in `order` by `r`, with what is written of the person:
    given_w, family_w, email_w, phone, organisation_w, civility_w, category_w, postcode_w."""
    con = world.con
    con.execute(
        f"create or replace temp table typed as select row_number() over (order by {order}) - 1 as r, q.* from ({query}) q order by r"
    )
    count = con.execute("select count(*) from typed").fetchall()[0][0]
    chance = world.stream(name).integers(0, 10_000, (12, count), dtype=np.int16)
    con.register("chance", pa.table({"r": np.arange(count), **{f"u{i}": chance[i] for i in range(12)}}))
    con.execute(
        f"""create or replace table {name} as
        with known as (
            select t.*, p.given, p.family, p.nickname, p.gender, p.category, p.postcode, p.phone, o.name as org_name, c.* exclude (r),
                case when p.email2 is not null and u8 < 3500 then p.email2 else p.email end as address
            from typed t join chance c using (r) join person p using (person) left join organisation o on o.org = p.org),
        misspelt as (
            select *, case when u1 < 400 and nickname is not null then nickname else given end as given_1,
                case when u2 < 60 then dropped(family, 2 + u3 % (length(family) - 3)) when u2 < 100 then swapped(family, 2 + u3 % (length(family) - 3))
                     else family end as family_1,
                case when address is null or u7 < {care.no_email} then null
                     when u9 < {care.typo} then case u8 % 4
                        when 0 then dropped(address, 1 + u3 % (instr(address, '@') - 2))
                        when 1 then swapped(address, 2 + u3 % (instr(address, '@') - 3))
                        when 2 then doubled(address, 2 + u3 % (instr(address, '@') - 3))
                        else replace(address, '.example', '.exmaple') end
                     when u9 < {care.typo + 30} then given || ' ' || family
                     when u9 < {care.typo + 200} then upper(address)
                     when u9 < {care.typo + 300} then address || ' '
                     else address end as email_w
            from known),
        cased as (
            select * exclude (given_1, family_1),
                case when u4 < 900 then strip_accents(given_1) when u4 >= 3300 and u4 < 3600 then upper(given_1) when u4 >= 3600 and u4 < 3800
                     then lower(given_1) else given_1 end as given_2,
                case when u5 < 300 then replace(f, '-', ' ') else f end as family_2
            from (select *, case when u4 < 900 then strip_accents(family_1) when u4 < 3600 then upper(family_1) when u4 < 3800 then lower(family_1)
                                 else family_1 end as f from misspelt))
        select * exclude (f, given, family, nickname, gender, category, given_2, family_2),
            case when u6 < 150 then family_2 else given_2 end as given_w, case when u6 < 150 then given_2 else family_2 end as family_w,
            case when u10 < {care.no_organisation} then null when u10 < {care.no_organisation + 900} then upper(org_name)
                 when u10 < {care.no_organisation + 1600} then strip_accents(org_name) when u10 < {care.no_organisation + 1800}
                 then dropped(org_name, 3 + u3 % (length(org_name) - 5)) else org_name end as organisation_w,
            case when u11 >= {care.no_civility} then said_civility(gender) end as civility_w,
            case when u0 >= 1200 then said_category(category) end as category_w, case when u0 % 10 < 8 then postcode end as postcode_w
        from cased order by r"""
    )
    con.unregister("chance")


def _lines(world: World, table: str, cells: list[str], delimiter: str, order: str = "r") -> list[str]:
    """One text per row of `table`: its cells, SQL of texts already quoted, joined."""
    joined = f" || '{delimiter}' || ".join(cells)
    return (
        world.con.sql(f"select {joined} as written_line from {table} order by {order}")
        .to_arrow_table()["written_line"]
        .to_pylist()
    )


def _written(
    world: World,
    source: str,
    file_name: str,
    entity: str,
    table: str,
    *,
    row_number: str = "r + 2",
    says: tuple[str, ...] = (),
) -> None:
    """Remember who each row of `table` speaks of; `row_number` is SQL of the line where it stands, `says` which of organisation,
    civility and category are printed on it."""
    present = {row[0] for row in world.con.execute(f"describe {table}").fetchall()}
    person, place, fate = (name if name in present else "null" for name in ("person", "place", "fate"))
    label, gender, category = (
        f"case when {person} is not null then {name}_w end" if name in says else "null"
        for name in ("organisation", "civility", "category")
    )
    world.con.execute(
        f"insert into written select $source, $file, {row_number}, $entity, event, {person}, {place}, {label}, {gender}, {category}, "
        f"coalesce({fate}, 'kept') from {table}",
        {"source": source, "file": file_name, "entity": entity},
    )


def _programme(world: World, folder: Path, year: int, version: str = "") -> Path:
    """The programme of a year in a workbook, as the observatory asks for it: title and date of the document above, a total below.

    The second version of 2025 has another name: a status is corrected, and two events are gone from it.
    """
    shown = "not is_withdrawn" if version else "true"
    world.con.execute(
        f"""create or replace temp table programme_row as
        select row_number() over (order by e.event) - 1 as r, e.*, parent.code as parent_code,
            (select string_agg(o.name, ' / ' order by eo.rank) from event_organiser eo join organisation o using (org) where eo.event = e.event) as organisers,
            (select string_agg(case et.theme when 'ALIM' then 'Alimentation' when 'CULT' then 'Culture' when 'ECOL' then 'Transition écologique'
                when 'EMPL' then 'Emploi' when 'FINA' then 'Finances solidaires' when 'NUME' then 'Numérique' else 'Santé' end, ' ; ' order by et.rank)
                from event_theme et where et.event = e.event) as themes
        from event e left join (select event, code from event) parent on parent.event = e.parent where e.year = {year} and {shown} order by e.event"""
    )
    status = "status" if version else "case when is_misprinted then 'announced' else status end"
    rows = world.con.execute(
        f"""select code, programme, title, kind,
            case {status} when 'held' then 'tenu' when 'announced' then 'annoncé' when 'cancelled' then 'annulé' else 'reporté' end,
            case application when 'accepted' then 'retenue' when 'refused' then 'refusée' when 'pending' then 'à l''étude' when 'dropped' then 'retirée'
                when 'incomplete' then 'incomplète' end,
            case when counts then 'oui' else 'non' end, parent_code, organisers, themes,
            case precision when 'missing' then null when 'month' then case month(day) when 10 then 'octobre' when 11 then 'novembre' when 12 then
                'décembre' else 'janvier' end || ' ' || year(day)
                else case when event % 4 = 0 then strftime(day, '%Y-%m-%d') else strftime(day, '%d/%m/%Y') end end,
            case when event % 9 = 0 then upper(commune) when event % 9 = 1 then strip_accents(commune) else commune end, department,
            case format when 'online' then 'visio' when 'hybrid' then 'hybride' else 'présentiel' end
        from programme_row order by r"""
    ).fetchall()
    head = [
        [f"Programme du Mois de l'ESS {year} – Hauts-de-France (exemple : rien de ceci n'a eu lieu)"],
        [f"Mise à jour du {'18' if version else '15'}/12/{year}"], [],
        ["Code", "Édition", "Intitulé", "Nature", "Statut", "Candidature", "Compte dans le programme", "Rattaché à", "Structures organisatrices",
         "Thèmes", "Date", "Commune", "Dépt", "Format"],
    ]  # fmt: skip
    name = f"programme_mess_{year}{version}.xlsx"
    _written(world, "mess_programme", name, "event", "programme_row", row_number="r + 5")
    return write_workbook(folder / "mess_programme" / name, "Programme", [*head, *rows, ["TOTAL", None, len(rows)]])


def _partners(world: World, folder: Path) -> Path:
    """The directory of partners, saved by a spreadsheet program in cp1252, SIRET of some of them lost or blank."""
    world.con.execute(
        "create or replace temp table partner as select org as r, null::int as event, * from organisation order by org"
    )
    cells = [
        "organisation_id", "semicolon(name)",
        "case when org % 23 = 7 then '9,99E+13' when org % 11 = 5 then '' when org % 3 = 0 then siret[1:3] || ' ' || siret[4:6] || ' ' || siret[7:9] || ' ' || siret[10:] else siret end",
        "case when org % 17 = 3 then '' else legal_category end", "case when org % 17 = 3 then '' else activity end",
        "case when org % 4 = 0 then case family when 'association' then 'Association' when 'cooperative' then 'Coopérative' when 'mutual' then 'Mutuelle' "
        "when 'foundation' then 'Fondation' when 'ess_company' then 'Société commerciale de l''ESS' else 'Hors ESS' end else '' end",
        "case when org % 13 = 4 then '' else headcount end", "case when family = 'non_ess' then 'non' else 'oui' end", "semicolon(commune)", "department",
        "case when org % 3 = 1 then phone else '' end", "email",
    ]  # fmt: skip
    lines = ["Annuaire des partenaires du Mois de l'ESS – export du 15/12/2025" + ";" * 11, ";" * 11]
    lines.append("N°;Structure;N° SIRET;Catégorie juridique;Code APE;Famille;Effectif;ESS;Commune;Dépt;Tél;Courriel")
    lines += _lines(world, "partner", cells, ";")
    lines.append(f";TOTAL;{len(lines) - 3}" + ";" * 9)
    _written(world, "mess_partenaires", "partenaires_mess.csv", "organisation", "partner", row_number="r + 4")
    return write_text(folder / "mess_partenaires" / "partenaires_mess.csv", lines, encoding="cp1252")


def _helloasso(world: World, folder: Path, year: int, rows: str, suffix: str = "") -> Path:
    """HelloAsso's export of the participants of one campaign, whose form asks which event: BOM, semicolons, CRLF."""
    query = f"""select place.*, {year} = 2025 and order_no % 100 = 99 as late, event.code, event.programme, payer.given as payer_given, payer.family as payer_family, payer.email as payer_email
        from place join event using (event)
        join (select order_no, person as payer from place where is_payer) using (order_no) join person payer on payer.person = payer
        where place.platform = 'helloasso' and year = {year}"""
    _spoil(world, f"helloasso_{year}", query, "registered_at, place", FORM)
    table = "helloasso_row"
    # one impossible date, and one line pasted twice: both are said in the delivery's report
    world.con.execute(
        f"""create or replace temp table {table} as select * replace (row_number() over (order by r, again) - 1 as r) from (
            select *, 0 as again, case when r = 17 and {year} = 2025 then 'quarantined' end as fate from helloasso_{year}
            union all select *, 1, 'duplicate' from helloasso_{year} where r in (23, 31) and {year} = 2025) where {rows}"""
    )
    cells = [
        "(153200000 + order_no)::varchar", "case when fate = 'quarantined' then '31/02/2025 10:00' else strftime(registered_at, '%d/%m/%Y %H:%M') end",
        "case status when 'registered' then 'Validé' when 'waiting' then 'En attente' when 'cancelled' then 'Annulé' when 'refunded' then 'Remboursé' else 'Contesté' end",
        "semicolon(family_w)", "semicolon(given_w)", "payer_family", "payer_given", "coalesce(payer_email, '')", "''", "case price when '0,00' then 'Gratuit' else 'Carte bancaire' end",
        f"'https://www.helloasso.com/associations/cress-exemple/evenements/mois-ess-{year}/billets?ticketId=' || (1532000000 + place)",
        "(1532000000 + place)::varchar", "case price when '0,00' then 'Entrée libre' else 'Plein tarif' end", "price", "''", "''", "code", "programme",
        "semicolon(email_w)", "semicolon(organisation_w)", "coalesce(phone, '')", "coalesce(category_w, '')", "coalesce(postcode_w, '')",
    ]  # fmt: skip
    header = (
        "Référence commande;Date de la commande;Statut de la commande;Nom participant;Prénom participant;Nom payeur;Prénom payeur;Email payeur;"
        "Raison sociale;Moyen de paiement;Billet;Numéro de billet;Tarif;Montant tarif;Code Promo;Montant code promo;Événement choisi;Édition;"
        "Votre e-mail ;Structure représentée;Téléphone;Vous êtes;Code postal"
    )
    name = f"export-billetterie-mois-ess-{year}{suffix}.csv"
    _written(world, "mess_helloasso", name, "registration", table, says=("organisation", "category"))
    return write_text(
        folder / "mess_helloasso" / name, [header, *_lines(world, table, cells, ";")], encoding="utf-8-sig"
    )


_PRETIX = """Titre de l'événement;Nom de l'événement;Code de commande;ID de la position;Statut;E-Mail;Numéro de téléphone;Date de commande;
Heure de commande;Produit;ID produit;Variante;ID variant;Prix;Taux d'imposition;Règle fiscale;Valeur fiscale;Nom du participant;
Nom du participant: Prénom;Nom du participant: Nom de famille;E-mail du participant;Entreprise du participant;Adresse;Code postal;Ville;Pays;
État;Bon;Utilisation du budget des bons;Code du bon;ID pseudonyme;Secret du billet;ID du siège;Nom du siège;Zone du siège;Rangée de sièges;
Nom du siège;Bloqué;Valable depuis;Valable jusqu'au;Commentaire de commande;Date de suivi;Add-on à la position ID;Édition;Votre structure;
Vous êtes;Adresse de facturation de l'entreprise;Nom de l'adresse de facturation;Nom de l'adresse de facturation: Prénom;
Nom de l'adresse de facturation: Nom de famille;Adresse de facturation (rue);Adresse de facturation (Code postal);
Adresse de facturation (ville);Adresse de facturation (pays);État;Identifiant de TVA;Canal de vente;Langue de la commande;
Adresse e-mail vérifiée;Identifiant de commerçant externe;Listes d'enregistrement;Fournisseurs de paiement;Lien vers la commande""".replace(
    "\n", ""
)


def _pretix(
    world: World, folder: Path, rows: str, days: tuple[str, ...] = (f"{OVERLAP:%Y-%m-%d}", "2025-12-15")
) -> list[Path]:
    """pretix's positions of all events of the organiser, exported twice: the later export repeats the earlier one, corrected."""
    query = """select place.*, order_no % 100 = 99 as late, event.code, event.programme, event.title, event.has_check_in, payer.email as order_email, payer.phone as order_phone,
            row_number() over (partition by order_no order by place.place) as position, presence.presence is not null as came
        from place join event using (event)
        join (select order_no, person as payer from place where is_payer) using (order_no) join person payer on payer.person = payer
        left join presence on presence.event = place.event and presence.person = place.person and presence.place = place.place
        where place.platform = 'pretix'"""
    _spoil(world, "pretix", query, "registered_at, place", FORM)
    meals = """'Entrée'"""
    statuses = {
        False: "case status when 'registered' then 'Payé' when 'waiting' then 'en attente' else 'annulé' end",
        # before the month began nobody had given up, and half of those who had to pay had not yet
        True: "case when status = 'waiting' or price <> '0,00' and place % 2 = 0 then 'en attente' else 'Payé' end",
    }
    paths = []
    for day in days:
        early = day == f"{OVERLAP:%Y-%m-%d}"
        table = "pretix_row"
        condition = f"registered_at < '{OVERLAP:%Y-%m-%d}' and programme = 'MESS-2025'" if early else "true"
        world.con.execute(
            f"create or replace temp table {table} as select * exclude (r), row_number() over (order by r) - 1 as r from pretix where {condition} and {rows}"
        )
        checked = (
            "''"
            if early
            else "case when has_check_in and came and status = 'registered' then 'Entrée principale' else '' end"
        )
        cells = [
            "code", "semicolon(title)", "'P' || printf('%07X', order_no)", "position::varchar", statuses[early], "coalesce(order_email, '')", "coalesce(order_phone, '')",
            "strftime(registered_at, '%Y-%m-%d')", "strftime(registered_at, '%H:%M:%S')", meals, "'101'", "''", "''", "price", "'0,00'", "''", "'0,00'",
            "semicolon(given_w || ' ' || family_w)", "semicolon(given_w)", "semicolon(family_w)", "semicolon(email_w)", "''", "''", "''", "''", "'FR'",
            *["''"] * 4, "printf('%010X', place * 7919)", "lower(printf('k%011X', place * 104729))", *["''"] * 11, "programme", "semicolon(organisation_w)", "coalesce(category_w, '')",
            *["''"] * 10, "'web'", "'fr'", "'Oui'", "''", checked, "case price when '0,00' then 'Gratuit' else 'Virement bancaire' end",
            "'https://billets.example/cress-exemple/' || lower(code) || '/ticket/' || printf('P%07X', order_no) || '/' || position || '/x/'",
        ]  # fmt: skip
        assert len(cells) == _PRETIX.count(";") + 1, (len(cells), _PRETIX.count(";") + 1)
        name = f"cress-exemple_orderlist_positions_{day}.csv"
        _written(world, "mess_pretix", name, "registration", table, says=("organisation", "category"))
        paths.append(write_text(folder / "mess_pretix" / name, [_PRETIX, *_lines(world, table, cells, ";")]))
    return paths


def _eventbrite(world: World, folder: Path, rows: str, suffix: str = "") -> Path:
    """Eventbrite's attendee report, account in English: month before day, « Info Requested » where nobody said who would come."""
    query = """select place.*, order_no % 100 = 99 as late, event.code, event.programme, event.has_check_in, presence.presence is not null as came
        from place join event using (event)
        left join presence on presence.event = place.event and presence.person = place.person and presence.place = place.place
        where place.platform = 'eventbrite'"""
    _spoil(world, "eventbrite", query, "registered_at, place", FORM)
    table = "eventbrite_row"
    world.con.execute(
        f"""create or replace temp table {table} as select * exclude (again) replace (row_number() over (order by r, again) - 1 as r,
                case when r % 200 = 150 and not is_payer then null else person end as person) from (
            select *, 0 as again, case when r = 11 then 'quarantined' end as fate from eventbrite
            union all select *, 1, 'duplicate' from eventbrite where r = 5) where {rows}"""
    )
    nobody = "person is null"
    cells = [
        "(11911900000 + order_no)::varchar", "strftime(registered_at, '%m/%d/%y %-H:%M')",
        *(f"case when {nobody} then 'Info Requested' else comma({cell}) end" for cell in ("given_w", "family_w", "email_w")), "'1'", "''", "'Entrée générale'",
        "case when fate = 'quarantined' then '' else (19441500000 + place)::varchar end", "''", "case price when '0,00' then 'Free Order' else 'Eventbrite Completed' end", "'EUR'",
        "replace(price, ',', '.')", "'0'", "'0'", "'0'",
        "case when status = 'waiting' then 'Unpaid' when status = 'cancelled' then case when place % 2 = 0 then 'Not Attending' else 'Deleted' end "
        "when has_check_in and came then 'Checked In' else 'Attending' end",
        *["''"] * 6, "code", "programme", f"case when {nobody} then '' else comma(organisation_w) end", f"case when {nobody} then '' else coalesce(category_w, '') end",
        f"case when {nobody} then '' else coalesce(civility_w, '') end",
    ]  # fmt: skip
    header = (
        "Order #,Order Date,First Name,Last Name,Email,Quantity,Price Tier,Ticket Type,Attendee #,Group,Order Type,Currency,Total Paid,Fees Paid,"
        "Eventbrite Fees,Eventbrite Payment Processing,Attendee Status,Home Address 1,Home Address 2,Home City,Home State,Home Zip,Home Country,"
        "Événement choisi,Édition,Structure,Vous êtes,Civilité"
    )
    name = f"report-mois-ess-attendees{suffix}.csv"
    _written(world, "mess_eventbrite", name, "registration", table, says=("organisation", "civility", "category"))
    return write_text(
        folder / "mess_eventbrite" / name,
        [header, *_lines(world, table, cells, ",")],
        encoding="utf-8-sig",
        newline="\n",
    )


def _sheets(world: World, folder: Path, rows: str, suffix: str = "") -> list[Path]:
    """Sign-in sheets: those an assistant typed for all events, one after the other, and the workbooks some organisers sent.

    A sheet is printed with the registered persons; who did not come has an empty cell or `abs.`; walk-ins stand below.
    """
    query = """with expected as (
            select event, person, min(place) as place from place where status in ('registered', 'waiting') group by all),
        came as (select event, person, place, true as came from presence where mode = 'room'),
        both_ as (select coalesce(e.event, c.event) as event, coalesce(e.person, c.person) as person, coalesce(c.place, e.place) as place,
                         coalesce(came, false) as came, e.person is null as is_walk_in from expected e full join came c on e.event = c.event and e.person = c.person)
        select b.*, event.code, event.programme, event.sheet, row_number() over (partition by event order by is_walk_in, person * 7919 % 10007, person) as line
        from both_ b join event using (event) where event.sheet <> 'none' and event.status = 'held'"""
    _spoil(world, "sheet", query, "event, line", SHEET)
    world.con.execute(
        "alter table sheet add column late boolean; update sheet set late = (event * 31 + line) % 100 = 99"
    )
    # a person who signs morning and afternoon on two lines
    world.con.execute(
        f"""create or replace temp table typed_row as select * exclude (again) replace (row_number() over (order by event, line, again) - 1 as r) from (
            select *, 0 as again from sheet where sheet = 'typed'
            union all select *, 1 from sheet where sheet = 'typed' and came and (event + line) % 97 = 3) where {rows}"""
    )
    cells = [
        "programme", "code", "line::varchar", "coalesce(civility_w, '')", "semicolon(family_w)", "semicolon(given_w)", "semicolon(organisation_w)", "semicolon(email_w)",
        "coalesce(postcode_w, '')", "case when came then case r % 5 when 0 then '✓' when 1 then 'signé' else 'X' end when r % 3 = 0 then 'abs.' else '' end",
    ]  # fmt: skip
    name = f"emargements_saisis{suffix}.csv"
    header = "Édition;Code événement;N°;Civilité;NOM;Prénom;Structure;Courriel;CP;Émargement"
    _written(world, "mess_emargement_saisi", name, "attendance", "typed_row", says=("organisation", "civility"))
    paths = [
        write_text(
            folder / "mess_emargement_saisi" / name,
            [header, *_lines(world, "typed_row", cells, ";")],
            encoding="utf-8-sig",
        )
    ]
    if suffix:
        return paths
    events = world.con.execute(
        "select event, code, title, day from event where sheet = 'own' and event in (select event from sheet) order by event"
    ).fetchall()
    for rank, (event, code, title, day) in enumerate(events):
        attendance = world.con.execute(
            "select line, civility_w, family_w, given_w, organisation_w, email_w, case when came then 'X' when line % 4 = 0 then 'abs' end, "
            "case when came and line % 3 > 0 then 'X' end, case when came then '(signé)' end from sheet where event = ? order by line",
            [event],
        ).fetchall()
        head = [
            ["FEUILLE D'ÉMARGEMENT"], ["Événement :", title], ["Date :", f"{day:%d/%m/%Y}"], ["Animateur·rice :", "Camille Exemple-Fictif"], [],
            ["N°", "Civilité", "NOM", "Prénom", "Structure / fonction", "Courriel", "Matin", "Après-midi", "Signature"],
        ]  # fmt: skip
        foot = [[], ["Total présents :", None, None, None, None, None, sum(row[6] == "X" for row in attendance)]]
        # the last organiser gave her sheet a code that no programme has
        unknown = rank == len(events) - 1 and rank > 0
        name = "MESS25-999X.xlsx" if unknown else f"{code}.xlsx"
        world.con.execute(
            "create or replace temp table own_row as select *, null::varchar as fate from sheet where event = ?",
            [event],
        )
        _written(
            world,
            "mess_emargement",
            name,
            "attendance",
            "own_row",
            row_number="line + 6",
            says=("organisation", "civility"),
        )
        paths.append(write_workbook(folder / "mess_emargement" / name, "Émargement", [*head, *attendance, *foot]))
    return paths


def _meetings(world: World, folder: Path) -> list[Path]:
    """Attendance reports of Teams (2022 and later, three sections, UTF-16) and of Zoom: one line per connection."""
    query = """select p.event, p.person, p.place, joined_at, minutes, nb_connections, code, programme, link, day, title
        from presence p join event using (event) where p.mode = 'online' and link <> 'none'"""
    _spoil(world, "meeting", query, "event, joined_at, person", MEETING)
    world.con.execute(
        """create or replace temp table connection as
        select *, row_number() over (partition by event order by r, part) - 1 as line,
            joined_at + to_minutes(case when part = 1 then 0 else minutes // 2 + 3 end) as arrived,
            case when nb_connections = 1 then minutes when part = 1 then minutes // 2 else minutes - minutes // 2 end as stayed,
            case when r % 3 = 0 then upper(family_w) || ' ' || given_w when r % 3 = 1 then given_w || ' ' || family_w
                 else family_w || ', ' || given_w end as shown
        from meeting, lateral (select unnest(range(1, nb_connections + 1)) as part)"""
    )
    paths = []
    for event, code, link, title in world.con.execute(
        "select distinct event, code, link, title from connection order by event"
    ).fetchall():
        world.con.execute(
            "create or replace temp table one_meeting as select * from connection where event = ?", [event]
        )
        if link == "teams":
            paths.append(_teams(world, folder, code, title))
        else:
            cells = [
                "comma(case when r % 4 = 0 then given_w || ' (' || given_w || ' ' || family_w || ')' else shown end)", "comma(trim(email_w))",
                "strftime(arrived, '%m/%d/%Y %I:%M:%S %p')", "strftime(arrived + to_minutes(stayed), '%m/%d/%Y %I:%M:%S %p')", "stayed::varchar",
                "case when email_w is null then 'Yes' else 'No' end", "'OK'", "'No'",
            ]  # fmt: skip
            header = "Name (original name),Email,Join time,Leave time,Duration (minutes),Guest,Recording disclaimer response,In waiting room"
            _written(world, "mess_zoom", f"{code}.csv", "attendance", "one_meeting", row_number="line + 2")
            lines = [header, *_lines(world, "one_meeting", cells, ",", order="line")]
            paths.append(write_text(folder / "mess_zoom" / f"{code}.csv", lines, encoding="utf-8-sig", newline="\n"))
    return paths


def _teams(world: World, folder: Path, code: str, title: str) -> Path:
    moment = "'%-m/%-d/%y, %-I:%M:%S %p'"
    summary = [
        "1. Summary", f"Meeting title\t{title}",
        f"Attended participants\t{world.con.execute('select count(distinct person) from one_meeting').fetchall()[0][0]}",
        *world.con.execute(f"select ['Start time' || chr(9) || strftime(min(arrived), {moment}), 'End time' || chr(9) || strftime(max(arrived + to_minutes(stayed)), {moment})] from one_meeting").fetchall()[0][0],
        "Meeting duration\t1h 40m", "Average attendance time\t46m 3s", "", "2. Participants",
        "Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole",
    ]  # fmt: skip
    world.con.execute(
        "create or replace temp table one_person as select min(line) as line, any_value(shown) as shown, any_value(trim(email_w)) as email_w, "
        "min(arrived) as arrived, max(arrived + to_minutes(stayed)) as gone, sum(stayed) as stayed from one_meeting group by person"
    )
    length = "case when stayed >= 60 then (stayed // 60) || 'h ' || (stayed % 60) || 'm' else stayed || 'm 0s' end"
    email, name = "coalesce(email_w, '')", "case when email_w is null then shown || ' (Unverified)' else shown end"
    persons = _lines(
        world,
        "one_person",
        [name, f"strftime(arrived, {moment})", f"strftime(gone, {moment})", length, email, email, "'Attendee'"],
        "\t",
        order="line",
    )
    connections = _lines(
        world, "one_meeting",
        [name, f"strftime(arrived, {moment})", f"strftime(arrived + to_minutes(stayed), {moment})", length, "coalesce(trim(email_w), '')", "'Attendee'"], "\t", order="line",
    )  # fmt: skip
    above = [*summary, *persons, "", "3. In-Meeting Activities", "Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole"]
    _written(world, "mess_teams", f"{code}.csv", "attendance", "one_meeting", row_number=f"line + {len(above) + 1}")
    return write_text(folder / "mess_teams" / f"{code}.csv", [*above, *connections], encoding="utf-16")


_SUBMISSION = (
    "Serial",
    "SID",
    "Submitted Time",
    "Completed Time",
    "Modified Time",
    "Draft",
    "IP Address",
    "UID",
    "Username",
)


def _framaforms(
    title: str, questions: list[str], grid: str | None, grid_questions: list[str], after: list[str]
) -> list[str]:
    """The three lines of headers of a Framaforms download."""
    columns = [*_SUBMISSION, *questions, *grid_questions, *after]
    first = [title, *[""] * (len(columns) - 1)]
    second = ["Submission Details", *[""] * (len(columns) - 1)]
    if grid:
        second[len(_SUBMISSION) + len(questions)] = grid
    return ["\t".join(f'"{cell}"' for cell in line) for line in (first, second, columns)]


def _surveys(world: World, folder: Path, rows: str, suffix: str = "") -> list[Path]:
    """Answers to the two satisfaction surveys: Framaforms (tabs, in words) and LimeSurvey (semicolons, in codes)."""
    query = """select a.*, answer % 100 = 99 as late, code, programme from answer a join event using (event)"""
    _spoil(world, "survey", query, "answer", SURVEY)
    world.con.execute(
        f"""create or replace temp table frama_row as select * replace (row_number() over (order by r) - 1 as r) from survey where form = 'framaforms' and {rows};
        create or replace temp table lime_row as select *, case when r = 9 then 'quarantined' end as fate from
            (select * replace (row_number() over (order by r) - 1 as r) from survey where form = 'limesurvey' and {rows})"""
    )
    moment = "quoted(strftime(sent_at, '%d/%m/%Y - %H:%M'))"
    cells = [
        "quoted((r + 1)::varchar)", "quoted((2000000 + answer)::varchar)", moment, moment, moment, "quoted(case when is_complete then '0' else '1' end)",
        "quoted('192.0.2.1')", "quoted('0')", "quoted('')", "quoted(code)", "quoted(programme)", "quoted(organisation_w)", "quoted(email_w)",
        *(f"quoted(case {note} when 5 then 'Très satisfait' when 4 then 'Satisfait' when 3 then 'Moyennement satisfait' when 2 then 'Peu satisfait' "
          "else 'Pas du tout satisfait' end)" for note in ("note", "case when answer % 3 = 0 then greatest(note - 1, 1) else note end")),
        "quoted(recommendation::varchar)", "quoted(case when first_time then 'Oui' else 'Non' end)", "quoted(comment)",
    ]  # fmt: skip
    head = _framaforms(
        "Votre avis - Mois de l'ESS", ["Code de l'événement", "Édition", "Votre structure", "Votre e-mail"], "Satisfaction", ["Contenu", "Organisation"],
        ["Recommanderiez-vous cet événement ? (0 à 10)", "Est-ce votre premier Mois de l'ESS ?", "Commentaires"],
    )  # fmt: skip
    name = f"votre_avis_mois_de_less{suffix}.tsv"
    _written(world, "mess_satisfaction", name, "feedback", "frama_row", row_number="r + 4", says=("organisation",))
    paths = [
        write_text(folder / "mess_satisfaction" / name, [*head, *_lines(world, "frama_row", cells, "\t")], newline="\n")
    ]
    header = [
        "id",
        "submitdate",
        "lastpage",
        "startlanguage",
        "seed",
        "startdate",
        "datestamp",
        "evt",
        "edition",
        "orga",
        "mail",
        "note",
        "reco",
        "premiere",
        "verbatim",
    ]
    moment = "strftime(sent_at, '%Y-%m-%d %H:%M:%S')"
    cells = [
        "quoted((answer + 1)::varchar)", f"case when is_complete then quoted({moment}) else '' end", "quoted('2')", "quoted('fr')", "''",
        f"quoted({moment})", f"quoted({moment})", "quoted(code)", "quoted(programme)", "quoted(organisation_w)", "quoted(email_w)",
        "quoted(case when fate = 'quarantined' then '9' else note::varchar end)", "quoted(recommendation::varchar)",
        "quoted(case when first_time then 'Y' else 'N' end)", "quoted(comment)",
    ]  # fmt: skip
    lines = [";".join(f'"{cell}"' for cell in header), *_lines(world, "lime_row", cells, ";")]
    name = f"results-survey202511{suffix}.csv"
    _written(world, "mess_enquete", name, "feedback", "lime_row", says=("organisation",))
    return [*paths, write_text(folder / "mess_enquete" / name, lines, encoding="utf-8-sig")]


def _reports(world: World, folder: Path) -> Path:
    """Fiches de synthèse that organisers send after their event, on Framaforms."""
    world.con.execute(
        """create or replace temp table report_row as select report as r, r.*, code, programme, o.name as org_name, o.email as org_email
        from report r join event using (event) left join event_organiser eo on eo.event = r.event and eo.rank = 0 left join organisation o using (org) order by report"""
    )
    moment = "quoted(strftime(sent_at, '%d/%m/%Y - %H:%M'))"
    cells = [
        "quoted((r + 1)::varchar)", "quoted((3000000 + report)::varchar)", moment, moment, moment, "quoted('0')", "quoted('192.0.2.1')", "quoted('0')", "quoted('')",
        "quoted(code)", "quoted(programme)", "quoted(org_name)", "quoted(org_email)", "quoted(text)",
        *(f"quoted(case when event % {n} = 0 then 'X' else '' end)" for n in (2, 3, 5)), "quoted(case when event % 7 = 0 then 'Belle mobilisation des bénévoles' else '' end)",
    ]  # fmt: skip
    head = _framaforms(
        "Fiche de synthèse - Mois de l'ESS", ["Code de l'événement", "Édition", "Structure organisatrice", "Courriel du référent", "Nombre de participants"],
        "Publics touchés", ["Salariés", "Étudiants", "Demandeurs d'emploi"], ["Commentaires"],
    )  # fmt: skip
    name = "fiche_de_synthese_mois_de_less.tsv"
    _written(world, "mess_fiches", name, "event_report", "report_row", row_number="r + 4")
    return write_text(folder / "mess_fiches" / name, [*head, *_lines(world, "report_row", cells, "\t")], newline="\n")


def _contributions(world: World, folder: Path) -> Path:
    """Levers, brakes, good practices and tools of the workshops, gathered in a workbook."""
    world.con.execute(
        "create or replace temp table contribution_row as select contribution as r, c.*, code, programme from contribution c join event using (event) order by r"
    )
    rows = world.con.execute(
        """select 'C' || lpad((contribution + 1)::varchar, 4, '0'), programme, code, kind,
            case theme when 'ALIM' then 'Alimentation' when 'CULT' then 'Culture' when 'ECOL' then 'Transition écologique' when 'EMPL' then 'Emploi'
                when 'FINA' then 'Finances solidaires' when 'NUME' then 'Numérique' else 'Santé' end, text from contribution_row order by r"""
    ).fetchall()
    name = "leviers_et_freins.xlsx"
    _written(world, "mess_contributions", name, "contribution", "contribution_row")
    return write_workbook(
        folder / "mess_contributions" / name,
        "Remontées",
        [["N°", "Édition", "Code événement", "Nature", "Thème", "Ce qui a été dit"], *rows],
    )
