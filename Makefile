# Everything that a newcomer needs: `make run`, then `make serve` or `make ui`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.PHONY: help run test lint ui serve check portal portal-down test-ckanext pictures bench-datastore bench-validate requirements clean torture bench-publish bench-faults bench-series bench-readers bench-quality fuzz
.DEFAULT_GOAL := help

help: ## what there is to do
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# The environment: made anew when the pinned requirements or the project's own file change.
$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@echo "Installing the pinned requirements into $(VENV) (once) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(VENV)/.ready ## carry the embedded sample from its sources to the local portal
	@$(BIN)/openindicators run

test: $(VENV)/.ready browser ## all tests
	@$(BIN)/python -m pytest

# The browser tests need Chromium: on Debian with root it is installed; elsewhere they skip.
.PHONY: browser
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests (once) …"; \
		apt-get update -qq >/dev/null && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver fonts-noto-core >/dev/null 2>&1; \
	else echo "No Chromium here: the browser tests will skip."; fi

lint: $(VENV)/.ready ## style, types, and which room may import which
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

ui: $(VENV)/.ready ## Dagster's UI on workspace.yaml, with the history of every run
	@$(BIN)/python -m pipelines.dagster.ui

serve: $(VENV)/.ready ## the local portal at http://127.0.0.1:8000 (PORT=…)
	@$(BIN)/openindicators serve --port $(PORT)

check: $(VENV)/.ready ## check all declarations and suites
	@$(BIN)/openindicators check

portal: ## bring up a real CKAN on this machine (Debian with root; quick the second time)
	@$(PYTHON) -m dev.ckan up

portal-down: ## stop the CKAN that `make portal` brought up
	@$(PYTHON) -m dev.ckan down

test-ckanext: ## run the tests of ckanext-openindicators inside the CKAN of `make portal`
	@$(PYTHON) -m dev.ckan test-extension

bench-datastore: $(VENV)/.ready ## how fast rows come into the DataStore, beside xloader (a portal must be up)
	@$(BIN)/python -m bench.datastore

bench-validate: $(VENV)/.ready ## what checking costs, beside one SQL statement written by hand
	@$(BIN)/python -m bench.validate

pictures: $(VENV)/.ready ## take the README's pictures anew (needs Chromium; after `make run`)
	@$(BIN)/python -m docs.pictures

torture: $(VENV)/.ready ## publish 200 times through faults and kills (a portal must be up; RUNS=…)
	@$(BIN)/python -m tests.portal.ckan_torture --runs $(or $(RUNS),200)

bench-publish: $(VENV)/.ready ## how long 200 small datasets take to publish (a portal must be up)
	@$(BIN)/python -m tests.portal.bench_publish

bench-readers: $(VENV)/.ready ## how fast files become tables, beside the libraries that read them
	@$(BIN)/python -m bench.readers

bench-quality: $(VENV)/.ready ## how long the pages about quality take, for 1,000 datasets and two years
	@$(BIN)/python -m bench.quality_pages

fuzz: $(VENV)/.ready ## throw bytes at one reader for ten minutes (READER=px; or --list)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=3'
	@$(BIN)/python -m tests.fuzz.readers $(or $(READER),--list)

bench-faults: $(VENV)/.ready ## which planted faults are found in the real files (OPENINDICATORS_CORPUS)
	@OPENINDICATORS_DATA_DIR=data/bench $(BIN)/openindicators run --profile corpus >/dev/null
	@OPENINDICATORS_DATA_DIR=data/bench $(BIN)/python -m bench.faults --data-dir data/bench

bench-series: $(VENV)/.ready ## how long the checks take over a million time series
	@$(BIN)/python -m bench.series

requirements: $(VENV)/.ready ## compile requirements.txt anew from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-header --quiet --output-file requirements.txt

clean: ## remove the environment and the data folder
	rm -rf $(VENV) data
