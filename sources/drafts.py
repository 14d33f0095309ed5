"""A contract drafted from a file: what the file is, which template knows it, or what its columns seem to be.

Here: `draft`, from bytes to YAML and reasons. The parts are in `drafting/`. Not here: writing the file (`orchestration/`),
reading deliveries (`landing.py`), saying what a delivery would give (`trial.py`).

A draft is for a person to read and correct. It holds headers, counts and kinds, never a value of the file.
"""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path, PurePath

from rulebook.numbers import agreed, plural
from sources.contract import ContractError, LoadedContract, header_key, load_contract, load_contracts
from sources.drafting.lookalikes import column
from sources.drafting.mapping import known_headers, propose
from sources.drafting.shapes import Reading, look_at
from sources.drafting.table import find_table
from sources.drafting.template_fit import Fit, best_fit, distinctive_headers
from sources.drafting.words import WORDS
from sources.drafting.writing import from_template, generic
from sources.readers import Unreadable
from sources.values.text import clean, fold

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Draft:
    """A drafted contract. `template`: the one whose columns the file has, or None. `reasons`: French sentences, one per choice.
    `open_slots`: required fields without a column. `to_check`: headers left under `ignore` for a person to look at.
    `problem`: what the grammar says is missing, or None when the contract can be used as it is."""

    yaml: str
    source: str
    entity: str
    template: str | None
    reasons: tuple[str, ...]
    open_slots: tuple[str, ...] = ()
    to_check: tuple[str, ...] = ()
    problem: str | None = None


def source_name(file_name: str) -> str:
    """A name a source may have, from a file's: « Récap ateliers (v3).xlsx » → `recap_ateliers_v3`."""
    name = fold(PurePath(file_name).stem).replace(" ", "_")
    name = re.sub(r"[^a-z0-9_]", "", name)[:60].strip("_")
    return name if re.match(r"[a-z]", name) else f"source_{name}".strip("_")


def draft(
    path: Path,
    *,
    file_name: str,
    source: str,
    contracts: Mapping[str, LoadedContract] | None = None,
    today: date | None = None,
) -> Draft:
    """Draft the contract of `source` from one of its files.

    `contracts` are those whose headers teach (by default the shipped ones); templates always do. The name of the file is shown
    and gives the pattern, nothing else. Raises Unreadable, with a French sentence: the reader's, `entete_introuvable`,
    `aucun_enregistrement`.
    """
    templates = _templates()
    contracts = load_contracts() if contracts is None else contracts
    reading = look_at(path, file_name)
    fit = best_fit(reading, templates, _distinctive(), today or date.today())
    made = (
        _of_template(source, reading, *fit, templates, contracts)
        if fit
        else _generic(source, reading, templates, contracts)
    )
    return Draft(**{**made, "problem": _problem(source, made["yaml"])})


@cache
def _templates() -> dict[str, LoadedContract]:
    return load_contracts(TEMPLATES)


@cache
def _distinctive() -> dict[str, str]:
    everyday = {header_key(word) for words in WORDS.values() for word in _plain_words(words)}
    return distinctive_headers(_templates(), everyday)


def _plain_words(words: Mapping[str, str]) -> list[str]:
    """The one-word alternatives of the patterns: words of everyday lists, which tell no platform."""
    return [word for pattern in words.values() for word in re.findall(r"(?<![\w .*])[a-z]{2,}(?![\w .*])", pattern)]


def _of_template(
    source: str,
    reading: Reading,
    name: str,
    fit: Fit,
    others: list[str],
    templates: Mapping[str, LoadedContract],
    contracts: Mapping[str, LoadedContract],
) -> dict:
    loaded = templates[name]
    contract = loaded.contract
    read = _read_by_template(reading, fit)
    ignored = plural(len(fit.ignored), "écartée par le modèle", "écartées par le modèle")
    counted = f"{plural(len(fit.mapped), 'lue')}, {ignored}, {plural(len(fit.unmapped), 'inconnue')}"
    hints = [
        f"Ébauche à relire : le fichier a les colonnes du modèle {name} ({counted}).",
        f"Lu : {' ; '.join(read)}.",
    ]
    if others:
        hints.append(f"Le fichier va aussi aux modèles : {', '.join(others)}.")
    unmapped = _unknown_to(fit, contracts, templates)
    pattern = None if contract.files.expects(reading.file_name) else _pattern(reading)
    options = dict(fit.options)
    if not contract.is_named and (series := _series(reading.file_name)):
        options["series"], why = series
        hints.append(why)
    yaml = from_template(
        loaded.path.read_text(encoding="utf-8"), contract, source=source, options=options, pattern=pattern,
        unmapped=unmapped, hints=hints,
    )  # fmt: skip
    reasons = [hints[0].removeprefix("Ébauche à relire : "), *read, *hints[2:]]
    reasons += [f"à vérifier : « {label} », {said}" for label, said in unmapped]
    return {
        "yaml": yaml, "source": source, "entity": contract.entity, "template": name, "reasons": tuple(reasons),
        "to_check": tuple(label for label, _ in unmapped),
    }  # fmt: skip


