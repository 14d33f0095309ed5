"""The YAML of a draft, for a person to read: each line says why, and no value of the file stands in it.

The only words of the file that are written are those of a closed choice, when they are few, short and name nobody.
Not here: deciding what feeds what (`mapping.py`, `template_fit.py`).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sources.contract import Contract, Layout, header_key
from sources.drafting.lookalikes import Column
from sources.drafting.mapping import Match, Proposal
from sources.drafting.words import REGISTRATION_VOCABULARY, VOCABULARY
from sources.entities import Entity, Slot
from sources.headers import column_letter
from sources.values.choices import Encoding, split_choices
from sources.values.refusal import Refused
from sources.values.text import fold

MAX_WORDS, MAX_OPTIONS, LONGEST_WORD, LONGEST_OPTION = 8, 15, 24, 60
_PLAIN = re.compile(r"[A-Za-zÀ-ÿ_][\wÀ-ÿ’'.() /-]*")
_RESERVED = re.compile(r"(?:true|false|yes|no|on|off|null|y|n|~)", re.IGNORECASE)
_INDIRECT = ("organisation", "siret", "postcode", "commune", "category")
_EXAMPLES = {
    "programme": "{constant: PROGRAMME-A-PRECISER}",
    "event": "{constant: EVENEMENT-A-PRECISER}   # ou {file_name: true} : le nom du fichier ; {sheet_name: true} : celui de la feuille",
    "counts": '{constant: "oui"}   # compte-t-il dans le programme ?',
}
_KEY_PARTS = ("order", "full_name", "family_name", "given_name", "email", "reporter_email", "reporter_name", "submitted_at",
              "registered_at", "joined_at")  # fmt: skip


def scalar(text: str) -> str:
    """`text` as a YAML scalar, quoted only where it must be."""
    if _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text) and text == text.strip():
        return text
    return json.dumps(text, ensure_ascii=False)


def flow(value: Any) -> str:
    """A value in YAML on one line."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{_key(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(flow(inner) for inner in value) + "]"
        case str():
            # a comma or a bracket ends a plain scalar inside a list
            return scalar(value) if not re.search(r"[,(){}\[\]]", value) else json.dumps(value, ensure_ascii=False)
        case _:
            return json.dumps(value)


def _key(key: str) -> str:
    return json.dumps(key) if _RESERVED.fullmatch(key) else flow(key)


def comment(text: str) -> str:
    """`text` on one line, as a comment."""
    return "# " + " ".join(text.split())


def generic(
    source: str,
    files: Mapping[str, Any],
    layout: Layout,
    proposal: Proposal,
    unnamed: Iterable[int],
    hints: Iterable[str],
) -> tuple[str, list[str], list[Slot]]:
    """The draft of a file that no template knows: its YAML, the reason of each field, and the required slots it leaves open."""
    lines, reasons, ignored, open_slots = _fields(proposal)
    ignored = sorted([*ignored, *proposal.left], key=lambda item: item[0].index)
    text = [
        *(comment(hint) for hint in hints),
        f"source: {source}",
        f"title: {scalar(f'{source} (titre à préciser)')}",
        f"entity: {proposal.entity.name}",
        "files:",
        *(f"  {name}: {flow(value)}" for name, value in files.items()),
    ]
    declared = layout.model_dump(exclude_defaults=True)
    if declared:
        text += ["layout:", *(f"  {name}: {flow(value)}" for name, value in declared.items())]
    text += [
        "fields:"
        if any(not line.startswith("  #") for line in lines)
        else "fields: {}   # retirez {} quand une ligne suit",
        *lines,
    ]
    read = {header_key(m.column.label) for matches in proposal.matches.values() for m in matches}
    read -= {header_key(column.label) for column, _ in ignored}
    text += _ignore([(column.label, said) for column, said in ignored if header_key(column.label) not in read])
    text += [
        comment(f"la colonne {column_letter(index)} a des valeurs mais pas d'en-tête : nommez-la dans le fichier, "
                "sinon la livraison est retenue") for index in unnamed
    ]  # fmt: skip
    return "\n".join(text) + "\n", reasons, open_slots


def _fields(proposal: Proposal) -> tuple[list[str], list[str], list[tuple[Column, str]], list[Slot]]:
    """The lines of `fields`, the reason of each, the columns of slots that stay out, and the required slots left open."""
    entity = proposal.entity
    private = _private_words(proposal)
    lines, reasons, ignored, open_slots = [], [], [], []
    for slot in entity.slots.values():
        matches = proposal.matches.get(slot.name)
        if matches is None:
            made = _without_column(slot, proposal) if slot.required else None
            if made is not None:
                lines.append(f"  {slot.name}: {flow(made[0])}   {comment(made[1])}")
                reasons.append(f"{slot.name} : {made[1]}")
            elif slot.required:
                lines.append(f"  # obligatoire : {slot.name}: {_example(slot)}")
                open_slots.append(slot)
            continue
        body, said = _field(slot, matches, entity, private)
        shown = " + ".join(f"« {match.column.label} »" for match in matches)
        if body is not None:
            lines.append(f"  {slot.name}: {flow(body)}   {comment(said)}")
            reasons.append(f"{slot.name} ← {shown} : {said}")
        elif slot.required:
            lines.append(f"  # obligatoire : {slot.name}: {_open_choice(slot, matches)}   {comment(said)}")
            open_slots.append(slot)
            ignored += [(match.column, f"attend « {slot.name} » ci-dessus") for match in matches]
        else:
            ignored += [(match.column, f"pourrait être « {slot.name} » : {said}") for match in matches]
    return lines, reasons, ignored, open_slots


