# Everything on a machine with Python >= 3.11 and make:
#   make demo    install, import the real table, play a fictional city's year, serve that until Ctrl-C
#   make test    install, lint, check types and import contracts, run every test
#   make bench   install, run every benchmark beside its peers (an hour), write benchmarks/RESULTS.md
#   make judge   have other people's verifier judge an exported log, and other people's clients, audits, linters
#                and generators the API; what is missing here is said and skipped; and hold the administrator's trial

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint format schema release-schema bench judge clean

demo: $(INSTALLED)
	$(BIN)/ledger demo --preset world --no-serve
	$(BIN)/ledger demo

test: lint
	$(BIN)/pytest -n auto

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The committed schema is a promise; a test compares it with the one that is served.
schema: $(INSTALLED)
	$(BIN)/python -c 'from ledger.api.schema import schema; print(schema.as_str().rstrip())' \
		> src/ledger/api/schema.graphql

# What a release promises, without its words; a test finds what breaks it.
release-schema: schema
	$(BIN)/python -c 'import re, sys; print(re.sub(r"\s*\"{3}.*?\"{3}", "", sys.stdin.read(), flags=re.S).strip())' \
		< src/ledger/api/schema.graphql > tests/golden/schema.graphql

bench: $(INSTALLED)
	$(BIN)/python benchmarks/everything.py

# Without Go and its x/mod the judge says that it is skipped; where there is apt they are installed.
JUDGE_NEEDS := golang golang-golang-x-mod-dev
judge: $(INSTALLED)
	@dpkg -s $(JUDGE_NEEDS) >/dev/null 2>&1 || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] \
		&& apt-get -qq update && apt-get -qq install -y --no-install-recommends $(JUDGE_NEEDS); } || true
	$(BIN)/python tests/administrator.py
	$(BIN)/python judge/run.py
	$(BIN)/python judge/hostile.py
	$(BIN)/python judge/api.py

# pip is upgraded only inside the environment; constraints.txt pins every version.
$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "make: $(PYTHON) is not Python 3.11 or newer; name another: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "make: $(PYTHON) cannot make virtual environments; install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
