# Everything runs in .venv: made by the first target that needs it, and installed into again when the pins change.
# Needs make and Python 3.11 or newer; `make PYTHON=/path/to/python3` says which one.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# The newest of these that runs, is new enough and can make a virtual environment.
CANDIDATES := python3.14 python3.13 python3.12 python3.11 python3 python
USABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in $(CANDIDATES); do \
	if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then echo "$$python"; break; fi; done)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.installed ## simulate a contact centre and watch legacy beside outcome, live (ARGS="--speed 60")
	@$(BIN)/outcome-monitor demo $(ARGS)

.PHONY: test
test: lint ## everything that CI checks: lint, types, layers, tests (ARGS="-k word")
	$(BIN)/python -m pytest $(ARGS)

.PHONY: lint
lint: $(VENV)/.installed-dev ## ruff, mypy and the layers; changes nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: format
format: $(VENV)/.installed-dev ## put the code into shape, and mend what ruff can mend
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

.PHONY: bench
bench: $(VENV)/.installed-dev ## events a second of a replay on the embedded engine, and where the time goes
	$(BIN)/python -m tests.bench.replay $(ARGS)

.PHONY: bench-estimators
bench-estimators: $(VENV)/.installed-dev ## how right the estimates are where the truth is known (ARGS=--pipeline: as published)
	$(BIN)/python -m tests.bench.estimators $(ARGS)

.PHONY: bench-detect
bench-detect: $(VENV)/.installed-dev ## how soon spikes are seen, at how many false alarms; 20 minutes (ARGS="--kind steady")
	$(BIN)/python -m tests.bench.detect $(ARGS)

.PHONY: bench-browser
bench-browser: $(VENV)/.installed-dev ## how smoothly the board runs in Chromium on a busy day; two minutes (ARGS="--slowdown 4")
	@$(BIN)/python -m tests.bench.smoothness $(ARGS)

.PHONY: bench-board
bench-board: $(VENV)/.installed-dev ## how soon a nudge is on boards, at half load; 6 minutes (ARGS="--engine kafka", "--boards 50")
	@$(BIN)/python -m tests.bench.board $(ARGS)

.PHONY: bench-kafka
bench-kafka: $(VENV)/.installed-bench ## the Kafka engine beside Faust and Quix Streams; needs Java (ARGS="--events 50000")
	@$(BIN)/python -m tests.bench.kafka $(ARGS)

.PHONY: bench-kafka-latency
bench-kafka-latency: $(VENV)/.installed-dev ## how soon an event is in the ledger, at half load; needs Java (ARGS="--rate 3000")
	@$(BIN)/python -m tests.bench.kafka.latency $(ARGS)

.PHONY: bench-kafka-scale
bench-kafka-scale: $(VENV)/.installed-dev ## the Kafka engine by size of state, workers and time; needs Java (ARGS="state")
	@$(BIN)/python -m tests.bench.kafka.scale $(ARGS)

.PHONY: kafka
kafka: $(VENV)/.installed-kafka ## Apache Kafka on this machine, until Ctrl-C; needs Java 17 and Maven (ARGS="--brokers 3")
	@$(BIN)/python -m deploy.kafka.cluster $(ARGS)

.PHONY: chaos
chaos: $(VENV)/.installed-dev ## the fault suite on real Kafka, in full, as a table; half an hour (ARGS="--only ac --seeds 5")
	$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: schemas
schemas: $(VENV)/.installed ## render config/schema/ from the models
	$(BIN)/outcome-monitor schema --write config/schema

.PHONY: docs
docs: $(VENV)/.installed ## render the reference of the metrics from the catalogue
	$(BIN)/outcome-monitor metrics > streams/catalogue/METRICS.md

.PHONY: rules
rules: $(VENV)/.installed ## render the rules of Prometheus from the catalogue
	$(BIN)/outcome-monitor rules --write deploy/prometheus/rules
	$(BIN)/outcome-monitor rules > streams/catalogue/RULES.md

.PHONY: dashboards
dashboards: $(VENV)/.installed-dev ## render the dashboards of Grafana, runbooks included (ARGS="--board https://board.example")
	$(BIN)/python -m deploy.grafana.render $(ARGS)

.PHONY: picture
picture: $(VENV)/.installed-bench ## draw what the overview shows of a history (ARGS="--at 2016-05-25 --days 55 --out picture.png")
	$(BIN)/python -m deploy.grafana.picture $(ARGS)

.PHONY: screenshots
screenshots: $(VENV)/.installed-bench ## take the pictures of the board that the README shows; needs Chromium
	$(BIN)/python -m deploy.board.screenshots

.PHONY: lock
lock: $(VENV)/.made ## pin again what pyproject.toml asks for (ARGS="--upgrade" for newer versions)
	$(PIP) install uv
	$(LOCK) --output-file requirements-bench.txt --extra dev --extra bench pyproject.toml
	$(LOCK) --output-file requirements-dev.txt --extra dev --constraint requirements-bench.txt pyproject.toml
	$(LOCK) --output-file requirements-board.txt --extra board --constraint requirements-bench.txt pyproject.toml
	$(LOCK) --output-file requirements-kafka.txt --extra kafka --constraint requirements-bench.txt pyproject.toml
	$(LOCK) --output-file requirements.txt --constraint requirements-bench.txt pyproject.toml

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(ARGS)

.PHONY: clean
clean: ## remove the virtual environment, caches and builds
	rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf deploy/kafka/target
	find deploy streams tests -type d -name __pycache__ -prune -exec rm -rf {} +

# Set-up. Each stamp is touched when its step is done, so that one which was interrupted is done again.

$(VENV)/.made:
	@$(if $(PYTHON),"$(PYTHON)" -c '$(USABLE)' 2>/dev/null,false) || { \
		echo "Python 3.11 or newer with its venv module is needed$(if $(PYTHON),$(,) and $(PYTHON) is not that)." >&2; \
		echo "Install one (Debian and Ubuntu: apt install python3 python3-venv), or name one:" >&2; \
		echo "    make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@echo "Making $(VENV) with $$("$(PYTHON)" --version) ..."
	@"$(PYTHON)" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: requirements.txt pyproject.toml $(VENV)/.made
	@echo "Installing what runs it ..."
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/.installed-kafka: requirements-kafka.txt $(VENV)/.installed
	@echo "Installing what the Kafka engine needs ..."
	@$(PIP) install --require-hashes -r requirements-kafka.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing what tests it ..."
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.installed-bench: requirements-bench.txt $(VENV)/.installed-dev
	@echo "Installing what it is compared with ..."
	@$(PIP) install --require-hashes -r requirements-bench.txt
	@touch $@

, := ,