def _ignore(items: list[tuple[str, str]]) -> list[str]:
    if not items:
        return []
    return ["ignore:", *(f"  - {flow(label)}   {comment(f'à vérifier : {said}')}" for label, said in items)]


def from_template(
    text: str, contract: Contract, *, source: str, options: Mapping[str, Any], pattern: str | None,
    unmapped: list[tuple[str, str]], hints: Iterable[str],
) -> str:  # fmt: skip
    """The template's own text, comments included, under another source and title; `options` and `pattern` changed, the columns
    it does not know ignored, each with what to look at."""
    changed = re.sub(r"^source: .*$", f"source: {source}", text, count=1, flags=re.MULTILINE)
    changed = re.sub(r"^title: .*$", lambda _: f"title: {flow(f'{contract.title} – {source}')}", changed, count=1, flags=re.MULTILINE)  # fmt: skip
    if "every_sheet" in options:
        changed = re.sub(r"^  sheet: .*\n", "", changed, count=1, flags=re.MULTILINE)
    for option, value in {**options, **({"pattern": pattern} if pattern else {})}.items():
        line = f"  {option}: {flow(value)}"
        escaped = line.replace("\\", r"\\")
        changed, found = re.subn(rf"^  {option}: .*$", escaped, changed, count=1, flags=re.MULTILINE)
        if not found:
            changed = re.sub(r"^(  shape: .*)$", rf"\1\n{escaped}", changed, count=1, flags=re.MULTILINE)
    if unmapped:
        changed = _more_ignored(changed, contract, unmapped)
    return "".join(f"{comment(hint)}\n" for hint in hints) + changed


def _more_ignored(text: str, contract: Contract, unmapped: list[tuple[str, str]]) -> str:
    start = re.search(r"^ignore:", text, flags=re.MULTILINE)
    added = _ignore(unmapped)[1:]
    if start is None:
        return text.rstrip("\n") + "\n" + "\n".join(["ignore:", *added]) + "\n"
    own = text[start.start() :].rstrip("\n")
    if "\n  - " not in own:
        own = "\n".join(["ignore:", *(f"  - {flow(header)}" for header in contract.ignore)])
    return text[: start.start()] + "\n".join([own, *added]) + "\n"


def _field(slot: Slot, matches: list[Match], entity: Entity, private: set[str]) -> tuple[dict | None, str]:
    """The field of a contract and the reason; None when the grammar wants words that nobody can tell yet."""
    columns = [match.column for match in matches]
    column, said = columns[0], matches[0].reason
    body: dict[str, Any] = (
        {"headers": [column.label]} if len(columns) == 1 else {"compose": [each.label for each in columns]}
    )
    if slot.required:
        body["required"] = True
    if slot.kind == "personal":
        body["privacy"] = "direct"
    elif entity.personal and slot.name in _INDIRECT:
        body["privacy"] = "indirect"
    if slot.name == "present":
        body["blank"] = "non"
    if slot.kind == "instant" and (order := _order(column)):
        body["order"], extra = order
        said += f" ; {extra}"
    if slot.kind == "labels" and (separators := _separators(column)):
        body["split"] = separators
    if slot.kind == "score" and (best := _best(column)):
        body["best"] = best
        said += f" ; aucune note au-dessus de {best}"
    if slot.choices and slot.kind in ("choice", "hint", "status"):
        words, left = _words(slot, column, private)
        if not words and slot.kind != "status":
            return None, f"mots à classer{_listed(left)}"
        if words:
            body["words"] = words
        if left:
            said += f" ; mots à classer{_listed(left)}"
    if slot.kind == "choices":
        choices = _choices(column, private)
        if choices is None:
            return None, "choix multiple : dites « encoding » et « options »"
        body |= choices
    return body, said


def _listed(words: list[str] | int) -> str:
    if isinstance(words, int):
        return f" : {words} mots différents" if words else ""
    return f" : {', '.join(words)}" if words else ""


def _private_words(proposal: Proposal) -> set[str]:
    """Every word of the columns that name people."""
    columns = [
        match.column
        for matches in proposal.matches.values()
        for match in matches
        if match.slot.kind == "personal"
    ] + [column for column, said in proposal.left if column.of_persons or "personnes" in said]  # fmt: skip
    return {word for column in columns for text in column.texts for word in fold(text).split() if len(word) > 2}


