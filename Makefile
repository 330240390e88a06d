# make demo: judge the starter answers.  make quick, make test, make long: the tests, ever slower.  make help: the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= ../shared/data
# Rooms whose tests start no server, browser or process of their own and train nothing.
QUICK := tests/test_records.py tests/inputs tests/taxonomy tests/metrics tests/exchange tests/runs/test_info.py \
	tests/runs/test_opening.py tests/runs/test_journal.py tests/judges/test_card.py tests/judges/test_replies.py \
	tests/models/test_names.py tests/reports/test_page.py tests/cli/test_docs.py

.PHONY: help demo quick test long check format builtin builtin-permissive floors site pictures world world-rounds world-copies \
	world-correction tiny curves perf clean

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "hantei needs Python 3.11 or newer: make PYTHON=python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

$(VENV)/.tune: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[tune]'
	touch $@

demo: $(VENV)/.installed  ## judge the starter answers into runs/demo
	rm -rf runs/demo  # of an earlier version, perhaps, with which this one is not mixed
	$(BIN)/hantei demo --out runs/demo

check: $(VENV)/.dev  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

quick: $(VENV)/.dev  ## the tests that take under a minute together
	$(BIN)/python -m pytest -x $(QUICK)

test: check  ## what CI runs, under 12 minutes: lint, types, tests, the wheel in an empty environment
	$(BIN)/python -m pytest -n auto --dist loadfile
	$(BIN)/python tests/wheel.py

long: $(VENV)/.dev  ## hundreds of kills and whatever else is slow; what they find goes into docs/measured.md
	$(BIN)/python -m pytest -m long --measured docs/measured.md

format: $(VENV)/.dev  ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

builtin: $(VENV)/.dev  ## train the built-in judge again from the public files, and print its measurements
	$(BIN)/hantei train builtin --data $(DATA)

builtin-permissive: $(VENV)/.dev  ## the same from permissive sources only, and what that costs
	$(BIN)/hantei train builtin --data $(DATA) --licences permissive --out build/builtin-permissive

floors: $(VENV)/.dev  ## measure the built-in judge on data it has not seen, without training what ships
	$(BIN)/hantei train builtin --data $(DATA) --evaluate-only

site: $(VENV)/.dev  ## the documentation as a site, with reports to look at, in build/site
	$(BIN)/python docs/make_reference.py
	$(BIN)/python docs/make_gallery.py
	$(BIN)/zensical build --clean --strict

pictures: site  ## pictures of the pages for the documentation, by Chromium
	$(BIN)/python docs/make_pictures.py

world: world-rounds world-copies world-correction  ## all experiments on the small world, into docs/world.md

world-rounds: $(VENV)/.tune  ## preference rounds, M1 to M5, in all arms
	OMP_WAIT_POLICY=passive $(BIN)/python -m hantei.training.world rounds --out build/world --docs docs

world-copies: $(VENV)/.tune  ## copies of safety data: harm and over-refusal
	OMP_WAIT_POLICY=passive $(BIN)/python -m hantei.training.world copies --out build/world --docs docs

world-correction: $(VENV)/.tune  ## corrections by critiques of several kinds
	OMP_WAIT_POLICY=passive $(BIN)/python -m hantei.training.world correction --out build/world --docs docs

tiny: $(VENV)/.tune  ## tune a tiny model by its recipe and compare it with its base, in minutes
	OMP_WAIT_POLICY=passive $(BIN)/hantei train safety-sft tiny-cpu --out build/tiny --evaluate

curves: $(VENV)/.tune  ## how much safety data: forty tunings of a tiny model, with the pictures of docs/tuning.md
	OMP_WAIT_POLICY=passive $(BIN)/hantei train sweep tiny-curve --out build/curves
	mkdir -p docs/tuning && cp build/curves/*.svg docs/tuning/

perf: $(VENV)/.dev  ## speed and memory
	$(BIN)/python perf/judge_throughput.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
