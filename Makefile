# `make demo` and `make test` set up what they need by themselves, once: a virtual environment in .venv, the packages,
# the weights. Override on the command line: PYTHON=python3.12, PIP_FLAGS="--index-url ..." (a mirror, CPU builds).
SHELL := /bin/bash
BIN := .venv/bin
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP_FLAGS :=
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --constraint requirements/constraints.txt $(PIP_FLAGS)

.PHONY: demo test check lint weights browser database clean

demo: .venv/.demo weights
	$(BIN)/callqa demo

# two test files at a time: the suite takes ten minutes on two cores instead of seventeen
test: .venv/.test weights browser database
	$(BIN)/pytest --numprocesses 2 --dist loadfile

check: lint test

lint: .venv/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# verifies what is here already and fetches nothing then
weights: | .venv/.demo
	$(BIN)/callqa models pull

# the pages are looked at in Debian's Chromium; without it those tests are skipped and say so
browser:
	@command -v chromium >/dev/null || .ci/apt chromium || echo "make: no chromium: the browser tests will be skipped" >&2

# the store is tried on Debian's PostgreSQL too, started by the tests in a folder of its own
database:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || .ci/apt postgresql || \
		echo "make: no postgresql: its tests will be skipped" >&2

.venv/.demo: pyproject.toml requirements/constraints.txt | $(BIN)/python
	@echo "make: installing into .venv; torch alone is several hundred MB (CPU build) or some GB (CUDA build)" >&2
	$(INSTALL) --editable '.[diarize]'
	@touch $@

.venv/.test: .venv/.demo
	$(INSTALL) --editable '.[diarize,dev]'
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed: apt install python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/apt python3-venv
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

clean:
	rm -rf .venv callqa-demo build dist
