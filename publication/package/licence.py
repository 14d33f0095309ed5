"""LICENCE.txt: under which licence the release may be used, how to name it, and the whole text of the licence.

`etalab-2.0.txt` is that text, unchanged, as SPDX publishes it (npm `spdx-license-list` 6.12.0, `licenses/etalab-2.0.json`).
"""

from __future__ import annotations

from pathlib import Path

from publication.package.registry import LICENCE, LICENCE_TITLE, LICENCE_URL, Package
from publication.wording import long_date

WHOLE = Path(__file__).with_name(f"{LICENCE}.txt")


def text(package: Package) -> str:
    until = f", données reçues jusqu’au {long_date(package.release.data_until)}" if package.release.data_until else ""
    return "\n".join(
        [
            f"{LICENCE_TITLE} ({LICENCE})",
            LICENCE_URL,
            "",
            f"Les fichiers de cette version sont mis à disposition par « {package.publisher.name} » sous cette licence. Chacun peut les",
            "copier, les modifier, les extraire, les transformer, les diffuser et les exploiter, y compris à titre commercial, partout et sans",
            "limite de durée, à condition de dire d’où ils viennent et de quand ils datent. Par exemple :",
            "",
            f"    {package.publisher.name}, {package.publisher.title}, version {package.version.number} du "
            f"{long_date(package.made_at)}{until}.",
            "",
            "Cette mention ne doit pas laisser entendre que l’observatoire cautionne ce qui en est fait. Seul le texte de la licence, ci-dessous,",
            "fait foi.",
            "",
            "=" * 80,
            "",
            WHOLE.read_text(encoding="utf-8"),
        ]
    )
