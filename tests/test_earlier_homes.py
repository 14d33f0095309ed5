"""A home that an earlier program left goes on: everything it kept still reads, who was erased stays erased, what was decided holds.

`homes/<day>.tar.xz`: what a backup holds of two nights of the program of that day, but for the rows of analysts: four sources of the
generated region (`benchmarks/region`, size 100), one person erased, two persons merged by hand.
"""

import os
import sqlite3
import tarfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from command_line import observatoire

from tests.identity.scanner import find

HOMES = sorted((Path(__file__).parent / "homes").glob("*.tar.xz"))
ERASED = "norbert.songe-mercier@mail.example"
AGAIN = {
    "Référence commande": "153299999",
    "Date de la commande": "13/09/2024 15:40",
    "Statut de la commande": "Validé",
    "Nom participant": "Quidam",
    "Prénom participant": "Ana",
    "Numéro de billet": "1532999999",
    "Tarif": "Plein tarif",
    "Montant tarif": "10,00",
    "Événement choisi": "MESS24-001",
    "Édition": "MESS-2024",
    "Votre e-mail": ERASED,
}


def accepted(home: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(home / "ledger.sqlite")) as ledger:
        query = (
            "select source, sum(rows_accepted) from delivery where outcome = 'accepted' group by source order by source"
        )
        return ledger.execute(query).fetchall()


@pytest.mark.nights
@pytest.mark.parametrize("kept", HOMES, ids=lambda path: path.name.partition(".")[0])
def test_a_home_of_an_earlier_program_goes_on(tmp_path, kept):
    home = tmp_path / "var"
    with tarfile.open(kept) as archive:
        archive.extractall(home, filter="fully_trusted")
    before = accepted(home)
    assert len(before) == 4 and not find(home, [ERASED])
    [sold] = (home / "inbox" / "mess_helloasso").glob("*2024.csv")
    header = sold.read_text(encoding="utf-8").splitlines()[0]
    row = [AGAIN.get(title.strip("\ufeff "), "") for title in header.split(";")]
    again = sold.with_name("export-billetterie-mois-ess-2024-bis.csv")
    again.write_text(f"{header}\n{';'.join(row)}\n", encoding="utf-8")
    os.utime(again, (time.time() - 60,) * 2)

    night = observatoire(home, "run")
    assert night.returncode in (0, 3) and "Version 2" in night.stdout, night.stdout + night.stderr
    assert "✗" not in night.stdout and "n'a pas abouti" not in night.stdout, night.stdout
    one_more = [(source, rows + (source == "mess_helloasso")) for source, rows in before]
    assert accepted(home) == one_more and not find(home, [ERASED])
    assert "en vigueur" in observatoire(home, "person", "decisions").stdout
    verified = observatoire(home, "releases", "verify").stdout
    assert verified.startswith("✓"), verified
    assert "Rien de nouveau" in observatoire(home, "run").stdout
