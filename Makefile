# genessl: set-up, example run, tests and checks. `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SHELL := /bin/bash
CORES ?= all

# The interpreter that makes .venv; found below when not given, e.g. make install PYTHON=/opt/python3.12/bin/python3
PYTHON ?=
# A wheel index that has the build of torch you want, beside PyPI, e.g. https://download.pytorch.org/whl/cpu (or /cu128)
TORCH_INDEX ?=
# Passed on to pytest, e.g. make test PYTEST_ARGS="-m 'not slow'"
PYTEST_ARGS ?=
# How long `make fuzz` runs for each reader, in seconds
FUZZ_SECONDS ?= 600
READERS := aliases annotations domains edges embeddings networks ontology sequences
# How many tests run at the same time, each in one thread
TEST_PROCESSES ?= auto

# The commands of .venv come first, for snakemake and for the `genessl` that its rules call.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PIP_INSTALL := $(BIN)/python -m pip install -qq --constraint constraints.txt $(TORCH_INDEX:%=--extra-index-url %)
USABLE_PYTHON := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help install run test lint fuzz clean

help:
	@echo "make install   set up .venv with genessl, its dependencies and its tests' (Python >= 3.11)"
	@echo "make run       set up, then run the bundled example to results/example/report.html"
	@echo "make test      set up, then run the tests (PYTEST_ARGS=\"-m 'not slow'\" for the quick ones)"
	@echo "make lint      set up, then check style and types: ruff, mypy, snakefmt, snakemake --lint"
	@echo "make fuzz      set up, then feed damaged files to every reader for ten minutes each (FUZZ_SECONDS=600)"
	@echo "make clean     remove .venv, caches and the example's results and logs"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@set -e; python="$(PYTHON)"; \
	for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	    if [ -z "$$python" ] && $$candidate -c '$(USABLE_PYTHON)' 2>/dev/null; then python=$$candidate; fi; \
	done; \
	if [ -z "$$python" ] || ! "$$python" -c '$(USABLE_PYTHON)' 2>/dev/null; then \
	    echo "make: expected Python >= 3.11 with its venv module, found $${python:-$$(python3 --version 2>/dev/null || echo none)};" \
	        "install it (Debian, Ubuntu: apt-get install python3 python3-venv) or name one with PYTHON=path" >&2; \
	    exit 2; \
	fi; \
	echo "Setting up $(VENV) with $$("$$python" --version) (some minutes the first time)"; \
	"$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --upgrade pip
	@echo "Installing torch"
	@$(PIP_INSTALL) torch
	@echo "Installing genessl with its dependencies and tests"
	@$(PIP_INSTALL) --editable '.[test]'
	@touch $@
	@echo "Installed: 'source $(BIN)/activate' gives you the genessl and snakemake commands"

run: install
	@snakemake --cores $(CORES)
	@printf '\nDone. Open results/example/report.html in a browser; the scores are in results/example/evaluation.tsv,\n'
	@printf 'the predictions in results/example/predictions/. The example organism is simulated.\n'

test: install
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadscope $(PYTEST_ARGS)

lint: install
	@ruff check .
	@ruff format --check .
	@mypy
	@snakefmt --check workflow
	@snakemake --lint

fuzz: install
	@$(BIN)/python -m pip install -qq atheris
	@set -e; for reader in $(READERS); do \
	    OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz_readers $$reader -max_total_time=$(FUZZ_SECONDS) -timeout=60 \
	        -rss_limit_mb=4096; \
	done

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .snakemake *.egg-info results/example logs/example
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
