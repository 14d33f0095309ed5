"""Workbooks (.xlsx, .xlsm, .ods, .xls), each opened in a process of its own that may die without harm.

Belongs here: asking for that process, its limits, and the sentence for each way it can end.
Does not belong here: anything that touches the bytes of a workbook (`spreadsheet_worker`, `archive`).

A cell far away makes the spreadsheet library abort the process, which no `except` catches: hence the child.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from sources.readers.sheet import Sheet, Unreadable, sheet_of
from sources.readers.signature import empty_file, require_workbook

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class ChildLimits:
    """What the child may use. 200,000 rows × 10 columns take 10 to 20 s of calculation and 250 MB."""

    memory_bytes: int = 2 << 30
    cpu_seconds: int = 120
    wall_seconds: int = 300


def read_spreadsheet(
    path: Path, *, file_name: str, sheet: str | None = None, limits: ChildLimits = ChildLimits()
) -> list[Sheet]:
    """Every worksheet of a workbook in its order, hidden ones too, or only the one named `sheet` (exact name).

    Cells as text (`spreadsheet_worker.cell_text`), true row numbers. Empty worksheets come with an empty table.
    Raises Unreadable: the rules of `signature` and `archive.scan`, `feuille_absente`, `feuille_vide`, `fichier_vide`,
    `trop_de_colonnes`, `tableau_demesure`, `classeur_trop_lourd` (the child ran out of memory or time, or crashed).
    """
    path = Path(path) if _descriptor(path) is not None else Path(path).resolve()
    require_workbook(path, file_name)
    with tempfile.TemporaryDirectory(prefix="observatoire-", dir=_MEMORY if _MEMORY.is_dir() else None) as directory:
        ended = _run_child(path, file_name, sheet, Path(directory), limits)
        sheets = _collect(Path(directory), ended, file_name)
    if all(each.table.num_rows == 0 for each in sheets):
        raise empty_file(file_name) if sheet is None else _empty_sheet(file_name, sheet)
    return sheets


_MEMORY = Path("/dev/shm")
"""Where the child leaves what it read: in memory, because cells may name people."""


def _descriptor(path: Path) -> int | None:
    """The number of an open file named `/proc/self/fd/N` (bytes decrypted in memory), which the child must inherit."""
    return int(path.name) if Path(path).parent == Path("/proc/self/fd") else None


def _run_child(path: Path, file_name: str, sheet: str | None, directory: Path, limits: ChildLimits) -> str:
    """Have a fork read the workbook; how it ended: "" (by itself), or a cause in French."""
    descriptor = _descriptor(path)
    request = {
        # a file that has no name but a number of ours
        "path": str(path) if descriptor is None else f"/proc/{os.getpid()}/fd/{descriptor}",
        "file_name": file_name,
        "sheet": sheet,
        "directory": str(directory),
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": limits.cpu_seconds,
    }
    with _one_at_a_time:
        answer = _ask(request, limits.wall_seconds)
        if answer == b"":  # somebody ended the process that forks: the workbook is not to blame yet
            answer = _ask(request, limits.wall_seconds)
    match answer:
        case None:
            return f"la lecture a dépassé {limits.wall_seconds} secondes"
        case b"":
            return "la lecture a été arrêtée deux fois de l'extérieur"
    errors = directory / "errors"
    return _cause(int(answer), errors.read_bytes() if errors.exists() else b"", limits)


def _ask(request: dict, wall_seconds: float) -> bytes | None:
    """The exit code of the fork that served `request`; None past `wall_seconds`, nothing when the process that forks ended."""
    opener = _opener()
    assert opener.stdin is not None and opener.stdout is not None
    try:
        opener.stdin.write(json.dumps(request).encode() + b"\n")
        opener.stdin.flush()
        in_time, _, _ = select.select([opener.stdout], [], [], wall_seconds)
        answer = opener.stdout.readline() if in_time else None
    except OSError:
        answer = b""
    if not answer:
        _stop(opener)
    return answer


_one_at_a_time = threading.Lock()
_openers: dict[int, subprocess.Popen[bytes]] = {}
"""The process that opens workbooks, by the process that asks: a fork of ours must not share its pipes."""


def _opener() -> subprocess.Popen[bytes]:
    """The process that forks for each workbook, started at the first one; it ends when its input does, with ours."""
    opener = _openers.get(os.getpid())
    if opener is None or opener.poll() is not None:
        opener = _openers[os.getpid()] = subprocess.Popen(
            [sys.executable, "-m", "sources.readers.spreadsheet_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=_environment(),
            start_new_session=True,
        )
    return opener


def _stop(opener: subprocess.Popen[bytes]) -> None:
    """End the process and the fork it waits for: they are a session of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(opener.pid, signal.SIGKILL)
    opener.wait()
    for stream in filter(None, (opener.stdin, opener.stdout)):
        stream.close()
    _openers.pop(os.getpid(), None)


def _environment() -> dict[str, str]:
    """No secret, no library path of ours: system allocator and one thread, so that the memory limit means something."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "PYTHONNOUSERSITE": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _cause(exit_code: int, errors: bytes, limits: ChildLimits) -> str:
    match -exit_code:
        case 0:
            return ""
        case signal.SIGXCPU:
            return f"la lecture a demandé plus de {limits.cpu_seconds} secondes de calcul"
        case signal.SIGABRT | signal.SIGSEGV | signal.SIGBUS | signal.SIGKILL:
            return f"la lecture a été arrêtée (signal {-exit_code}), sans doute faute de mémoire"
        case _ if b"MemoryError" in errors or b"malloc" in errors:
            return f"la lecture a demandé plus de {limits.memory_bytes >> 20} Mo de mémoire"
        case _:
            # the kind of error only: its text may quote a cell
            return f"la lecture s'est interrompue ({errors.decode('utf-8', 'replace').partition(':')[0]})"


def _collect(directory: Path, ended: str, file_name: str) -> list[Sheet]:
    report = directory / "report.json"
    if ended or not report.exists():
        raise Unreadable(
            "classeur_trop_lourd",
            f"« {file_name} » n'a pas pu être ouvert : {ended or 'la lecture n’a rien rendu'}. Copiez les "
            "seules cellules utiles "
            "dans un classeur neuf, ou enregistrez le tableau en CSV UTF-8, et renvoyez-le.",
        )
    content = json.loads(report.read_text(encoding="utf-8"))
    if "unreadable" in content:
        raise Unreadable(*content["unreadable"])
    return [_sheet(directory / f"{i}.arrow", each) for i, each in enumerate(content["sheets"])]


def _sheet(path: Path, described: list) -> Sheet:
    with pa.OSFile(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    return sheet_of(table, *described)


def _empty_sheet(file_name: str, sheet: str) -> Unreadable:
    return Unreadable(
        "feuille_vide",
        f"La feuille « {sheet} » de « {file_name} » est vide : vérifiez que c'est la bonne et renvoyez le classeur.",
    )
