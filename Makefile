# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LINK := $(VENV)/collections/ansible_collections/nso/ha
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help venv demo test clean

help: ## list the targets (this is what plain "make" does)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(VENV)/.test-ready ## build .venv with all that demo and test need

demo: $(VENV)/.run-ready ## watch three simulated NSO nodes become a cluster (KEEP=1 leaves them running)
	@KEEP="$(KEEP)" bash tests/demo/demo.sh

test: $(VENV)/.test-ready ## run all tests; needs no root (ARGS="-k status" picks some)
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

clean: ## remove .venv and every cache; stops the demo's nodes first if they run
	@if [ -d .demo ] && [ -x $(BIN)/ncs-sim ]; then $(BIN)/ncs-sim down --dir .demo; fi
	@rm -rf .demo $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .ansible
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make a second call quick. Each is newer than all it was made from, or is made again.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "nso.ha needs Python 3.11 or later to build .venv; '$(PYTHON)' is not. Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	    { echo "Could not make .venv. On Debian and Ubuntu, 'apt install python3-venv' usually helps."; rm -rf $(VENV); exit 1; }

$(VENV)/.run-ready: requirements/run.txt tests/simulator/pyproject.toml | $(VENV)/bin/python
	@echo "Building .venv, once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable tests/simulator
	@mkdir -p $(dir $(LINK)) && ln -sfn ../../../.. $(LINK)
	@touch $@

$(VENV)/.test-ready: requirements/test.txt $(VENV)/.run-ready
	@echo "Adding what the tests need to .venv, once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/test.txt
	@touch $@
