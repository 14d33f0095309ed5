"""The truth: who exists, what took place, who registered, who came, who answered.

Here: drawing it all from one seed, as tables of a DuckDB connection. One stream of random numbers per subject, so that a new subject
moves no other. Not here: how it is written down (`deliveries.py`), what it adds up to (`truth.py`).

    organisation(org, organisation_id, name, family, legal_category, activity, siren, siret, headcount, commune, department, postcode, phone, email)
    person(person, gender, given, family, nickname, email, email2, phone, org, category, commune, postcode, namesake)
    event(event, code, programme, year, kind, title, status, counts, parent, day, precision, format, commune, commune_code, department,
          platform, sheet, link, has_check_in, nb_organisers, application, is_withdrawn, is_misprinted)
    event_organiser(event, rank, org)     event_theme(event, rank, theme)
    place(place, event, person, platform, order_no, is_payer, status, word, registered_at, price, checked_in)
    presence(presence, event, person, mode, place, joined_at, minutes, nb_connections)
    report(report, event, sent_at, text, value, precision, came)     answer(answer, event, person, form, sent_at, note, recommendation, first_time, has_email)
    contribution(contribution, event, kind, theme, text)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.region import names

TERRITORY = Path(__file__).parents[2] / "sources" / "references" / "territory" / "2023"
PROGRAMMES = {2024: "MESS-2024", 2025: "MESS-2025"}
THEMES = ("ALIM", "CULT", "ECOL", "EMPL", "FINA", "NUME", "SANT")
PLATFORMS = ("helloasso", "pretix", "eventbrite")
REGION = "32"


@dataclass(frozen=True)
class Size:
    """How much of everything. `registrations`: rows that the ticketing platforms export for both years, without the overlap."""

    registrations: int
    persons: int
    events: int
    files_of_events: int = 6

    @classmethod
    def of(cls, registrations: int, persons: int | None = None) -> Size:
        """The usual proportions: two places per person, 60 events for 1,800 places, 5,060 for a million."""
        events = max(12, min(registrations // 25, 60 + registrations // 200))
        return cls(registrations, persons or max(registrations // 2, 40), events)


@dataclass
class World:
    """The tables above, in `con`, and the size and seed they were drawn with."""

    size: Size
    seed: int
    con: duckdb.DuckDBPyConnection

    def stream(self, subject: str) -> np.random.Generator:
        """The random numbers of one subject."""
        return np.random.default_rng([self.seed, *subject.encode()])

    def keep(self, name: str, columns: dict) -> None:
        """A table from columns (numpy arrays, lists or Arrow arrays)."""
        table = pa.table(
            {key: value if isinstance(value, pa.Array) else pa.array(value) for key, value in columns.items()}
        )
        self.con.register("kept", table)
        self.con.execute(f"create or replace table {name} as select * from kept")
        self.con.unregister("kept")

    @cached_property
    def communes(self) -> dict[str, np.ndarray]:
        """Communes of the region with a postcode, the largest first."""
        rows = (
            duckdb.connect()
            .execute(
                f"""select c.code, c.name, c.department_code, c.population, min(p.postcode)
                from read_parquet('{TERRITORY}/commune.parquet') c join read_parquet('{TERRITORY}/postcode.parquet') p
                on p.commune_code = c.code where c.region_code = '{REGION}' and c.kind = 'commune'
                group by all order by c.population desc, c.code limit 400"""
            )
            .fetchall()
        )
        code, name, department, population, postcode = zip(*rows, strict=True)
        weight = np.sqrt(np.array(population, dtype=float))
        return {
            "code": np.array(code), "name": np.array(name), "department": np.array(department),
            "postcode": np.array(postcode), "weight": weight / weight.sum(),
        }  # fmt: skip


def make(size: Size, seed: int = 2025) -> World:
    """Draw the whole world. The same size and seed give the same world."""
    world = World(size, seed, duckdb.connect(config={"threads": 2}))
    _organisations(world)
    _persons(world)
    _events(world)
    _places(world)
    _presences(world)
    _answers(world)
    _reports(world)
    return world


def luhn(digits: str) -> str:
    """The check digit that makes `digits` valid (ISO/IEC 7812-1)."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def fictional_phone(number: int) -> str:
    """The n-th of the 60,000 numbers that Arcep keeps for works of fiction."""
    prefix = ("0639 98", "0199 00", "0261 91", "0353 01", "0465 71", "0536 49")[(number // 10_000) % 6].replace(" ", "")
    return prefix + f"{number % 10_000:04}"


def _pick(rng: np.random.Generator, options: dict | list, count: int) -> np.ndarray:
    """`count` draws among the keys of a weighting, or evenly among a list."""
    if isinstance(options, dict):
        weights = np.array(list(options.values()), dtype=float)
        return np.array(list(options), dtype=object)[rng.choice(len(weights), count, p=weights / weights.sum())]
    return np.array(options, dtype=object)[rng.integers(0, len(options), count)]


def _organisations(world: World) -> None:
    rng = world.stream("organisation")
    count = max(60, world.size.persons // 20)
    family = _pick(rng, {name: kind[0] for name, kind in names.ORGANISATIONS.items()}, count)
    commune = rng.choice(400, count, p=world.communes["weight"])
    columns: dict[str, list] = {
        key: [] for key in ("name", "legal_category", "activity", "siren", "siret", "phone", "email")
    }
    seen: dict[str, int] = {}
    for org in range(count):
        _, legal_category, activity, words = names.ORGANISATIONS[family[org]]
        word = words[org % len(words)]
        town = str(world.communes["name"][commune[org]])
        if word in ("Société", "Cabinet"):
            legal_category, activity = "5710", "7022Z"
        noun, telling = names.NOUNS[rng.integers(len(names.NOUNS))], names.TELLING[rng.integers(len(names.TELLING))]
        name = f"{word} {town}-{telling}" if word.endswith(" de") and word != "Les Amis de" else (
            f"{word} La {noun} {telling}" if word != "Les Amis de" else f"Les Amis de La {noun} {telling}"
        )  # fmt: skip
        if name in seen:
            name = f"{name} – {town}"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name} {seen[name]}"
        siren = f"999{org:05}"[:8]
        siren += luhn(siren)
        columns["name"].append(name)
        columns["legal_category"].append(legal_category)
        columns["activity"].append(activity)
        columns["siren"].append(siren)
        columns["siret"].append(siren + "0001" + luhn(siren + "0001"))
        columns["phone"].append(fictional_phone(59_999 - org % 5_000))
        columns["email"].append(f"contact@org{org}.example")
    world.keep(
        "organisation",
        {
            "org": np.arange(count), "organisation_id": [f"MESS-P{org:04}" for org in range(count)], "family": list(family),
            "headcount": list(_pick(rng, {"0 salarié": 3, "1 à 9": 4, "10 à 49": 2, "50 et plus": 1}, count)),
            "commune": list(world.communes["name"][commune]), "department": list(world.communes["department"][commune]),
            "postcode": list(world.communes["postcode"][commune]), **columns,
        },
    )  # fmt: skip


def _persons(world: World) -> None:
    rng = world.stream("person")
    count, communes = world.size.persons, world.communes
    nb_orgs = world.con.execute("select count(*) from organisation").fetchall()[0][0]
    gender = _pick(rng, {"F": 0.56, "M": 0.43, "other": 0.01}, count)
    women, men = np.array(names.WOMEN), np.array(names.MEN)
    is_woman = (gender == "F") | ((gender == "other") & (rng.random(count) < 0.5))
    given = np.where(is_woman, women[rng.integers(0, len(women), count)], men[rng.integers(0, len(men), count)])
    families = np.array(names.FAMILIES)[rng.integers(0, len(names.FAMILIES), count)]
    examples = np.array(names.EXAMPLES)[rng.integers(0, len(names.EXAMPLES), count)]
    first, second = np.where(rng.random(count) < 0.5, (families, examples), (examples, families))
    org_weight = 1 / (1 + np.arange(nb_orgs)) ** 0.5
    org = rng.choice(nb_orgs, count, p=org_weight / org_weight.sum())
    commune = rng.choice(400, count, p=communes["weight"])
    email_kind = _pick(rng, {"own": 0.84, "shared": 0.05, "none": 0.06, "two": 0.05}, count)
    phone_kind = _pick(rng, {"own": 0.25, "shared": 0.03, "none": 0.72}, count)
    has_org = rng.random(count) < 0.72
    # father and son: same name, same association, same phone, an address each
    son = np.flatnonzero((rng.random(count) < 0.004) & (np.arange(count) > 0))
    son = son[np.diff(son, prepend=-2) > 1]
    for values in (gender, given, first, second, org, has_org):
        values[son] = values[son - 1]
    phone_kind[son], phone_kind[son - 1], email_kind[son] = "father", "own", "own"
    phone_no = np.where(phone_kind == "father", np.arange(count) - 1, np.arange(count)) * 3 % 55_000
    world.keep(
        "drawn_person",
        {
            "person": np.arange(count), "gender": list(gender), "given": list(given), "first": list(first), "second": list(second),
            "org": org, "has_org": has_org, "commune": list(communes["name"][commune]), "postcode": list(communes["postcode"][commune]),
            "email_kind": list(email_kind), "phone_kind": list(phone_kind), "is_namesake": np.isin(np.arange(count), son),
            "phone_no": phone_no, "role": rng.random(count), "domain": rng.integers(0, len(names.DOMAINS), count),
            "style": rng.random(count),
        },
    )  # fmt: skip
    world.keep("nickname", {"given": list(names.NICKNAMES), "nickname": list(names.NICKNAMES.values())})
    world.keep("domain", {"domain": np.arange(len(names.DOMAINS)), "host": list(names.DOMAINS)})
    prefixes = ["063998", "019900", "026191", "035301", "046571", "053649"]
    world.con.execute(
        f"""create or replace table person as
        with named as (
            select d.*, first || '-' || second as family, host, n.nickname,
                regexp_replace(lower(strip_accents(d.given)), '[^a-z]', '', 'g') as ascii_given,
                regexp_replace(lower(strip_accents(first || '-' || second)), '[^a-z-]', '', 'g') as ascii_family
            from drawn_person d join domain using (domain) left join nickname n on n.given = d.given),
        placed as (
            select named.*, o.name as org_name, o.family as org_family, o.legal_category, o.email as org_email, o.phone as org_phone,
                case when style < 0.7 then ascii_given || '.' || ascii_family when style < 0.85 then left(ascii_given, 1) || ascii_family
                     else ascii_family || '.' || ascii_given end as local,
                case when has_org and style < 0.4 then 'org' || org || '.example' else host end as own_host
            from named left join organisation o using (org)),
        numbered as (select *, row_number() over (partition by local, own_host order by person) as nth from placed)
        select person, gender, given, family, nickname,
            case email_kind when 'none' then null
                when 'shared' then case when has_org then org_email else local || case when nth > 1 then nth::varchar else '' end || '@' || own_host end
                else local || case when nth > 1 then nth::varchar else '' end || '@' || own_host end as email,
            case when email_kind = 'two' then local || '.' || person || '@perso.example' end as email2,
            case when phone_kind = 'own' or phone_kind = 'father' then
                     ['{"','".join(prefixes)}'][1 + (phone_no // 10000)::int] || lpad((phone_no % 10000)::varchar, 4, '0')
                 when phone_kind = 'shared' and has_org then org_phone end as phone,
            case when has_org then org end as org,
            case when not has_org then case when role < 0.8 then 'other' end
                 when legal_category = '7210' then case when role < 0.35 then 'elected' else 'agent' end
                 when org_family = 'non_ess' then 'other' else 'ess' end as category,
            commune, postcode, is_namesake
        from numbered order by person"""
    )


def _events(world: World) -> None:
    rng = world.stream("event")
    count, communes = world.size.events, world.communes
    year = np.where(np.arange(count) < count // 5, 2024, 2025)
    number = np.where(year == 2024, np.arange(count), np.arange(count) - count // 5) + 1
    width = max(3, len(str(count)))
    code = [f"MESS{y % 100}-{n:0{width}}" for y, n in zip(year, number, strict=True)]
    status = _pick(rng, {"held": 0.88, "cancelled": 0.06, "postponed": 0.02, "announced": 0.04}, count)
    format_ = _pick(rng, {"in_person": 0.72, "online": 0.2, "hybrid": 0.08}, count)
    day = np.array([f"{y}-11-01" for y in year], dtype="datetime64[D]") + rng.integers(-10, 38, count)
    precision = _pick(rng, {"day": 0.95, "month": 0.03, "missing": 0.02}, count)
    parent = np.full(count, -1)
    part = np.flatnonzero((rng.random(count) < 0.04) & (np.arange(count) > 2) & (year == 2025) & (number > 3))
    for event in part:
        parent[event] = event - 1 - int(rng.integers(0, 2))
    parent = np.where(np.isin(parent, part), -1, parent)
    counts = (rng.random(count) > 0.02) | (parent >= 0)
    place = rng.choice(400, count, p=communes["weight"])
    located = (format_ != "online") & (rng.random(count) < 0.96)
    platform = _pick(rng, {"helloasso": 0.34, "pretix": 0.34, "eventbrite": 0.22, "none": 0.1}, count)
    platform = np.where(
        (parent >= 0) | (format_ == "online") & (platform == "none"), np.where(parent >= 0, "none", "pretix"), platform
    )
    draw = rng.random(count)
    checks = np.isin(platform, ("pretix", "eventbrite")) & (draw > 0.72) & (format_ == "in_person")
    sheet = np.where((format_ == "online") | checks | (draw < 0.15) | (parent >= 0), "none", "typed")
    link = np.where(format_ == "in_person", "none", _pick(rng, ["teams", "zoom"], count))
    held = (status == "held") & (year == 2025)
    # a few events send a file of their own; the other meetings have no report, the other sheets are typed by one assistant
    own = np.flatnonzero(held & (sheet == "typed") & (format_ == "in_person"))[: max(2, world.size.files_of_events)]
    sheet = sheet.astype(object)
    sheet[own] = "own"
    for tool in ("teams", "zoom"):
        link = np.where(
            (link == tool)
            & ~np.isin(np.arange(count), np.flatnonzero(held & (link == tool))[: world.size.files_of_events]),
            "none",
            link,
        )
    if held.any():  # somebody always overlaps two programme years
        late = np.flatnonzero((year == 2024) & (status == "held"))[-1:]
        day[late], precision[late] = np.datetime64("2025-01-14"), "day"
    topic, kind = rng.integers(0, len(names.TOPICS), count), _pick(rng, list(names.FORMATS), count)
    kind = np.where(format_ == "online", "Webinaire", np.where(kind == "Webinaire", "Atelier", kind))
    title = [f"{kind[e]} « {names.TOPICS[topic[e]]} » n° {number[e]}" for e in range(count)]
    nb_organisers = rng.choice([0, 1, 2, 3], count, p=[0.02, 0.7, 0.22, 0.06])
    counted = (parent < 0) & counts & (year == 2025)
    # taken out of the programme at its source: one after people had come and signed, one that never took place; and a status typed wrong
    signed = np.flatnonzero(counted & (status == "held") & (sheet == "typed"))
    is_withdrawn = np.isin(np.arange(count), [*signed[:1], *np.flatnonzero(counted & (status == "announced"))[:1]])
    is_misprinted = np.isin(np.arange(count), signed[1:2])
    world.keep(
        "event",
        {
            "event": np.arange(count), "code": code, "programme": [PROGRAMMES[y] for y in year], "year": year, "kind": list(kind), "title": title,
            "status": list(status), "counts": counts, "parent": pa.array(parent, mask=parent < 0), "day": day, "precision": list(precision),
            "format": list(format_), "commune": pa.array(list(communes["name"][place]), mask=~located),
            "commune_code": pa.array(list(communes["code"][place]), mask=~located),
            "department": pa.array(list(communes["department"][place]), mask=~located), "platform": list(platform), "sheet": list(sheet),
            "link": list(link), "has_check_in": checks, "nb_organisers": nb_organisers, "popularity": rng.lognormal(0, 0.7, count),
            "application": _applications(world, status, parent), "is_withdrawn": is_withdrawn, "is_misprinted": is_misprinted,
        },
    )  # fmt: skip
    nb_orgs = world.con.execute("select count(*) from organisation").fetchall()[0][0]
    leads = rng.integers(0, nb_orgs, (count, 3))
    leads[:, 1] = (leads[:, 0] + 1 + leads[:, 1] % (nb_orgs - 2)) % nb_orgs
    rows = [
        (e, rank, int(leads[e, rank]))
        for e in range(count)
        for rank in range(nb_organisers[e])
        if rank == 0 or leads[e, rank] not in leads[e, :rank]
    ]
    world.keep("event_organiser", dict(zip(("event", "rank", "org"), map(list, zip(*rows, strict=True)), strict=True)))
    nb_themes = rng.choice([0, 1, 2], count, p=[0.03, 0.77, 0.2])
    first = rng.integers(0, len(THEMES), count)
    themes = [
        (e, rank, THEMES[(first[e] + rank * 3) % len(THEMES)]) for e in range(count) for rank in range(nb_themes[e])
    ]
    world.keep("event_theme", dict(zip(("event", "rank", "theme"), map(list, zip(*themes, strict=True)), strict=True)))


_APPLICATIONS = {
    "held": {"accepted": 0.9, "none": 0.1},
    "cancelled": {"accepted": 0.45, "refused": 0.35, "dropped": 0.2},
    "postponed": {"accepted": 1.0},
    "announced": {"accepted": 0.3, "refused": 0.35, "pending": 0.2, "incomplete": 0.15},
}
"""What became of the candidature of an event, by what became of the event. `none`: the observatory's own, never a candidate."""


def _applications(world: World, status: np.ndarray, parent: np.ndarray) -> pa.Array:
    rng = world.stream("application")
    drawn = {name: _pick(rng, weights, len(status)) for name, weights in _APPLICATIONS.items()}
    said = np.array([drawn[name][event] for event, name in enumerate(status)], dtype=object)
    return pa.array(list(said), mask=(said == "none") | (parent >= 0))


def _events_table(world: World) -> dict[str, np.ndarray]:
    names_ = (
        "event",
        "status",
        "platform",
        "sheet",
        "link",
        "has_check_in",
        "format",
        "popularity",
        "parent",
        "year",
        "day",
    )
    table = world.con.sql(f"select {', '.join(names_)} from event order by event").to_arrow_table()
    return {name: table[name].to_numpy(zero_copy_only=False) for name in names_}


def _places(world: World) -> None:
    """Registered places. The person is drawn by how active she is; a few hold two places at one event, with two orders."""
    rng = world.stream("place")
    event = _events_table(world)
    open_ = event["platform"] != "none"
    weight = np.where(open_, event["popularity"], 0)
    total = world.size.registrations
    activity = rng.gamma(0.9, 1.0, world.size.persons) + 0.02
    pairs = np.empty((0, 2), dtype=np.int64)
    wanted = int(total / 1.007)
    while len(pairs) < wanted:
        drawn = np.column_stack((
            rng.choice(len(weight), wanted, p=weight / weight.sum()),
            rng.choice(world.size.persons, wanted, p=activity / activity.sum()),
        ))  # fmt: skip
        pairs = np.unique(np.vstack((pairs, drawn)), axis=0)
    pairs = pairs[np.sort(rng.permutation(len(pairs))[:wanted])]
    again = pairs[np.sort(rng.permutation(len(pairs))[: total - wanted])]
    pairs = np.vstack((pairs, again))
    is_again = np.arange(len(pairs)) >= wanted
    order = np.lexsort((rng.random(len(pairs)), pairs[:, 0]))
    ev, person, is_again = pairs[order, 0], pairs[order, 1], is_again[order]
    count = len(ev)
    platform = event["platform"][ev]
    opened = event["day"][ev].astype("datetime64[s]") - np.timedelta64(45, "D")
    registered_at = opened + (rng.beta(2, 1, count) * 44 * 86_400).astype("timedelta64[s]")
    order_in_event = np.lexsort((registered_at, ev))
    ev, person, is_again, platform = (values[order_in_event] for values in (ev, person, is_again, platform))
    registered_at = registered_at[order_in_event]
    # an order may hold several places: the next place of the event joins it
    joins = (rng.random(count) < 0.12) & (ev == np.roll(ev, 1)) & ~is_again
    joins[:1] = False
    order_no = np.cumsum(~joins) - 1
    registered_at = registered_at[np.flatnonzero(~joins)][order_no]
    status = _pick(
        rng, {"registered": 0.845, "waiting": 0.05, "cancelled": 0.085, "refunded": 0.015, "unknown": 0.005}, count
    )
    status = np.where((platform != "helloasso") & (status == "refunded"), "cancelled", status)
    status = np.where((platform != "helloasso") & (status == "unknown"), "registered", status)
    world.keep(
        "place",
        {
            "place": np.arange(count), "event": ev, "person": person, "platform": list(platform), "order_no": order_no, "is_payer": ~joins,
            "is_again": is_again, "status": list(status), "registered_at": registered_at, "price": list(_pick(rng, ["0,00", "5,00", "10,00"], count)),
            "shows_up": rng.random(count) < np.where(event["format"][ev] == "online", 0.6, 0.73),
        },
    )  # fmt: skip


def _presences(world: World) -> None:
    """Who came: of those registered, most; and people nobody expected. One row per person and event."""
    rng = world.stream("presence")
    event = _events_table(world)
    held = event["status"] == "held"
    rows = world.con.sql(
        "select event, person, min(place) as place from place where status = 'registered' and shows_up group by all order by event, person"
    ).to_arrow_table()
    ev, person, place = (rows[name].to_numpy() for name in ("event", "person", "place"))
    kept = held[ev]
    ev, person, place = ev[kept], person[kept], place[kept]
    nb_came = np.bincount(ev, minlength=len(held))
    alone = held & (event["platform"] == "none")
    walk_ins = np.where(alone, 6 + rng.poisson(18, len(held)), rng.binomial(nb_came, 0.08)) * held
    walk_in_event = np.repeat(np.arange(len(held)), walk_ins)
    walk_in_person = rng.integers(0, world.size.persons, len(walk_in_event))
    pairs = np.unique(np.column_stack((walk_in_event, walk_in_person)), axis=0)
    world.keep("walk_in", {"event": pairs[:, 0], "person": pairs[:, 1]})
    fresh = world.con.sql(
        "select event, person from walk_in w where not exists (select 1 from place p where p.event = w.event and p.person = w.person) "
        "order by event, person"
    ).to_arrow_table()
    ev = np.concatenate((ev, fresh["event"].to_numpy()))
    person = np.concatenate((person, fresh["person"].to_numpy()))
    place = np.concatenate((place, np.full(fresh.num_rows, -1)))
    order = np.lexsort((person, ev))
    ev, person, place = ev[order], person[order], place[order]
    count = len(ev)
    hybrid = event["format"][ev] == "hybrid"
    mode = np.where((event["format"][ev] == "online") | (hybrid & (rng.random(count) < 0.4)), "online", "room")
    start = event["day"][ev].astype("datetime64[s]") + np.timedelta64(14, "h")
    joined_at = start + rng.integers(-600, 900, count).astype("timedelta64[s]")
    world.keep(
        "presence",
        {
            "presence": np.arange(count), "event": ev, "person": person, "mode": list(mode), "place": pa.array(place, mask=place < 0),
            "joined_at": joined_at, "minutes": rng.integers(12, 95, count), "nb_connections": 1 + (rng.random(count) < 0.15),
        },
    )  # fmt: skip


def _answers(world: World) -> None:
    rng = world.stream("answer")
    rows = world.con.sql(
        "select event, person, joined_at, year from presence join event using (event) order by presence"
    ).to_arrow_table()
    chosen = np.flatnonzero(rng.random(rows.num_rows) < 0.22)
    ev, person = rows["event"].to_numpy()[chosen], rows["person"].to_numpy()[chosen]
    count = len(ev)
    sent_at = rows["joined_at"].to_numpy()[chosen] + rng.integers(86_400, 20 * 86_400, count).astype("timedelta64[s]")
    note = rng.choice([5, 4, 3, 2, 1], count, p=[0.42, 0.36, 0.13, 0.06, 0.03])
    recommendation = np.clip(note * 2 - rng.integers(0, 3, count) + 1, 0, 10)
    world.keep(
        "answer",
        {
            "answer": np.arange(count), "event": ev, "person": person, "form": list(np.where(ev % 5 < 3, "framaforms", "limesurvey")),
            "sent_at": sent_at, "note": note, "recommendation": pa.array(recommendation, mask=rng.random(count) < 0.06),
            "first_time": rng.random(count) < 0.4, "has_email": rng.random(count) < 0.45, "is_complete": rng.random(count) < 0.95,
            "comment": list(_pick(rng, ["", "", *names.COMMENTS], count)),
        },
    )  # fmt: skip


_ABOUT = {
    10: "une dizaine",
    15: "une quinzaine",
    20: "une vingtaine",
    30: "une trentaine",
    40: "une quarantaine",
    50: "une cinquantaine",
}


def _reports(world: World) -> None:
    """Fiches de synthèse of most events held, and what workshops say they learnt. `value` is what the organiser meant to declare."""
    rng = world.stream("report")
    rows = world.con.execute(
        "select event, any_value(day) as day, count(presence.person) as came from event left join presence using (event) "
        "where status = 'held' and parent is null group by event order by event"
    ).fetchall()
    columns: dict[str, list] = {key: [] for key in ("event", "sent_at", "text", "value", "precision", "came")}
    for event, day, came in rows:
        if rng.random() > 0.9:
            continue
        style, gap = rng.random(), int(rng.integers(-2, 3))
        value = max(came + (gap if rng.random() < 0.3 else 0), 0)
        about = min(_ABOUT, key=lambda ten: abs(ten - came))
        if style < 0.06:
            text, value, precision = "", None, "missing"
        elif style < 0.08:
            text, value, precision = "un grand nombre", None, "qualitative"
        elif style < 0.18 and abs(about - came) <= about / 4:
            text, value, precision = _ABOUT[about], about, "approximate"
        else:
            text, precision = (f"{value} personnes" if style > 0.9 else str(value)), "exact"
        columns["event"].append(event)
        columns["sent_at"].append(
            np.datetime64(day, "s")
            + np.timedelta64(int(rng.integers(1, 40)) * 86_400 + int(rng.integers(30_000, 70_000)), "s")
        )
        columns["text"].append(text)
        columns["value"].append(value)
        columns["precision"].append(precision)
        columns["came"].append(came)
    world.keep("report", {"report": np.arange(len(columns["event"])), **columns})
    reported = np.array(columns["event"])
    count = max(8, len(reported) // 2)
    texts = ("Mutualiser les locaux entre associations", "Former les bénévoles à la gestion", "Manque de financement pluriannuel",
             "Des outils libres partagés", "Un référent par territoire", "Délais de versement des subventions")  # fmt: skip
    world.keep(
        "contribution",
        {
            "contribution": np.arange(count), "event": reported[rng.integers(0, len(reported), count)],
            "kind": list(_pick(rng, ["levier", "frein", "bonne pratique", "outil"], count)),
            "theme": list(_pick(rng, list(THEMES), count)), "text": list(_pick(rng, list(texts), count)),
        },
    )  # fmt: skip
