# Needs: a POSIX system with make, and Python 3.11 or newer with venv. Each recipe installs what it uses into .venv.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:    ## what there is
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

demo: .venv/installed    ## the Dortmund conference, today, with a crowd: make demo ARGS="--speed 120"
	$(BIN)/checkin demo $(ARGS)

test: .venv/installed-dev    ## every test; those in a browser need a chromium
	$(BIN)/python -m pytest $(ARGS)

postgres: .venv/installed-dev    ## the tests of store, service and web once more, on PostgreSQL instead of SQLite
	CHECKIN_TEST_ENGINE=postgres $(BIN)/python -m pytest tests/store tests/service tests/live tests/web tests/situations $(ARGS)

check: .venv/installed-dev    ## what the CI runs: format, lint, strict types, import rules, every test on both engines
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --hypothesis-profile=steady $(ARGS)
	$(MAKE) postgres ARGS=--hypothesis-profile=steady

bench: .venv/installed-dev    ## how fast, beside empty twins and the last kept run (docs/speed.md): make bench ARGS="--quick"
	$(BIN)/python -m tests.bench $(ARGS)

campaign: .venv/installed-dev    ## how often a camera reads a badge, by format and distance (docs/reading.md): some four minutes
	$(BIN)/python -m tests.campaign $(ARGS)

SEEDS ?= 2000
simulate: .venv/installed-dev    ## doors that are cut off, days by the thousand (docs/cut-off.md): make simulate SEEDS=100000
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) $(ARGS)

KILLS ?= 300
storm: .venv/installed-dev    ## real doors, links, disks and clocks that fail in a rush: make storm KILLS=300 ARGS="--seed 7 --wired"
	$(BIN)/python -m tests.kiosk.storm --kills $(KILLS) $(ARGS)

mutate: .venv/installed-dev    ## the rules changed place by place, and what no test notices (docs/mutation.md): ten minutes
	rm -rf mutants
	$(BIN)/mutmut run $(ARGS)
	@$(BIN)/mutmut results | grep -v ': not checked$$' || true

words: .venv/installed-dev    ## the catalogues of words (checkin/words/locale) in order, and what they lack
	$(BIN)/python -m tests.words

pictures: .venv/installed-dev    ## the pictures of the README, made anew from the running demo
	$(BIN)/python -m tests.pictures

files: .venv/installed    ## the demo's files, made anew from their seed
	$(BIN)/python -m checkin.demo.generate

clean:    ## away with everything that was installed or made
	rm -rf .venv demo-data bench-results dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis mutants

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which with PYTHON=…" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@ .venv/installed

.PHONY: help demo test postgres check bench campaign simulate storm mutate words pictures files clean
