"""A real pretix and a real mitmproxy on 127.0.0.1, for as long as a `with` block lasts.

The empty database is made once and copied for each start, so that no run sees what another did.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from programs import cache, installed, once, running

PRETIX = "pretix==2026.8.0"
GUNICORN = "gunicorn==27.0.1"
MITMPROXY = "mitmproxy==11.0.2"
HERE = Path(__file__).parent

CONFIGURATION = """\
[pretix]
instance_name=Essai
url={url}
datadir={data}
registration=off
ecb_rates=off
[locale]
default=fr
timezone=Europe/Paris
[database]
backend=sqlite3
[mail]
host=127.0.0.1
port=9
[django]
debug=off
"""


@dataclass(frozen=True)
class Pretix:
    """A server: its address, a token that may do everything at organizer « ess », its SQLite file."""

    url: str
    token: str
    database: Path


@contextmanager
def pretix(directory: Path) -> Iterator[Pretix]:
    """A pretix that holds an organizer and nothing else, its state in `directory`."""
    programs = installed(PRETIX, GUNICORN)
    shutil.copytree(_empty(programs), directory, dirs_exist_ok=True)
    token = (directory / "token").read_text().strip()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        environment = _environment(directory, url)
        fd = listening.fileno()
        command = [programs / "gunicorn", "pretix.wsgi", "-b", f"fd://{fd}", "--threads", "4", "--timeout", "120"]
        with running(command, directory / "server.log", lambda: _answers(url, token), env=environment, pass_fds=[fd]):
            yield Pretix(url, token, directory / "data" / "db.sqlite3")


def _empty(programs: Path) -> Path:
    """A directory with an empty pretix: `data/` and `token`."""
    directory = cache() / f"empty-{PRETIX.replace('==', '-')}"

    def make() -> None:
        (directory / "data").mkdir()
        environment = _environment(directory, "http://127.0.0.1") | {
            "PYTHONPATH": str(HERE / "inside"),
            "DJANGO_SETTINGS_MODULE": "quick_settings",
        }

        def run(*arguments) -> str:
            done = subprocess.run(
                [programs / "python", *arguments], env=environment, capture_output=True, text=True, cwd=directory
            )
            assert done.returncode == 0, done.stderr[-2000:]
            return done.stdout

        run("-m", "django", "migrate", "--run-syncdb")
        (directory / "token").write_text(run(HERE / "inside" / "make_organizer.py").split()[-1])

    once(directory, make)
    return directory


def _environment(directory: Path, url: str) -> dict[str, str]:
    configuration = directory / "pretix.cfg"
    configuration.write_text(CONFIGURATION.format(url=url, data=directory / "data"))
    return {**os.environ, "PRETIX_CONFIG_FILE": str(configuration), "PYTHONDONTWRITEBYTECODE": ""}


def _answers(url: str, token: str) -> bool:
    asked = urllib.request.Request(f"{url}/api/v1/organizers/ess/", headers={"Authorization": f"Token {token}"})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


@dataclass(frozen=True)
class Proxy:
    """A mitmproxy before a server, that does it harm on demand."""

    url: str
    directory: Path

    def plan(self, faults: dict[int, str] | None = None) -> None:
        """From now on, the n-th request (from 1) for orders meets `faults[n]`; the key 0 stands for all the others."""
        aside = self.directory / "plan.aside"
        aside.write_text(json.dumps(faults or {}))
        aside.replace(self.directory / "plan.json")
        (self.directory / "met.jsonl").write_text("")

    @property
    def met(self) -> list[str]:
        """The faults that requests met since the plan was made, in order; "" where there was none."""
        return [json.loads(line) for line in (self.directory / "met.jsonl").read_text().splitlines()]


@contextmanager
def mitmproxy(server: str, directory: Path) -> Iterator[Proxy]:
    programs = installed(MITMPROXY)
    directory.mkdir(parents=True, exist_ok=True)
    said = directory / "address"
    environment = {**os.environ, "FAULTS_DIRECTORY": str(directory)}
    # Without keep_host_header, pretix would write its own address into « next », and the second page would bypass the proxy.
    command = [
        programs / "mitmdump", "-q", "--mode", f"reverse:{server}", "--listen-host", "127.0.0.1", "--listen-port", "0",
        "--set", "keep_host_header=true", "--set", f"confdir={directory / 'conf'}", "-s", HERE / "faults.py",
    ]  # fmt: skip
    with running(command, directory / "proxy.log", said.exists, env=environment):
        proxy = Proxy(said.read_text(), directory)
        proxy.plan()
        yield proxy
