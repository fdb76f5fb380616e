# The verbs of this repository. Each does its own set-up: a bare machine needs Python 3.11 or newer with venv, and make.
#   make demo     build, show and use a model of a bundled sample table
#   make test     the tests             make test-data  the slow ones, and those on the real data of ../shared/data
#   make check    style, types, layers  make bench      races against the peers that are installed
#   make warmup   compile all kernels once              make docs   the site: docs/_build/html

PYTHON ?= $(shell for v in 3.14 3.13 3.12 3.11 3; do \
	p=$$(command -v python$$v) && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
RACES ?= gbdt-1m-28,ols-2m-50,kmeans-1m-32-20it,logit-1m-50

.PHONY: demo test test-data check format bench warmup docs clean
.DEFAULT_GOAL := demo

demo: $(READY)
	$(BIN)/groundup build sample:churn --target churned --ignore exit_survey --budget 30s --project demo.groundup
	$(BIN)/groundup predict demo.groundup sample:churn --output demo.groundup/predictions.csv

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not data and not slow" --ignore tests/test_house.py  # check has those

test-data: $(READY)
	$(BIN)/python -m pytest -m "data or slow"; status=$$?; [ $$status = 5 ] && exit 0 || exit $$status  # 5: none to run, and said so

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_house.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(PIP) install --group bench
	$(BIN)/python benchmarks/race.py --cases $(RACES)

warmup: $(READY)
	$(BIN)/groundup warmup

docs: $(READY)
	$(PIP) install --constraint constraints.txt --group docs
	GROUNDUP_QUIET=1 $(BIN)/python -m sphinx -W --keep-going -q -d docs/_build/doctrees docs docs/_build/html

clean:
	rm -rf $(VENV) demo.groundup docs/_build docs/api docs/api.rst docs/gallery

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "groundup needs Python 3.11 or newer with venv (Debian: apt-get install python3 python3-venv make)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade --constraint constraints.txt pip
	$(PIP) install --constraint constraints.txt --group dev --editable .
	@touch $(READY)
