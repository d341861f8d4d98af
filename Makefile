# Everything a developer runs. `make demo` and `make test` need Python 3.11 or newer, a C compiler, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(sort $(wildcard plugins/credrules-*))
READY := $(VENV)/.ready

# durable_rules has no wheels, and from Python 3.13 on its C code needs this flag to be of use; older ones ignore it.
DURABLE := CPPFLAGS="-DPyEval_CallObject=PyObject_CallObject $(CPPFLAGS)"
NEW_PYTHON := $(shell $(PYTHON) -c 'import sys; print(int(sys.version_info >= (3, 13)))')

.PHONY: help setup demo browser verifiers spark test check format lock docs clean

help: ## what there is to run
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

setup: $(READY) ## .venv, with credrules and its plugins in it

$(READY): requirements.lock requirements-peers.lock pyproject.toml $(wildcard plugins/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "credrules needs Python 3.11 or newer; name one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
ifeq ($(NEW_PYTHON),1)
	$(DURABLE) $(BIN)/python -m pip install --quiet --no-cache-dir --no-deps "durable_rules==2.0.28"
endif
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . $(PLUGINS:%=--editable %)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-peers.lock --no-warn-conflicts --upgrade --target $(VENV)/peers
	$(BIN)/python -c 'import durable_rules_engine'
	@touch $(READY)

demo: $(READY) ## the main job on 2,000 made-up learners; run it twice
	$(BIN)/python examples/demo.py

browser: ## a browser for the tests of pages, where there is none (Debian and Ubuntu; elsewhere install Chromium)
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	    command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get -qq update && \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends --yes chromium >/dev/null; } || \
	    echo "There is no browser: the tests of pages will be skipped."

verifiers: ## verifiers of badges from npm, where there is Node.js: without them their tests are skipped
	npm install --prefix plugins/credrules-openbadges/tests/npm --no-package-lock --no-audit --no-fund --ignore-scripts --silent

spark: $(READY) ## PySpark, for the tests on a cluster (480 MB; Java 17 is yours to install): without it they are skipped
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[spark]'

test: $(READY) browser ## every test
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

check: $(READY) ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY) ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## renew requirements.lock from requirements.in (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    requirements.in --output-file requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    requirements-peers.in --output-file requirements-peers.lock

docs: ## the documentation, in site/ (needs mkdocs-material)
	mkdocs build --strict

clean: ## everything that can be made again
	rm -rf $(VENV) build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
