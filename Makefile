# Each target explains itself: make help
.DEFAULT_GOAL := help
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test explore docs check lint judge lowest bench soak promises clean lock

help: ## Show what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $(READY)

run: $(READY) ## Run the whole shipped study and make the site reports/index.html
	$(BIN)/cncb run

test: $(READY) ## Run every test but the slow ones
	$(BIN)/python -m pytest -m "not slow"

explore: $(READY) ## Open the notebooks in JupyterLab
	$(BIN)/cncb explore

docs: $(READY) ## Make the documents into pages: reports/docs/index.html
	$(BIN)/python -m tests.documents

check: $(READY) ## Check the shipped study's tables and raw files
	$(BIN)/cncb check

lint: $(READY) ## Format check, lint, types, size of the library
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.size

judge: $(READY) ## Ask outside judges, each in an environment of its own
	$(BIN)/python tests/judges.py

lowest: $(READY) ## Run the study with the lowest versions allowed, compare its tables
	$(BIN)/python -m tests.lowest

bench: $(READY) ## Measure speed, printed as ratios
	$(BIN)/python -m benchmarks

promises: $(READY) ## Run the tests behind the promises, write docs/promises.md
	$(BIN)/python -m tests.promises

soak: $(READY) ## Run the long random trials
	$(BIN)/python -m pytest -m slow

lock: $(READY) ## Make the lock and environment files anew from pyproject.toml
	printf 'hatchling\neditables\n' | $(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url \
	  --no-header --python-version 3.11 --all-extras pyproject.toml - -o requirements.lock
	$(BIN)/python -m tests.environment

clean: ## Remove what was made: environment, processed data, reports
	rm -rf $(VENV) reports dist
	find data/processed -mindepth 1 ! -name README.md -delete
