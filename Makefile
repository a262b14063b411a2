# gobot: `make run` on a fresh machine installs and starts the simulated market; `make help` lists the rest.

PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= auto
bin    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types layers bench soak campaign picture lock clean

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.installed  ## install gobot and what it needs into .venv

run: setup  ## run gobot with config/gobot.yaml; as shipped that is the simulated market
	$(bin)/gobot run

test: $(VENV)/.installed-dev  ## run the tests
	$(bin)/pytest -n $(JOBS)

lint: $(VENV)/.installed-dev  ## check style, formatting and the lock files
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/python .ci/lock.py --check

types: $(VENV)/.installed-dev  ## check types
	$(bin)/mypy

layers: $(VENV)/.installed-dev  ## check that every room imports from lower floors only
	$(bin)/lint-imports

bench: $(VENV)/.installed-dev  ## run the benchmarks
	@for benchmark in benchmarks/*.py; do echo "$$benchmark"; $(bin)/python "$$benchmark" || exit 1; done

soak: $(VENV)/.installed-dev  ## run 5,000 cycles and compare memory at the end with the beginning
	GOBOT_SOAK_CYCLES=5000 $(bin)/pytest tests/process/test_soak.py

campaign: $(VENV)/.installed-dev  ## run whole what the tests run a slice of: kills, hostile venues, limiter schedules, downloads, live candles
	GOBOT_KILL_CHAINS=60 $(bin)/pytest -n 2 tests/kill
	GOBOT_CAMPAIGN_RUNS=300 $(bin)/pytest -n 2 tests/campaign
	GOBOT_LIMITER_SCHEDULES=10000 $(bin)/pytest tests/exchange/limiter
	GOBOT_DOWNLOAD_KILLS=30 $(bin)/pytest tests/market/network/test_download_kill.py
	$(bin)/python tests/market/network/live_campaign.py

picture: $(VENV)/.installed-dev  ## draw docs/panel.svg from a real run
	$(bin)/python docs/picture.py

lock: $(VENV)/.installed-dev  ## write the lock files from what is installed
	$(bin)/python .ci/lock.py

clean:  ## remove the environment and every cache; state/ and archive/ stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find gobot tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(bin)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' 2>/dev/null || \
	  { echo "gobot needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: pyproject.toml requirements.lock | $(bin)/python
	$(bin)/python -m pip install --quiet -r requirements.lock
	$(bin)/python -m pip install --quiet --no-deps -e .
	@echo 'compiling the kernels, once'
	$(bin)/python -c 'from gobot.app.footprint import load_kernels; load_kernels(backtests=True)'
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(bin)/python -m pip install --quiet -r requirements-dev.lock
	@touch $@
