"""A home of a few contracts, and files in its inbox: what retention and the rights of persons are tried on."""

import os
from collections.abc import Mapping
from pathlib import Path

from orchestration.home import Home

TICKETS = """\
source: billets
title: Billets
entity: registration
files: {pattern: "*.csv", shape: delimited, delimiter: ";"}
fields:
  registration_id: {headers: [Billet], required: true}
  event: {constant: E1}
  status: {headers: [Statut], required: true, words: {registered: [ok]}}
  price: {headers: [Prix]}
  email: {headers: [Courriel], privacy: direct}
"""
"""A contract of tickets: each test adds the fields that it is about."""

PROGRAMME = """\
source: programme
title: Programme
entity: event
files: {pattern: "*.csv", shape: delimited, delimiter: ";"}
fields:
  event_id: {headers: [Code], required: true}
  programme: {constant: HDF-CONF-2023}
  status: {constant: held}
  counts: {constant: "oui"}
  title: {headers: [Titre], required: true}
  date: {headers: [Date]}
"""


def home_with(root: Path, contracts: Mapping[str, str], files: Mapping[str, str], written: float) -> Home:
    """A home under `root`. `contracts`: by source; `files`: by their path in the inbox, all written at `written`."""
    folder = root / "project" / "sources" / "contracts"
    folder.mkdir(parents=True)
    for source, contract in contracts.items():
        (folder / f"{source}.yml").write_text(contract, encoding="utf-8")
    (folder.parent / "explanations.yml").write_text("explanations: []\n", encoding="utf-8")
    home = Home(root / "var", root / "project").ensure()
    for name, text in files.items():
        path = home.inbox / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (written, written))
    return home
