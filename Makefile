# Every target makes .venv if it is missing; a second run starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SUPPLY := $(VENV)/.supply
TASKS := $(VENV)/tasks-emulator/.ready
NODE := $(VENV)/node/.ready
MODEL := $(VENV)/whisper-base/model.bin
STORE ?= folder

.PHONY: node whisper-base tasks-emulator demo panel screenshots translations lock sbom audit test test-postgres lint check soak bench clean
.DEFAULT_GOAL := test

$(READY): setup.cfg pyproject.toml examples/flask_app/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "twirec needs Python 3.11 or newer; run: make PYTHON=python3.11 $(MAKECMDGOALS)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --upgrade pip
	$(BIN)/pip install -qq --editable '.[dev]' --editable examples/flask_app
	touch $@

# The emulator of Cloud Tasks, a program: it needs older libraries than the client of Google's.
$(TASKS):
	$(PYTHON) -m venv $(VENV)/tasks-emulator
	$(VENV)/tasks-emulator/bin/pip install -qq gcloud-tasks-emulator==0.6.2
	touch $@

tasks-emulator: $(READY) $(TASKS)

# The official Node library, with which one test drives the sandbox; without npm that is skipped.
$(NODE): tests/sandbox/node/package.json
	mkdir -p $(VENV)/node && cp $< $(VENV)/node/
	if command -v npm; then cd $(VENV)/node && npm install --silent --no-audit --no-fund \
	--ignore-scripts --no-package-lock && touch .ready || echo "one test is skipped"; fi

node: $(NODE)

# Whisper base, a model that hears speech (145 MB), which tests of real speech use.
$(MODEL): $(READY) tests/whisper_base.py
	$(BIN)/python -m tests.whisper_base $(@D)
	touch $@

whisper-base: $(MODEL)

demo: $(READY)
	@$(BIN)/twirec demo --store $(STORE)

panel: $(READY)
	@$(BIN)/python -m callpanel.demo

screenshots: $(READY)
	PYTHONPATH=examples/flask_app/tests/browser $(BIN)/python examples/flask_app/screenshots.py

# After a text of the panel changed: then translate what is new in the .po file, and run it again.
translations: $(READY)
	cd examples/flask_app && mkdir -p build && P=../../$(BIN)/pybabel && \
	$$P -q extract -F babel.cfg -k _l --no-location --sort-output -o build/messages.pot callpanel && \
	$$P -q update -N --ignore-pot-creation-date --width=100 -i build/messages.pot -d callpanel/translations && \
	$$P -q compile -d callpanel/translations

$(SUPPLY): $(READY)
	$(BIN)/pip install -qq --editable '.[supply]'
	touch $@

# What is deployed: its lock file, its bill of materials, and what is known against it.
lock audit: $(SUPPLY)
	@$(BIN)/python examples/flask_app/supply.py $@

sbom: $(READY)
	@$(BIN)/python examples/flask_app/supply.py $@

# Some hundred tests start programs, which need not compile everything again, whoever forbids it.
test: $(READY) $(TASKS) $(NODE) $(MODEL)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n auto --dist loadgroup

# The tests of what works on the catalog once more, with PostgreSQL as the catalog of each; but for
# two that try very many requests which differ in nothing that a database sees. Those of catalog
# and contracts run on both databases in `make test` already. Nothing touches a database in model,
# calls, audio, adapters, sandbox, settings and most of search, and little in doctor. Of the panel,
# whose accounts are there too, it is what asks them for something of their own.
ON_POSTGRESQL := $(addprefix tests/,archive backfill cli custody derivatives end_to_end \
	events jobs journal sweep transcripts transfers webhooks search/test_phrase.py) \
	$(patsubst %,tests/doctor/test_%.py,examination identity policy retention) \
	$(patsubst %,examples/flask_app/tests/test_panel_%.py,admin audit disclosures erasures \
	export own pages permissions purposes requests saved search second_factor sign_in \
	standing ways)
test-postgres: $(READY)
	PYTHONDONTWRITEBYTECODE= TEST_DATABASE=postgresql \
	$(BIN)/python -m pytest -q -n auto --dist loadgroup $(ON_POSTGRESQL) \
	--ignore tests/webhooks/test_added_fields.py --ignore tests/webhooks/test_forgery.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

# Where Hypothesis looks for examples, it looks for many here, and for few in `make test`.
SEARCHED := tests/transfers/test_stateful.py tests/journal/test_rebuild_any_ledger.py \
	tests/end_to_end/test_no_recording_without_consent.py tests/audio/test_broken_files.py \
	tests/archive/test_months.py tests/adapters/test_decryption.py tests/custody/test_audit.py tests/custody/test_anchors.py tests/custody/test_ten_years.py tests/webhooks/test_added_fields.py \
	examples/flask_app/tests/test_panel_fuzz.py

soak: $(READY)
	$(BIN)/python -m tests.soak
	$(BIN)/python -m pytest -q -n auto --hypothesis-profile=thorough $(SEARCHED)

# All benchmarks: QUICK=1 for a minute or two each, ONLY="transfer search" for some of them.
bench: $(READY)
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ONLY)

clean:
	rm -rf $(VENV) .demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov examples/flask_app/*.egg-info
