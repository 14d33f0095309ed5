"""METHODOLOGIE.md: what each figure is, over what, how missing and approximate values are treated, what is kept secret.

Belongs here: laying out definitions, coverage and rules that the candidate, the policies and the labels carry. Does not
belong here: a rule or a definition of its own.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow.compute as pc

from publication import disclosure
from publication.changelog import escaped
from publication.figures import covered
from publication.package.datapackage import sources
from publication.package.registry import LICENCE, LICENCE_TITLE, LICENCE_URL, Package, Table
from publication.wording import (
    BREAKDOWNS,
    RECONCILIATION,
    UNITS,
    long_date,
    long_period,
    plural,
    typeset,
    uncapitalised,
)

FIELDS = (
    ("formula", "Formule"),
    ("unit", "Unité"),
    ("grain", "Donné pour"),
    ("denominator", "Dénominateur"),
    ("missing_rule", "Valeurs manquantes et statuts"),
    ("approximate_rule", "Valeurs approchées"),
    ("rounding", "Arrondi, à l’affichage seulement"),
    ("disclosure_rule", "Secret"),
    ("practice", "Déjà publié ailleurs sous cette forme"),
)


def text(package: Package) -> str:
    lines = [
        f"# Méthodologie, version {package.version.number}",
        "",
        f"{package.publisher.name}. Version {package.version.number} du {long_date(package.made_at)} "
        f"(publication n° {package.release.number}).",
        *_contact(package),
        "",
        *_data(package),
        *_rules(),
        *_signs(package),
        *_programmes(package),
        *_thresholds(package),
    ]
    for table in package.tables:
        lines += _dataset(package, table)
    lines += [
        "## Licence",
        "",
        f"[{LICENCE_TITLE}]({LICENCE_URL}), `{LICENCE}` : voir `LICENCE.txt`.",
        "",
    ]
    return "\n".join(lines).replace("<", "&lt;")  # a name opens no tag where the file is shown as a page


def _contact(package: Package) -> list[str]:
    said = [f"Contact : {package.publisher.contact}."] if package.publisher.contact else []
    if package.publisher.next_release_on:
        said.append(f"Prochaine version prévue : {long_date(package.publisher.next_release_on)}.")
    return said


def _data(package: Package) -> list[str]:
    until = package.release.data_until
    lines = ["## Données", ""]
    lines.append(
        f"Données reçues jusqu’au {long_date(until)}, des sources suivantes :" if until else "Sources des données :"
    )
    lines += ["", *(f"- {typeset(title)}" for title in sources(package)), ""]
    return lines


def _rules() -> list[str]:
    return [
        "## Règles communes",
        "",
        "- Une valeur absente n’est jamais un zéro : la cellule est vide et son statut dit pourquoi. Un zéro est écrit 0.",
        "- `n_with_data` sur `n_total` dit sur quoi porte chaque chiffre : des événements ; des personnes (PE01, PE02), des présences (OR01), des structures (OR02, OR03), "
        "des réponses (SA01 à SA03), des candidatures (EV09, EV10) ou des fiches (QU04). Les événements sont ceux de la ligne, ou tous ceux du programme (EV01 à EV08, "
        "TE01 à TE03). Un total auquel il manque des événements est « au moins ».",
        "- Un chiffre estimé (`E`) peut aussi être partiel : il lui manque quelque chose quand `n_with_data` est plus petit que `n_total`.",
        "- Un rapport est le rapport de deux sommes, sur les seuls événements qui ont les deux.",
        "- Un compte approché (« une quinzaine », « environ 150 ») garde ses bornes ; les bornes d’une somme sont la somme des bornes.",
        "- Une participation est une présence, pas une personne : qui vient deux fois compte deux fois.",
        "- Un événement à plusieurs thèmes compte une fois dans chacun (mentions, qui ne s’additionnent pas), ou se partage entre eux à parts égales (ventilé).",
        "- Un événement à distance n’a pas de département : il est compté pour la région seulement.",
        "- Un territoire est couvert (TE01 à TE03) par un événement en présentiel ou hybride : un événement de modalité inconnue n’y compte pas, "
        "ni pour les EPCI (TE02, TE03) celui dont seul le département est connu.",
        "- Un lieu n’est jamais déduit de l’organisateur.",
        "- Les valeurs sont gardées à pleine précision ; l’arrondi, la moitié vers le haut, n’est qu’à l’affichage.",
        "- Chaque chiffre se retrouve depuis ses lignes : « d’où vient ce chiffre ? » dans le portail, `observatoire trace` pour l’équipe.",
        "",
    ]


def _signs(package: Package) -> list[str]:
    rows = [
        (f"`{obs}` / `{conf}`", sign.printed or "", typeset(sign.meaning))
        for (obs, conf), sign in sorted(package.labels.signs.items())
    ]
    return [
        "## Statuts et signes",
        "",
        "`obs_status` et `conf_status` suivent les listes de codes SDMX. Le signe est celui du classeur et du portail ; les fichiers de données n’en portent pas.",
        "",
        *_grid(("statut", "signe", "signification"), rows),
    ]


def _programmes(package: Package) -> list[str]:
    rows = []
    for code in sorted({code for table in package.tables for code in table.programmes}):
        row = package.labels.programmes.get(code, {})
        vintage = row.get("territory_vintage")
        rows.append(
            (
                f"`{code}`",
                typeset(package.labels.programme(code)),
                long_period(row.get("period") or ""),
                str(row.get("nb_events") if row.get("nb_events") is not None else ""),
                f"code officiel géographique {vintage}" if vintage else "",
                typeset(row.get("caveat") or ""),
            )
        )
    return [
        "## Programmes",
        "",
        "Territoires et populations municipales sont ceux du millésime du code officiel géographique indiqué ; une intercommunalité est comptée dans la "
        "région où vit la majorité de ses habitants.",
        "",
        *_grid(("code", "programme", "période", "événements tenus", "territoires", "à savoir"), rows),
    ]


def _thresholds(package: Package) -> list[str]:
    policies = disclosure.read()
    lines = ["## Secret", ""]
    for table in package.tables:
        policy = policies.policies.get(table.name)
        if policy is None:
            continue
        lines += [f"### {table.title}", "", typeset(policy.why), ""]
        rows = []
        for rule in policy.rules:
            threshold = policies.vocabulary.thresholds[rule.threshold]
            limit = f"moins de {threshold.minimum} {threshold.contributors}" if threshold.minimum else ""
            if threshold.minimum_in_all:
                limit += f", ou moins de {threshold.minimum_in_all} en tout"
            if threshold.dominance:
                limit += f", ou un contributeur au-delà de {threshold.dominance:.0%}".replace("%", "\u202f%")
            where = ", ".join(_coded(uncapitalised(BREAKDOWNS.get(b, "")), b) for b in rule.breakdowns) or "toutes"
            rows.append((", ".join(rule.indicators), where, limit or "rien à masquer en soi", typeset(rule.why)))
        lines += _grid(("indicateurs", "ventilations", "masqué en dessous", "pourquoi"), rows)
    lines += [
        "Les autres cellules masquées le sont pour qu’aucune des premières ne puisse être recalculée, y compris d’après les versions précédentes. "
        "Toutes portent `C`, et rien ne dit lesquelles sont lesquelles : avec les seuils ci-dessus, on en tirerait le chiffre.",
        "",
    ]
    return lines


def _dataset(package: Package, table: Table) -> list[str]:
    lines = [f"## {table.title} (`{table.name}`)", "", typeset(table.question), ""]
    if "reconciliation_status" in table.data.column_names:
        return [*lines, *_reconciliation(table)]
    coverages = _coverages(package, table)
    for code in dict.fromkeys(table.data["indicator"].to_pylist()):
        definition = package.labels.indicators.get(code, {})
        lines += [f"### {code} : {typeset(package.labels.indicator(code))}", ""]
        told = definition | {"unit": _coded(UNITS.get(definition.get("unit") or "", ""), definition.get("unit"))}
        lines += [f"- {title} : {typeset(str(told[name]))}" for name, title in FIELDS if told.get(name)]
        if code in coverages:
            lines += [f"- Couverture : {' ; '.join(coverages[code])}"]
        lines.append("")
    return lines


def _coded(words: str, code: str | None) -> str:
    """« participations (`attendance`) »: what the pages say, and what the files do."""
    return f"{words} (`{code}`)" if words and code else f"`{code}`" if code else ""


def _coverages(package: Package, table: Table) -> dict[str, list[str]]:
    """For each indicator that has some, « programme n/N » of its totals."""
    found: dict[str, list[str]] = {}
    for row in table.data.filter(pc.equal(table.data["breakdown"], "total")).to_pylist():
        if told := covered(row["n_with_data"], row["n_total"]):
            programme = typeset(package.labels.programme(row["programme_id"]))
            found.setdefault(row["indicator"], []).append(f"{programme} {told}")
    return found


def _reconciliation(table: Table) -> list[str]:
    results = table.data["reconciliation_status"].to_pylist()
    rows = [
        (words, plural(results.count(code), "chiffre")) for code, words in RECONCILIATION.items() if code in results
    ]
    return [
        "Chaque chiffre imprimé auparavant est mis à côté du nôtre, à la précision où il a été imprimé. Une différence que personne n’a expliquée "
        "retient le tableau auquel elle appartient.",
        "",
        *_grid(("résultat", "nombre"), rows),
    ]


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(escaped(cell) for cell in row) + " |" for row in rows]
    return [*lines, ""]
