"""Kinds of slots: how the text of a slot (and of those beside it) becomes landed columns.

Here: for each kind, what it reads, which columns it gives, and the call to the parser of `values/` – made once per distinct
text and given back to its rows by `judge.py`. Not here: the grammar of dates, counts, places (`values/`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sources import references
from sources.contract import Contract, ContractField
from sources.entities import ENTITIES, Slot
from sources.readers.records import split_list
from sources.values.amounts import parse_amount
from sources.values.choices import split_choices
from sources.values.counts import parse_count
from sources.values.dates import MONTH_NAMES, outer_days, parse_date
from sources.values.departments import parse_department, parse_region
from sources.values.durations import parse_minutes
from sources.values.figures import parse_figure
from sources.values.identifiers import parse_postcode, parse_siret
from sources.values.instants import parse_instant, sql_instant
from sources.values.people import parse_gender
from sources.values.places import Gazetteer
from sources.values.refusal import Refused, quote, said_in
from sources.values.scores import parse_recommendation, parse_score
from sources.values.statuses import parse_registration_status
from sources.values.text import as_typed, clean, fold, is_blank, is_missing
from sources.values.themes import ThemeScheme, parse_themes
from sources.values.vocabulary import match_choice, split_labels

TRUTHS = {"true": ["oui", "o", "vrai", "true", "x", "1"], "false": ["non", "n", "faux", "false", "0"]}


class References:
    """The references that parsers need, each loaded at its first use and kept for the process."""

    @cached_property
    def gazetteer(self) -> Gazetteer:
        return references.gazetteer()

    @cached_property
    def themes(self) -> dict[str, ThemeScheme]:
        return references.theme_schemes()

    @cached_property
    def programmes(self) -> dict[str, dict[str, str]]:
        return {row["programme_id"]: row for row in references.rows("programmes.csv")}

    def programme(self, text: str | None) -> dict[str, str]:
        """The reference row of a programme as typed, {} when unknown (its own cell is refused, not its neighbours)."""
        return self.programmes.get(clean(text), {}) if text else {}


@dataclass(frozen=True)
class Mapping:
    """One parse of a sheet: the raw columns it reads and the parser, which gives one value per column of the slot.

    `sql`, for columns that hardly repeat: from the SQL of the text, the SQL of the slot's one value where the text has a usual
    shape, NULL elsewhere. Where it reads, the parser reads the same.
    """

    slot: Slot
    inputs: tuple[str, ...]
    parse: Callable[..., tuple]
    sql: Callable[[str], str] | None = None


EXPRESSION_KINDS = ("text", "identifier", "hint", "personal")
"""Kinds that need no parser: `text` and `identifier` land as cleaned text, a hint is read by its neighbours."""


def mappings(contract: Contract, references: References) -> list[Mapping]:
    """The parses a contract asks for, in the order of its entity's slots. Slots the contract leaves out parse as blank."""
    found = []
    for slot in ENTITIES[contract.entity].slots.values():
        field = contract.fields.get(slot.name)
        if slot.kind in EXPRESSION_KINDS:
            if slot.kind == "identifier" and field is not None and field.headers:
                found.append(_identifier(slot, field))
            continue
        found.append(_BUILDERS[slot.kind](slot, field, references, contract))
    return found


def _identifier(slot: Slot, field: ContractField) -> Mapping:
    template = field.template
    if template is None:
        return Mapping(slot, (slot.name,), lambda text: (as_typed(text),), sql=_plain_text)
    return Mapping(slot, (slot.name,), lambda text: (None if is_blank(text) else template.format(_bare_number(text)),))


_NUMBERED = re.compile(r"(?:n(?:[°ºo]|um[ée]ro)\.? ?)?(\d+)\.?", re.IGNORECASE)


def _bare_number(text: str) -> str:
    """What a template completes: « n° 2 » and « 2. » are 2."""
    shown = clean(text)
    numbered = _NUMBERED.fullmatch(shown)
    return numbered[1] if numbered else shown


def _plain_text(text: str) -> str:
    """SQL of a text that `clean` leaves as it is: visible ASCII without `&`, one space at most between words."""
    return f"case when regexp_full_match({text}, '[!-%''-~]+( [!-%''-~]+)*') then {text} end"


