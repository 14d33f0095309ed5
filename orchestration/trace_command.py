"""`observatoire trace`: one figure, from its value to the cells it comes from, or why it is not what it was, in French lines.

Belongs here: choosing the figure and printing its origin. Does not belong here: how a figure is made from rows
(`dbt_project/traces/`), where rows stand (`publication.trace`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestration.console import Lines
from orchestration.home import Home
from rulebook.numbers import plural

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from publication import trace
    from publication.labels import Labels
    from publication.shelf import Release
    from publication.trace.places import File

MOST = 200
COUNTED = {"person": "personnes", "organisation": "structures", "answer": "réponses"}


class NoFigure(Exception):
    """No released figure answers, or several do; a French sentence that lists what there is."""


def print_trace(
    home: Home,
    lines: Lines,
    dataset: str,
    indicator: str,
    programme: str | None = None,
    breakdown: str | None = None,
    member: str | None = None,
    number: int | None = None,
    since: int | None = None,
) -> bool:
    """Print the origin of one figure of a release; False when its rows do not give it. With `since`, what makes it another than in that
    release. Raises NoFigure."""
    from publication import releases, trace

    release = releases.show(home.releases, number)
    with _made(home, release, dataset) as (made_by, names, connection):
        figure = _chosen(trace.released(connection, dataset), names, dataset, indicator, programme, breakdown, member)
        origin = _origin(connection, made_by, dataset, figure)
    if since is None:
        _print(lines, release, made_by.number, origin, names)
        return trace.is_secret(figure) or origin.is_exact
    earlier = releases.show(home.releases, since)  # its table may be the same file, which is opened once at a time
    revision = trace.revision(_same_figure(home, earlier, dataset, figure), origin)
    _print_revision(lines, earlier, release, revision, names)
    return True


@contextmanager
def _made(home: Home, release: Release, dataset: str) -> Iterator[tuple[Release, Labels, DuckDBPyConnection]]:
    """The release that made a table of this one, its labels, its warehouse."""
    from publication import labels, trace

    status = release.datasets.get(dataset)
    if status is None or not status.is_available:
        known = ", ".join(sorted(name for name, state in release.datasets.items() if state.is_available))
        raise NoFigure(f"La version {release.number} ne publie pas « {dataset} ». Tableaux publiés : {known}.")
    made_by = release.made_by(dataset, home.releases)
    names, _ = labels.read(made_by.warehouse)
    with trace.opened(made_by.warehouse) as connection:
        yield made_by, names, connection


def _origin(connection: DuckDBPyConnection, made_by: Release, dataset: str, figure: dict[str, Any]) -> trace.Origin:
    from publication import trace

    traces = trace.of_dictionary(made_by.dictionary)
    entry = trace.entry_of(traces, dataset, figure["indicator"], figure["breakdown"])
    return trace.origin(connection, trace.read_places(connection), entry, figure)


def _same_figure(home: Home, release: Release, dataset: str, figure: dict[str, Any]) -> trace.Origin | None:
    """Where the figure of that name came from in another release; None when it had none."""
    from publication import trace

    with _made(home, release, dataset) as (made_by, _, connection):
        for found in trace.released(connection, dataset):
            if trace.identity(found) == trace.identity(figure):
                return _origin(connection, made_by, dataset, found)
    return None


def _chosen(
    figures: list[dict[str, Any]],
    names: Any,
    dataset: str,
    indicator: str,
    programme: str | None,
    breakdown: str | None,
    member: str | None,
) -> dict[str, Any]:
    """The figure asked for. Without a breakdown, the total; several that answer are listed, none is guessed. When none answers, what the first
    wish that nothing grants could have been."""
    found = [figure for figure in figures if figure["indicator"] == indicator]
    if not found:
        codes = ", ".join(dict.fromkeys(figure["indicator"] for figure in figures))
        raise NoFigure(f"« {dataset} » n'a pas d'indicateur « {indicator} ». Ses indicateurs : {codes}.")
    for option, name, wish in (
        ("--programme", "programme_id", programme),
        ("--breakdown", "breakdown", breakdown),
        ("--member", "member", member),
    ):
        granted = [f for f in found if wish in (None, f[name])]
        if not granted:
            there_is = dict.fromkeys(f"{option} {f[name]!r}   ({_called(f, name, names)})" for f in found)
            raise NoFigure(f"Aucun chiffre ne répond à {option} {wish!r} ; il y a :\n  {_listed(list(there_is))}")
        found = granted
    if len(found) > 1 and breakdown is None and member is None:
        found = [f for f in found if f["breakdown"] == "total"] or found
    if len(found) == 1:
        return found[0]
    shown = [
        f"--programme {f['programme_id']} --breakdown {f['breakdown']} --member {f['member']!r}   ({_called(f, 'member', names)})"
        for f in found
    ]
    raise NoFigure(f"{len(found)} chiffres répondent ; précisez :\n  {_listed(shown)}")


def _called(figure: dict[str, Any], name: str, names: Any) -> str:
    if name == "programme_id":
        return names.programme(figure[name])
    if name == "breakdown":
        return names.breakdown(figure[name])
    return names.member(figure["breakdown"], figure["member"], figure["programme_id"])


def _listed(options: list[str]) -> str:
    more = f"\n  … et {plural(len(options) - 30, 'autre')}" if len(options) > 30 else ""
    return "\n  ".join(options[:30]) + more


def _print(lines: Lines, release: Release, made_by: int, origin: trace.Origin, names: Any) -> None:
    from publication.trace import is_secret

    figure = origin.figure
    carried = f", tableau reporté de la version {made_by}" if made_by != release.number else ""
    lines.say(f"{_title(figure, names)} – version {release.number}{carried}")
    if is_secret(figure):
        lines.say("Ce chiffre est secret : ni sa valeur ni ses lignes ne sont montrées.")
        return
    if origin.trace is None:
        lines.say("✗ Aucun tracé ne dit de quelles lignes ce chiffre est fait.")
        return
    ratio = figure["numerator"], figure["denominator"]
    made_of = f" ({_number(ratio[0])} / {_number(ratio[1])})" if None not in ratio else ""
    if origin.is_exact:
        lines.say(f"✓ {_number(figure['value'])}{made_of}, et ses lignes redonnent exactement ce chiffre.")
    else:
        lines.say(f"✗ {_number(figure['value'])} publié, mais ses lignes donnent {_number(origin.recomputed)}.")
    formula = (names.indicators.get(figure["indicator"]) or {}).get("formula")
    if formula:
        lines.say(f"  Formule : {formula}")
    if origin.counted:
        what = COUNTED[origin.trace.one_row_is]
        lines.say(f"  Lignes derrière ce chiffre ({what} : comptées, jamais montrées) :")
        for file, count in origin.counted:
            lines.say(f"    {count} dans {_file(file)}")
    elif origin.trace.is_shown:
        lines.say(f"  {plural(len(origin.lines), 'événement')} derrière ce chiffre :")
    _print_lines(lines, origin.lines)
    if origin.beside and origin.trace.beside:
        lines.say(f"  {origin.trace.beside.title} :")
        _print_lines(lines, origin.beside)
    for file, refused in origin.aside:
        lines.say(f"  Mises de côté dans {_file(file)}, donc absentes de ce chiffre :")
        for item in refused[:MOST]:
            place = file.place(item)
            lines.say(f"    {f'ligne {place}' if isinstance(place, int) else place} : {item.message}")


def _title(figure: dict[str, Any], names: Labels) -> str:
    from publication.wording import uncapitalised

    text = f"{names.indicator(figure['indicator'])} ({figure['indicator']}), {names.programme(figure['programme_id'])}"
    if figure["breakdown"] == "total":
        return text
    member = names.member(figure["breakdown"], figure["member"], figure["programme_id"])
    return f"{text}, {uncapitalised(names.breakdown(figure['breakdown']))} : {member}"


def _print_revision(lines: Lines, earlier: Release, later: Release, found: trace.Revision, names: Labels) -> None:

    before, after = found.before, found.after
    assert after is not None
    lines.say(f"{_title(after.figure, names)} – de la version {earlier.number} à la version {later.number}")
    if found.is_secret:
        lines.say("Ce chiffre est secret dans l'une des deux : ni ses valeurs ni ses lignes ne sont comparées.")
        return
    if before is None:
        lines.say(f"La version {earlier.number} n'avait pas ce chiffre. Il vaut {_number(after.figure['value'])}.")
    else:
        lines.say(f"{_number(before.figure['value'])} → {_number(after.figure['value'])}")
    if found.is_untold:
        lines.say(
            "✗ Dans l'une des deux, aucun tracé ne dit de quelles lignes ce chiffre est fait : elles ne sont pas comparées."
        )
        return
    if found.is_defined_otherwise:
        lines.say("  La façon de faire ce chiffre à partir des lignes n'est plus la même.")
    for title, listed in (("de plus", found.came), ("de moins", found.gone)):
        if listed:
            lines.say(f"  {plural(len(listed), 'événement', 'événements')} {title} :")
            _print_lines(lines, listed)
    if found.moved:
        lines.say(f"  {plural(len(found.moved), 'événement compte', 'événements comptent')} autrement :")
        for was, now in found.moved[:MOST]:
            if was.shown != now.shown:
                lines.say(f"    {now.title} : {_number(was.shown)} → {_number(now.shown)}")
                _print_lines(lines, (replace(was, title=""), replace(now, title="")))
            else:
                _print_lines(lines, (now,))
        if len(found.moved) > MOST:
            lines.say(f"    … et {plural(len(found.moved) - MOST, 'autre')}")
    if found.counted:
        what = COUNTED[after.trace.one_row_is] if after.trace else ""
        lines.say(f"  Lignes derrière ce chiffre ({what} : comptées, jamais montrées) :")
        for file, old, new in found.counted:
            lines.say(f"    {old} → {new} dans {_file(file)}")
    if not found.has_other_rows and not found.is_defined_otherwise:
        lines.say("  Les mêmes lignes, qui disent la même chose.")


def _print_lines(lines: Lines, found: tuple[trace.Line, ...]) -> None:
    for line in found[:MOST]:
        about = ", ".join(part for part in (line.when, line.where) if part)
        shown = f" → {_number(line.shown)}" if line.shown is not None else ""
        if line.title:
            lines.say(f"    {line.title}{f' ({about})' if about else ''}{shown}")
        cells = ", ".join(f"{cell}{f' « {header} »' if header else ''}" for cell, header in line.cells)
        where = cells or (
            f"ligne {line.file.row(line.row_number)}" if line.file and line.row_number is not None else ""
        )
        lines.say(f"        {_file(line.file)}{f' : {where}' if where else ''}")
        for correction in line.corrections:
            on = f" (déclarée le {correction.added_on})" if correction.added_on else ""
            lines.say(f"        corrigée par {correction.correction_id}{on} : {correction.reason}")
    if len(found) > MOST:
        lines.say(f"    … et {plural(len(found) - MOST, 'autre')}")


def _file(file: File | None) -> str:
    if file is None:
        return "aucune livraison"
    sheet = f", feuille « {file.sheet} »" if file.sheet else ""
    return f"« {file.file_name} »{sheet} ({file.source}, livraison {file.delivery_id})"


def _number(value: Any) -> str:
    if value is None:
        return "rien"
    if isinstance(value, str):
        return value
    return f"{float(value):.10g}".replace(".", ",")