def _read_by_template(reading: Reading, fit: Fit) -> list[str]:
    """What a template reads of the file, which is not always what a contract made from nothing would have taken."""
    if reading.shape == "spreadsheet" and fit.sheet.name != reading.sheet.name:
        return [f"feuille « {fit.sheet.name} » ; les autres ne sont pas lues"]
    if reading.shape == "json" and fit.contract.files.records != reading.options.get("records"):
        return [f"JSON, la liste « {fit.contract.files.records} »"]
    return reading.hints[:1] if reading.shape == "json" else reading.hints


def _unknown_to(fit: Fit, contracts: Mapping, templates: Mapping) -> list[tuple[str, str]]:
    """The columns a template does not know, with what they hold and what they could be."""
    if not fit.unmapped:
        return []
    rows = [(row.pop("row_number"), tuple(row.values())) for row in fit.sheet.table.slice(0, 20_000).to_pylist()]
    header = next(cells for number, cells in rows if number == fit.header_row)
    wanted = {header_key(label) for label in fit.unmapped}
    columns = [
        column(index, clean(label), [cells[index] for number, cells in rows if number > fit.header_row])
        for index, label in enumerate(header)
        if label and header_key(label) in wanted
    ]
    proposal = propose(columns, known_headers(templates, contracts), only=fit.contract.entity)
    said = dict((each.index, text) for each, text in proposal.left)
    for slot, matches in proposal.matches.items():
        taken = "déjà lu ailleurs" if slot in fit.contract.fields else "à ajouter sous « fields »"
        for match in matches:
            said[match.column.index] = f"{match.column.said()} ; pourrait être « {slot} », {taken} ({match.reason})"
    return [(each.label, said[each.index]) for each in columns]


def _generic(source: str, reading: Reading, templates: Mapping, contracts: Mapping) -> dict:
    table = find_table(reading.sheet, reading.file_name)
    proposal = propose(table.columns, known_headers(templates, contracts))
    if reading.shape != "json" and not proposal.by_headers:
        # the row is perhaps one of people: none of it is quoted
        raise Unreadable(
            "entete_introuvable",
            f"« {reading.file_name} » : aucun nom de colonne n'est reconnu en ligne {table.header_row}. Si cette ligne est bien "
            "l'en-tête, copiez le modèle le plus proche de sources/templates et mettez-y vos en-têtes ; sinon, ajoutez-en un.",
        )
    taken = plural(len(proposal.matches), "colonne ou groupe de colonnes", "colonnes ou groupes de colonnes")
    go = agreed(len(proposal.matches), "va", "vont")
    grain = f"{taken} sur {len(table.columns)} {go} à l'entité {proposal.entity.name}"
    hints = [
        "Ébauche à relire ligne par ligne : aucun modèle n'a ces colonnes.",
        f"Lu : {' ; '.join(reading.hints)} ; en-tête en ligne {table.header_row}, {plural(table.nb_rows, 'ligne')} de données.",
        *(f"Mise en page : {hint}." for hint in table.hints),
        f"{grain}.",
    ]
    files = {"pattern": _pattern(reading)}
    if series := _series(reading.file_name):
        files["series"], why = series
        hints.append(why)
    files |= {"shape": reading.shape, **reading.options}
    yaml, reasons, open_slots = generic(source, files, table.layout, proposal, table.unnamed, hints)
    left = tuple(each.label for each, _ in proposal.left)
    return {
        "yaml": yaml, "source": source, "entity": proposal.entity.name, "template": None,
        "reasons": (*(hint.rstrip(".") for hint in hints[1:]), *reasons), "open_slots": tuple(s.name for s in open_slots),
        "to_check": left,
    }  # fmt: skip


def _pattern(reading: Reading) -> str:
    suffix = PurePath(reading.file_name).suffix.lower()
    return f"*{suffix}" if re.fullmatch(r"\.[a-z]{2,5}", suffix) else "*"


_VERSION = re.compile(
    r"[ _.(\[-]+(v|vers|version)[ ._-]?\d+(?![^\W_])|[ _.(\[-]+(finale?|def|definitive|définiti(f|ve)|corrigée?)(?![^\W_])",
    re.IGNORECASE,
)


def _series(file_name: str) -> tuple[str, str] | None:
    """The `series` of a file whose name ends with a version (« programme_2025_v2 »): what stands before, one document a year when it has
    one; and the sentence that says so."""
    stem = unicodedata.normalize("NFC", PurePath(file_name).stem)
    version = _VERSION.search(stem)
    before = stem[: version.start()] if version else ""
    if len(before) < 3:
        return None
    years = re.split(r"(?<!\d)(?:19|20)\d\d(?!\d)", before)
    series = r"(\d{4})".join(re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", part) for part in years)
    of_a_year = ", un par année" if len(years) > 1 else ""
    return (
        series,
        f"Le nom porte une version : avec « series », ces fichiers sont ceux d'un même document{of_a_year}, et le dernier remplace les autres.",
    )


def _problem(source: str, yaml: str) -> str | None:
    """What the grammar of contracts says of the draft."""
    with tempfile.TemporaryDirectory(prefix="observatoire-") as directory:
        path = Path(directory) / f"{source}.yml"
        path.write_text(yaml, encoding="utf-8")
        try:
            load_contract(path)
        except ContractError as error:
            return str(error)
    return None