def _choice(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    words = dict(field.words) if field else {}

    def parse(text: str | None) -> tuple:
        if field is not None and text in field.as_said:
            return (text,)
        return (None if text is None or is_blank(text) else match_choice(text, words),)

    return Mapping(slot, (slot.name,), parse)


def _boolean(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    own = field.words if field else {}
    truths = {truth: [*own.get(truth, ()), *words] for truth, words in TRUTHS.items()}
    between = field.between if field is not None and field.compose else None

    def parse(text: str | None) -> tuple:
        """Of several columns (morning, afternoon), one that is true is enough; each must be understood."""
        if text is None or is_blank(text):
            return (None,)
        try:
            said = [match_choice(part, truths) for part in (text.split(between) if between else [text])]
        except Refused:
            # the sentence quotes the whole text: it may be a signature, and only whole texts are masked
            said = [match_choice(text, truths)]
        return ("true" in said,)

    return Mapping(slot, (slot.name,), parse)


def _programme(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    to_do = (
        f"Il est fixé par le contrat « {contract.source} » : à l'observatoire de l'ajouter à sources/references/programmes.csv, ou de corriger le "
        "contrat."
        if field is not None and field.constant is not None
        else "Corrigez la cellule, ou demandez à l'observatoire d'ajouter le programme."
    )

    def parse(text: str | None) -> tuple:
        if not is_blank(text) and not references.programme(text):
            raise Refused(
                "programme_inconnu",
                f"Le programme {quote(text or '')} n'existe pas. Programmes connus : {', '.join(references.programmes)}. {to_do}",
            )
        return (as_typed(text),)

    return Mapping(slot, (slot.name,), parse)


def _labels(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    separators = field.split if field else ()

    def parse(text: str | None) -> tuple:
        if text is None or is_blank(text):
            return (None, [])
        labels = [clean(text)] if _names_nothing(text) or not separators else split_labels(text, separators)
        return (clean(text), [label for label in labels if not _names_nothing(label)])

    return Mapping(slot, (slot.name,), parse)


_SHEET_ERROR = re.compile(
    r"#(?:N/[AD]|DIV/0 ?!|(?:REF|VALEUR|VALUE|NOMBRE|NUM|NUL|NULL|PROPAGATION|SPILL|CALC|CHAMP|FIELD) ?!|(?:NOM|NAME) ?\?)|err ?: ?5\d\d",
    re.IGNORECASE,
)
"""What a spreadsheet program shows of a formula that failed, in French or in English."""


def _names_nothing(label: str) -> bool:
    """A label that says that nobody knows, « à préciser », or that a formula failed."""
    return is_missing(label) or _SHEET_ERROR.fullmatch(clean(label)) is not None


def _themes(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    programmes = contract.fields.get("programme")
    is_missed = programmes is not None and programmes.required

    def parse(text: str | None, programme: str | None) -> tuple:
        if is_missed if is_blank(programme) else not references.programme(programme):
            return ([], None)  # the programme is refused: nothing is wrong with its themes yet
        name = references.programme(programme).get("theme_scheme")
        if name in references.themes:
            return (list(parse_themes(text, references.themes[name])), name)
        if is_blank(text):
            return ([], None)
        raise Refused(
            "themes_sans_liste",
            f"Le thème {quote(text or '')} ne peut pas être lu : le programme n'a pas de liste de thèmes. "
            "Videz la cellule, ou demandez à l'observatoire d'ajouter la liste des thèmes du programme.",
        )

    return Mapping(slot, (slot.name, "programme"), parse)


def _date(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    split = field.split if field else ()

    def parse(text: str | None, programme: str | None, section: str | None) -> tuple:
        of_programme = references.programme(programme).get("year")
        year = section[:4] if section else of_programme
        month = int(section[5:]) if section and contract.layout.days_of_section else None
        days: Sequence[str | None] = (
            [text] if text is None or is_blank(text) or not split else split_labels(text, split)
        )
        value = outer_days([parse_date(day, year=int(year) if year else None, month=month) for day in days])
        if text is not None and value.starts_on is not None and value.ends_on is not None:
            years = value.starts_on, value.ends_on
            _near(text, years, int(of_programme) if of_programme else None, section, days)
        return (
            value.starts_on, value.ends_on, value.precision, as_typed(text),
            value.start_time, value.end_time,
        )  # fmt: skip

    return Mapping(slot, (slot.name, "programme", "section"), parse)


FAR_IN_YEARS, FAR_IN_MONTHS = 5, 6


def _near(
    text: str, between: tuple[date, date], programme: int | None, section: str | None, days: Sequence[str | None]
) -> None:
    """Refuse a day that is years away from its programme, or that had its year from a section months away (« 2 janvier » under
    « décembre 2023 »): one typing error, and the calendar of the programme would have as many empty months."""
    day, last = between
    far = [year for year in (day.year, last.year) if programme and abs(year - programme) > FAR_IN_YEARS]
    if far:
        raise Refused(
            "annee_lointaine",
            f"{quote(text)} : l'année {far[0]} est à plus de {FAR_IN_YEARS} ans de celle du programme ({programme}). "
            "Corrigez l'année, ou le programme de la ligne.",
        )
    if section and is_far_from_section(day, section):
        try:
            for each in days:
                parse_date(each)
        except Refused:  # without the section, it says no year
            raise Refused(
                "annee_douteuse",
                f"{quote(text)} ne dit pas l'année, et se trouve loin de sa place sous {MONTH_NAMES[int(section[5:]) - 1]} {section[:4]}. "
                "Écrivez l'année, par exemple 06/04/2023.",
            ) from None


def is_far_from_section(day: date, section: str) -> bool:
    """Whether a day is months away from its section, « 2023-06 »."""
    return abs((day.year - int(section[:4])) * 12 + day.month - int(section[5:])) > FAR_IN_MONTHS


def _place(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    formats = dict(contract.fields["format"].words) if "format" in contract.fields else {}

    def parse(
        text: str | None, department: str | None, region: str | None, format_: str | None, programme: str | None
    ) -> tuple:
        with said_in("department"):
            in_department = parse_department(department)
        with said_in("region"):
            in_region = parse_region(region)
        place = references.gazetteer.locate(text, department=in_department, region=in_region)
        with said_in("format"):
            stated = None if format_ is None or is_blank(format_) else match_choice(format_, formats)
        if stated == "in_person" and place.status == "online":
            said = next((each for each in (text, department) if not is_blank(each)), None)
            raise Refused(
                "format_contradictoire",
                f"Le lieu {quote(said or '')} est à distance, et le format {quote(format_ or '')} sur place. Corrigez l'une des deux cellules.",
            )
        if stated == "online" and place.status == "unknown":
            place_status, modality, basis = "online", "online", "stated"
        elif stated:
            place_status, modality, basis = place.status, stated, "stated"
        else:
            place_status, modality, basis = place.status, place.modality, place.modality_basis
        region_code = place.region_code or references.programme(programme).get("region_code") or None
        return (
            as_typed(text),
            place.commune_code,
            place.department_code,
            region_code,
            place_status,
            modality,
            basis,
        )

    return Mapping(slot, (slot.name, "department", "region", "format", "programme"), parse)


def _count(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    def parse(text: str | None) -> tuple:
        value = parse_count(text)
        return (value.value, value.lower, value.upper, value.precision, as_typed(text))

    return Mapping(slot, (slot.name,), parse)


def _figure(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    def parse(text: str | None, precision: str | None) -> tuple:
        value = parse_figure(text, precision)
        return (as_typed(text), value.value, value.lower, value.upper, value.precision)

    return Mapping(slot, (slot.name, "precision"), parse)


def _instant(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    order, zone, epoch = (field.order, field.zone, field.epoch) if field else (None, "Europe/Paris", False)
    pick = {"earliest": min, "latest": max}[field.pick] if field and field.pick else None

    def parse(text: str | None) -> tuple:
        texts = _listed(text) if pick else [text]
        instants = [parse_instant(each, order=order, zone=zone, epoch=epoch) for each in texts]
        known = [instant.replace(tzinfo=None) for instant in instants if instant is not None]
        return ((pick or min)(known) if known else None,)

    usual = None if pick else lambda text: sql_instant(text, order=order, zone=zone)
    return Mapping(slot, (slot.name,), parse, sql=usual)


def _listed(text: str | None) -> list[str | None]:
    """The texts of a cell that holds a list, as a platform's records are read: of a cell that only begins like one, no text is made."""
    try:
        listed = split_list(text)
    except (ValueError, RecursionError):
        listed = None
    if listed is None or any(not isinstance(each, str | None) for each in listed):
        raise Refused(
            "liste_incomprise",
            f"{quote(text or '')} commence comme une liste de dates et n'en est pas une. Corrigez-la à la source, ou signalez-la à l'observatoire.",
        )
    return listed


def _status(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    own = field.words if field else {}
    words = {status: [status, *own.get(status, ())] for status in slot.choices}

    def parse(text: str | None) -> tuple:
        if field is not None and text in field.as_said:
            return (text, None)
        if is_blank(text):
            return ("unknown", None)
        status, is_known = parse_registration_status(text, words)
        return (status, as_typed(text) if is_known else None)

    return Mapping(slot, (slot.name,), parse)


def _amount(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    unit = field.unit if field else "euro"
    return Mapping(slot, (slot.name,), lambda text: (parse_amount(text, unit=unit),))


def _score(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    best, worst = (field.best, field.worst) if field else (5, 0)
    words = {fold(word): float(note) for note, accepted in (field.words if field else {}).items() for word in accepted}

    def parse(text: str | None) -> tuple:
        score = parse_score(text, best=best, worst=worst, words=words)
        return (None, None) if score is None else (score.note_out_of_5, score.scale)

    return Mapping(slot, (slot.name,), parse)


def _siret(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    def parse(text: str | None) -> tuple:
        value = parse_siret(text)
        return (value.siret, value.siren, value.state)

    return Mapping(slot, (slot.name,), parse)


def _event_ref(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    known = {fold(word): event for event, words in (field.words if field else {}).items() for word in words}

    def parse(text: str | None) -> tuple:
        return (None if text is None or is_blank(text) else known.get(fold(text), clean(text)),)

    return Mapping(slot, (slot.name,), parse)


OTHER = "Autre"


def _choices(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
    """Answers among those the contract knows; any other is the free text of somebody, and lands as « Autre »."""
    words = {word: answer for answer, accepted in (field.words if field else {}).items() for word in accepted}
    words |= {answer: answer for answer in (*(field.options if field else ()), *(field.ticked if field else ()))}
    answers = {fold(word): answer for word, answer in words.items()}
    encoding = field.encoding if field else None

    def parse(text: str | None) -> tuple:
        if text is None or is_blank(text):
            return (None,)
        # columns of ticks, and lists of JSON that no separator can hold, arrive as JSON
        is_list = text == "[]" or text.startswith('["')
        chosen = split_choices(text, encoding if encoding and not is_list else "json", words)
        return (list(dict.fromkeys(answers.get(fold(choice), OTHER) for choice in chosen)),)

    return Mapping(slot, (slot.name,), parse)


def _one(parser: Callable[[str | None], object]) -> Callable[..., Mapping]:
    """The builder of a kind whose parser needs nothing but the text."""

    def build(slot: Slot, field: ContractField | None, references: References, contract: Contract) -> Mapping:
        return Mapping(slot, (slot.name,), lambda text: (parser(text),))

    return build


_BUILDERS: dict[str, Callable[..., Mapping]] = {
    "choice": _choice,
    "boolean": _boolean,
    "programme": _programme,
    "labels": _labels,
    "themes": _themes,
    "date": _date,
    "place": _place,
    "count": _count,
    "figure": _figure,
    "instant": _instant,
    "status": _status,
    "amount": _amount,
    "score": _score,
    "recommendation": _one(lambda text: parse_recommendation(text)),
    "minutes": _one(lambda text: parse_minutes(text)),
    "gender": _one(lambda text: parse_gender(text)),
    "siret": _siret,
    "postcode": _one(parse_postcode),
    "event_ref": _event_ref,
    "choices": _choices,
}