def _may_be_shown(text: str, times: int, private: set[str], longest: int) -> bool:
    """A word met several times, short, without digits to speak of, that no column of persons holds and no name looks like."""
    folded = fold(text)
    capitals = [word for word in re.findall(r"[^\W\d_]+", text) if word[0].isupper()]
    return (
        bool(folded)
        and len(text) <= longest
        and times > 1
        and len(capitals) < 2
        and not any(len(word) > 3 and word.isupper() for word in capitals)
        and not re.search(r"\d{3}|@|\bhttp", text)
        and not set(folded.split()) & private
    )


def _words(slot: Slot, column: Column, private: set[str]) -> tuple[dict[str, list[str]], list[str] | int]:
    """Words of the file under the canonical value they mean, and those left: their list, or only their number."""
    vocabulary = REGISTRATION_VOCABULARY if slot.kind == "status" else VOCABULARY.get(slot.name, {})
    meaning = {fold(word): value for value, words in vocabulary.items() for word in words}
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    left: dict[str, int] = {}
    for text, times in column.texts.items():
        folded = fold(text)
        if folded in meaning and folded not in seen:
            seen.add(folded)
            found.setdefault(meaning[folded], []).append(text)
        elif folded not in meaning:
            left[text] = times
    ordered = {value: found[value] for value in slot.choices if value in found}
    shown = [text for text, times in left.items() if _may_be_shown(text, times, private, LONGEST_WORD)]
    # words nobody knows are shown only in a column that the others prove to be one of statuses
    proven = sum(left.values()) * 2 < column.filled
    return ordered, shown if proven and len(left) == len(shown) <= MAX_WORDS else len(left)


def _open_choice(slot: Slot, matches: list[Match]) -> str:
    words = ", ".join(f"{value}: [mot]" for value in slot.choices[:2])
    return f"{{headers: [{flow(matches[0].column.label)}], required: true, words: {{{words}, …}}}}"


def _choices(column: Column, private: set[str]) -> dict[str, Any] | None:
    texts = column.texts
    signs: tuple[tuple[Encoding, str], ...] = (
        ("spaced_semicolon", " ; "), ("semicolon", ";"), ("pipe", "|"), ("plain_comma", ","),
    )  # fmt: skip
    encoding = next((name for name, sign in signs if any(sign in text for text in texts)), None)
    if encoding is None:
        return None
    pieces: Counter = Counter()
    for text, times in texts.items():
        try:
            pieces.update({piece: times for piece in split_choices(text, encoding)})
        except Refused:
            return None
    options = [each for each, times in pieces.items() if _may_be_shown(each, times, private, LONGEST_OPTION)]
    return {"encoding": encoding, "options": options} if 0 < len(options) <= MAX_OPTIONS else None


def _order(column: Column) -> tuple[str, str] | None:
    """Day before month or after, where slashes leave it open."""
    pairs = [tuple(map(int, m.groups())) for text in column.texts if (m := re.match(r"\s*(\d{1,2})[/.](\d{1,2})[/.]\d{2}", text))]  # fmt: skip
    if not pairs:
        return None
    if any(second > 12 for _, second in pairs):
        return "mdy", "le mois vient avant le jour"
    sure = any(first > 12 for first, _ in pairs)
    return "dmy", "le jour vient avant le mois" if sure else "à vérifier : le jour avant le mois ?"


def _separators(column: Column) -> list[str]:
    return [sign for sign in (" / ", " ; ", " + ", " | ") if sum(n for t, n in column.texts.items() if sign in t) > 1]


def _best(column: Column) -> int | None:
    numbers = [float(text.replace(",", ".")) for text in column.texts if re.fullmatch(r"\d{1,3}(?:[.,]\d+)?", text)]
    return next((best for best in (5, 10, 20, 100) if max(numbers) <= best), None) if numbers else None


def _without_column(slot: Slot, proposal: Proposal) -> tuple[dict[str, Any], str] | None:
    """A key made of what tells people apart, sealed; nothing else is invented."""
    if slot.kind != "identifier" or not set(slot.columns) & set(proposal.entity.key):
        return None
    parts = [match for name in _KEY_PARTS for match in proposal.matches.get(name, ())]
    if not parts or not proposal.entity.personal:
        return None
    sealed = any(match.slot.kind == "personal" for match in parts)
    body = {"compose": [match.column.label for match in parts], "ranked": True} | ({"sealed": True} if sealed else {})
    said = "aucune colonne ne numérote les lignes : la clé est faite de celles qui les distinguent"
    return body | {"required": True}, said + (", et scellée" if sealed else "")


def _example(slot: Slot) -> str:
    if slot.name in _EXAMPLES:
        return _EXAMPLES[slot.name]
    if slot.choices:
        return f"{{constant: {slot.choices[0]}}}   # ou {', '.join(slot.choices[1:])}"
    return "{headers: [nom de la colonne], required: true}"
