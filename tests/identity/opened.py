"""A copy of a home in which everything is in clear that the vault's keys open: what a scan for canaries reads."""

import contextlib
import shutil
from pathlib import Path

import pyarrow.parquet as pq

from identity.cipher import VaultError
from identity.matching import constraints
from identity.vault import Vault


def opened(home: Path, folder: Path) -> Path:
    """Write the home as it is, and beside it what was sealed in it, into `folder`, which is not there yet."""
    shutil.copytree(home, folder / "home", symlinks=True)
    clear = folder / "clear"
    clear.mkdir()
    vault = Vault(home / "vault")
    originals = [(path, "originals", path.name) for path in (home / "originals").rglob("*") if path.is_file()]
    identities = [
        (path, "identities", path.name.removesuffix(".parquet.enc").replace("__", "/"))
        for path in (home / "vault" / "identities").glob("*.enc")
    ]
    matching = [
        (path, "matching", path.name.removesuffix(".parquet.enc"))
        for path in (home / "vault" / "matching").glob("*.enc")
    ]
    stones = [(path, "tombstones", path.stem) for path in (home / "vault" / "tombstones").glob("*.enc")]
    under_way = [(path, "erasures", path.stem) for path in (home / "vault" / "under_way").glob("*.enc")]
    memory = [
        (path, "originals", f"crawl/{path.parent.name}/{path.name}") for path in (home / "crawls").glob("*/memory")
    ]
    for number, (path, purpose, context) in enumerate(
        [*originals, *identities, *matching, *stones, *under_way, *memory]
    ):
        with vault.cipher.open_decrypted(path, purpose=purpose, context=context) as decrypted:
            data = decrypted.path.read_bytes()
        # past the mark of a redacted table there is an archive, which the scanner opens
        start = data.find(b"PK\x03\x04") if data.startswith(b"OBSREDACTED1") else 0
        (clear / f"{number}-{purpose}").write_bytes(data[max(start, 0) :])
    (clear / "decisions").write_text("\n".join(map(str, constraints.decisions(vault))), encoding="utf-8")
    for number, path in enumerate((home / "landing" / "quarantine").glob("*.parquet")):
        for row in pq.read_table(path).to_pylist():
            context = f"{row['source']}/{row['delivery_id']}"
            with contextlib.suppress(VaultError):  # what was never sealed is read where it is
                text = vault.cipher.open_text(row["value"] or "", purpose="quarantine", context=context)
                (clear / f"refused-{number}-{row['row_number']}").write_text(text, encoding="utf-8")
    return folder
