# SPDX-FileCopyrightText: 2026 The nso.ha authors
# SPDX-License-Identifier: GPL-3.0-or-later

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LINK := $(VENV)/collections/ansible_collections/nso/ha
# Tests often wait, so more than there are cores.
JOBS ?= 4
SECONDS ?= 60
N ?= 3
# The gates are a package in tests/, beside the helpers that they share with the tests.
GATE = PYTHONPATH=tests $(BIN)/python -m
# Some machines keep Python from writing what it has compiled. The tests start it hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-all test-faults check check-all lint lint-quick sanity docs artefact awx matrix coverage mutants fuzz bench rooms lab lab-down lab-test clean

help: ## list the targets (this is what plain "make" does)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(VENV)/.test-ready ## build .venv with all that demo and test need

demo: $(VENV)/.run-ready ## watch three simulated NSO nodes become a cluster (KEEP=1 leaves them running)
	@KEEP="$(KEEP)" bash tests/demo/demo.sh

test: $(VENV)/.test-ready ## the tests of every change, ten minutes; no root (ARGS="-k status" picks some)
	@$(BIN)/python -m pytest -n $(JOBS) -m "not thorough" $(ARGS)

test-all: $(VENV)/.test-ready ## every test, with all that can happen to whole clusters; no root
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

test-faults: $(VENV)/.test-ready ## stop plays at their steps (EVERY=1: at each), switch over again and again; no root
	@EVERY="$(EVERY)" $(BIN)/python -m pytest tests/faults -n $(JOBS) $(ARGS)

check: lint docs artefact coverage ## the gates of every change, twelve minutes; needs no root
	@$(GATE) gates.sanity 2.19

check-all: lint sanity docs artefact coverage awx matrix ## every gate, on every ansible-core and Python; no root

lint: $(VENV)/.check-ready ## ruff, yamllint, words, mypy, ansible-lint, shellcheck, reuse, changelog, plugin docs
	@$(GATE) gates.lint

lint-quick: $(VENV)/.check-ready ## the part of lint that takes seconds: ruff, yamllint, words
	@$(GATE) gates.lint --quick

sanity: $(VENV)/.check-ready ## ansible-test sanity on every supported ansible-core
	@$(GATE) gates.sanity

docs: $(VENV)/.check-ready ## build the documentation site in .docs/html
	@$(GATE) gates.docs

artefact: $(VENV)/.check-ready ## build the collection, import it as Galaxy would; follow the README with it
	@$(GATE) gates.artefact
	@$(GATE) gates.first_hour

awx: $(VENV)/.check-ready ## set AWX up by the released modules of awx.awx, against a stand-in for its API
	@$(GATE) gates.awx

matrix: $(VENV)/.check-ready ## the client on other Pythons, playbooks on other ansible-cores (EVERY=1: all of them)
	@EVERY="$(EVERY)" $(GATE) gates.matrix

coverage: $(VENV)/.check-ready ## branch coverage of plugins/; fails below 95 %
	@$(GATE) gates.coverage

mutants: $(VENV)/.test-ready ## mutation testing of the codec, the transitions and the planner; takes long
	@$(GATE) gates.mutants

fuzz: $(VENV)/.test-ready ## fuzz the term decoder and the frame reader for SECONDS=60
	@$(GATE) gates.fuzz $(SECONDS)

bench: $(VENV)/.bench-ready ## measure; ONLY=client,planner some of it, WHOLE=1 ten rounds of all; SSH needs root
	@PYTHONPATH=tests:$(VENV)/collections $(BIN)/python -m benchmark $(if $(WHOLE),--whole) $(if $(ONLY),--only $(ONLY))

rooms: $(VENV)/.test-ready ## draw the rooms of plugins/ anew in docs/dev/architecture.md
	@$(GATE) gates.rooms

lab: $(VENV)/.run-ready ## N=3 hosts on a bridge, with SSH and a simulated node on each; needs root
	@$(BIN)/ncs-lab up --hosts $(N) --dir .lab

lab-down: $(VENV)/.run-ready ## take the lab away, or what is left of it; needs root
	@$(BIN)/ncs-lab down --dir .lab

lab-test: $(VENV)/.test-ready ## playbooks over SSH, and what must hold while the network is cut; needs root
	@$(BIN)/ncs-lab check
	@$(BIN)/python -m pytest tests/lab $(ARGS)

clean: ## remove .venv and every cache; stops the demo's nodes and the lab first if they run
	@if [ -d .lab ] && [ -x $(BIN)/ncs-lab ]; then $(BIN)/ncs-lab down --dir .lab; fi
	@if [ -d .demo ] && [ -x $(BIN)/ncs-sim ]; then $(BIN)/ncs-sim down --dir .demo; fi
	@rm -rf .demo .docs $(VENV) .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis .ansible
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make a second call quick. Each is newer than all it was made from, or is made again.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "nso.ha needs Python 3.11 or later to build .venv; '$(PYTHON)' is not. Try: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	    { echo "Could not make .venv. On Debian and Ubuntu, 'apt install python3-venv' usually helps."; rm -rf $(VENV); exit 1; }

$(VENV)/.run-ready: requirements/run.txt requirements/core-2.19.txt tests/simulator/pyproject.toml | $(VENV)/bin/python
	@echo "Building .venv, once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable tests/simulator
	@mkdir -p $(dir $(LINK)) && rm -rf $(LINK) && ln -s ../../../.. $(LINK)
	@touch $@

$(VENV)/.test-ready: requirements/test.txt requirements/tools.txt $(VENV)/.run-ready
	@echo "Adding what the tests need to .venv, once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/test.txt
	@touch $@

$(VENV)/.check-ready: requirements/check.txt $(VENV)/.test-ready
	@echo "Adding what the gates need to .venv, once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/check.txt
	@touch $@

$(VENV)/.bench-ready: requirements/bench.txt $(VENV)/.test-ready
	@echo "Adding what the benchmark compares with to .venv, once ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/bench.txt
	@touch $@
