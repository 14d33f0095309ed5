# make run    install, then one night on the embedded samples
# make test   install, then every test that needs no server, no whole night and no table of thousands of lines
# make test-nights   install, then those: privacy, erasure, equivalence, history, large secrets, every fault of every platform, every command that is shown
# make test-real   install, then those that start a real pretix and a real mitmproxy (needs the package index the first time)
# make browser   install, then those that read the portal in Chromium (needs Debian's and npm's packages the first time)
# make samples   write the invented year of the samples again from its seed
# make bench SIZE=1000   what three nights cost, beside the floor (also 100000, 1000000)
# make season NIGHTS=60   what a night costs after as many, every list exported whole every night
# make secrets EVENTS=5000   what keeping secrets costs on one programme of so many events
# make score     50,000 invented persons: the matching and every indicator against the truth
# make lint     rules and layout (ruff), types (mypy)
# make lock   resolve the dependencies again (needs the package index)
# make clean   remove what was installed and built; never `var/`, the home: its keys and originals exist nowhere else

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := .venv/bin/uv
AXE := 4.14.1
export PYTHONDONTWRITEBYTECODE =
export DO_NOT_TRACK = 1

.PHONY: install run test test-nights test-real browser samples bench season secrets score lint lock clean

install: .venv/installed .venv/parsed

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed (make PYTHON=/path/to/python3.11)"; exit 2; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@test -x $(UV) || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(UV) pip install --quiet --python .venv/bin/python --compile-bytecode --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python .venv/bin/python --no-deps -e .
	.venv/bin/python -m compileall -q rulebook identity sources expectations publication orchestration
	@touch $@

# after a change of a model, the first night would read all of them again by itself: 8 s
.venv/parsed: .venv/installed $(shell find dbt_project -name '*.sql' -o -name '*.yml')
	.venv/bin/python -m orchestration.prepare
	@touch $@

run: install
	@.venv/bin/observatoire demo

test: install
	.venv/bin/python -m pytest -n 2 --dist loadfile

test-nights: install
	.venv/bin/python -m pytest -m nights -n 2 --dist loadfile

test-real: install
	.venv/bin/python -m pytest -m real -n 2 --dist worksteal tests/real

samples: install
	.venv/bin/python -m benchmarks.region.samples

SIZE ?= 1000
bench: install
	.venv/bin/python -m benchmarks.bench $(SIZE) --verbose

EVENTS ?= 5000
secrets: install
	.venv/bin/python -m benchmarks.secrets $(EVENTS)

NIGHTS ?= 60
season: install
	.venv/bin/python -m benchmarks.season $(NIGHTS)

score: install
	.venv/bin/python -m benchmarks.score

browser: install .cache/browser/axe-core-$(AXE)
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium fonts-dejavu; }
	.venv/bin/python -m pytest -m browser -n 2 --dist worksteal tests/browser

.cache/browser/axe-core-$(AXE):
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq npm; }
	mkdir -p .cache/browser
	npm install --prefix .cache/browser --ignore-scripts --no-audit --no-fund --no-save axe-core@$(AXE)
	@touch $@

lint: install
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

lock:
	$(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --python-version 3.11 --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .cache build *.egg-info
