"""Is everything in place for a night? One line per finding, with what to do. Changes nothing, prints no secret.

Belongs here: versions, permissions, disk, configuration, contracts, suites, dbt profile, lock.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from identity.under_way import is_any_under_way
from orchestration.home import Home, Settings, host_of
from orchestration.lock import is_night_under_way
from orchestration.novelty import LEFT, LIBRARIES
from rulebook.numbers import agreed, plural

FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    name: str
    fine: bool
    sentence: str


def examine(home: Home, settings: Settings) -> Iterator[Finding]:
    yield Finding("python", sys.version_info[:2] == (3, 11), f"Python {sys.version.split()[0]} (3.11 attendu)")
    yield from _libraries()
    yield from _places(home)
    yield from _rules(home)
    yield from _alerts(settings)
    under_way = is_night_under_way(home.lock)
    yield Finding("verrou", True, "une nuit est en cours" if under_way else "libre")
    if home.unfinished.exists() and not under_way:
        yield Finding("nuit", False, f"{LEFT} : lancez `observatoire run`")
    if is_any_under_way(home.vault) and not under_way:
        yield Finding("effacement", False, "interrompu, à terminer : lancez `observatoire run`")


def _libraries() -> Iterator[Finding]:
    for name in ("dagster", *LIBRARIES):
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, "absent : lancez `make install`")


def _places(home: Home) -> Iterator[Finding]:
    existing = next(path for path in (home.root, *home.root.parents) if path.exists())
    yield _root(home, existing)
    free = shutil.disk_usage(existing).free
    yield Finding("disque", free > FREE_BYTES, f"{free / 1e9:.1f} Go libres".replace(".", ","))
    if home.ledger.exists():
        yield _ledger(home)
    if home.landing.is_dir():
        yield _landed(home)
    yield from _shelf(home)
    if home.vault.exists():
        from identity.keys import holds_identities

        mode = home.vault.stat().st_mode & 0o777
        yield Finding(
            "coffre", mode & 0o077 == 0, f"droits {mode:o}{'' if mode & 0o077 == 0 else ' : faites chmod 700'}"
        )
        # opening it would tighten its permissions
        if mode & 0o077 == 0 and holds_identities(home.vault):
            yield _keys(home)
        yield from _erasures(home)
    for directory in (home.contracts, home.references, home.dbt_project, home.suites):
        readable = directory.is_dir() and os.access(directory, os.R_OK)
        if not readable:
            yield Finding("projet", False, f"{directory} manque ou n'est pas lisible")


def _root(home: Home, existing: Path) -> Finding:
    """The state directory, or that of its parents which is there: a name with a slip in it is a new, empty observatory."""
    if home.why_not:
        return Finding("dossier", False, home.why_not)
    if not existing.is_dir():
        return Finding(
            "dossier", False, f"{home.root} : {existing} est un fichier ; OBSERVATOIRE_HOME nomme un dossier"
        )
    if not os.access(existing, os.W_OK):
        return Finding("dossier", False, f"{home.root} : écriture impossible")
    new = "" if existing == home.root else " (n'existe pas encore : la première nuit le crée)"
    return Finding("dossier", True, f"{home.root}{new}")


def _ledger(home: Home) -> Finding:
    from sources.ledger import LedgerError, look_through

    try:
        look_through(home.ledger)
    except LedgerError as problem:
        return Finding("registre", False, str(problem))
    return Finding("registre", True, "lu en entier")


def _landed(home: Home) -> Finding:
    from sources.landed_files import damaged

    if bad := damaged(home.landing):
        named = ", ".join(str(path.relative_to(home.root)) for path in bad[:5])
        more = f" et {plural(len(bad) - 5, 'autre')}" if len(bad) > 5 else ""
        one = "abîmé. Ôtez-le, la nuit suivante le refait"
        many = "abîmés. Ôtez-les, la nuit suivante les refait"
        return Finding("lignes lues", False, f"{named}{more} : {agreed(len(bad), one, many)}")
    return Finding("lignes lues", True, "relues en entier")


def _shelf(home: Home) -> Iterator[Finding]:
    """Whether readers have what the publisher left them."""
    from publication.releases import current
    from publication.shelf import Damaged

    try:
        release = current(home.releases)
        yield Finding("version en place", True, "aucune" if release is None else str(release.number))
    except Damaged as problem:
        yield Finding("version en place", False, str(problem))


def _keys(home: Home) -> Finding:
    """Whether a vault that holds somebody opens; one that holds nobody makes its keys at its first night."""
    from identity.cipher import VaultError
    from identity.vault import Vault

    try:
        Vault(home.vault)
    except VaultError as problem:
        return Finding("clés du coffre", False, str(problem))
    return Finding("clés du coffre", True, "clé maîtresse et trousseau lus")


def _erasures(home: Home) -> Iterator[Finding]:
    """What says where somebody was erased from, and that it was done. Nothing where it can be read."""
    from orchestration.erasure import damaged_certificates, why_damaged
    from sources.erased_files import is_lost, unreadable

    damaged, lost = unreadable(home.vault), is_lost(home.vault)
    for path in damaged:
        then = (
            "toutes les livraisons sont reprises comme si une sauvegarde était revenue"
            if lost
            else "son double en tient lieu, et elle est refaite"
        )
        yield Finding("fichiers effacés", False, f"{path} est illisible : à la nuit suivante, {then}")
    for path in damaged_certificates(home):
        yield Finding("certificats", False, why_damaged(path))


def _rules(home: Home) -> Iterator[Finding]:
    from expectations.suite import SuiteError
    from identity.matching.model import ModelError, load_model
    from identity.retention import RetentionError, load_rules
    from orchestration import rooms
    from orchestration.warehouse import WarehouseError, load_manifest, models
    from publication.calendar import CalendarError
    from publication.calendar import read as read_calendar
    from publication.disclosure import PolicyError
    from publication.disclosure import read as read_policies
    from publication.package import read_publisher
    from publication.package.registry import PublisherError
    from publication.trace import TraceError
    from publication.trace.declared import read_files
    from sources.contract import ContractError

    suites = []
    contracts = {}
    try:
        contracts = rooms.contracts(home)
        yield Finding("contrats", True, plural(len(contracts), "valide"))
    except ContractError as error:
        yield Finding("contrats", False, str(error))
    try:
        corrections, explanations = rooms.declared_by_hand(home, contracts)
        yield Finding(
            "déclarations", True, f"{plural(corrections, 'correction')}, {plural(explanations, 'explication')}"
        )
    except ContractError as error:
        yield Finding("déclarations", False, str(error))
    try:
        suites = rooms.suites(home)
        checks = sum(len(suite.expectations) for suite in suites)
        yield Finding("contrôles", True, f"{plural(len(suites), 'suite')}, {plural(checks, 'attente')}")
    except SuiteError as error:
        yield Finding("contrôles", False, str(error))
    try:
        calendar = read_calendar(home.calendar, [suite.dataset for suite in suites])
        yield Finding("calendrier", True, f"{plural(len(calendar), 'tableau', 'tableaux')} sous approbation ou embargo")
    except CalendarError as error:
        yield Finding("calendrier", False, str(error))
    try:
        load_model()
        durations = plural(len(load_rules().rules), "durée")
        yield Finding("identités", True, f"modèle de rapprochement lu, {durations} de conservation")
    except (ModelError, RetentionError) as error:
        yield Finding("identités", False, str(error))
    try:
        yield Finding(
            "secret statistique", True, f"règles de {plural(len(read_policies().policies), 'tableau', 'tableaux')}"
        )
    except PolicyError as error:
        yield Finding("secret statistique", False, str(error))
    try:
        traces = sum(map(len, read_files(home.traces).values()))
        yield Finding(
            "publication", True, f"au nom de « {read_publisher().name} », {traces} façons de retracer un chiffre"
        )
    except (PublisherError, TraceError) as error:
        yield Finding("publication", False, str(error))
    if not home.root.is_dir():
        return  # what dbt makes of the project is kept there
    try:
        yield Finding("dbt", True, f"profil et projet lus, {plural(len(models(load_manifest(home))), 'table')}")
    except (WarehouseError, OSError) as error:
        yield Finding("dbt", False, str(error))


def _alerts(settings: Settings) -> Iterator[Finding]:
    ways = (
        ("courriel", settings.alert_smtp),
        ("webhook", settings.alert_webhook),
        ("signal de vie", settings.heartbeat_url),
    )
    known = [f"{name} ({host_of(address)})" for name, address in ways if address]
    yield Finding("alertes", True, ", ".join(known) if known else "aucune : personne ne sera prévenu d'un échec")
