# make demo: from nothing to cited answers. make test: every check. Both set up .venv first.
# PIP_FLAGS passes through to pip, for another build of torch, say:
#   make demo PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
PIP_FLAGS ?=
VENV := .venv
BIN := $(VENV)/bin
DEMO_HOME := .demo

.PHONY: install install-dev demo test check format clean

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# torch first and exactly: a looser requirement with no torch present pulls gigabytes of CUDA packages.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/pip install --quiet $(PIP_FLAGS) "$$(grep '^torch==' constraints.txt)"
	$(BIN)/pip install --quiet $(PIP_FLAGS) -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet $(PIP_FLAGS) -c constraints.txt -e '.[dev]'
	touch $@

demo: install
	@CITEWELL=$(BIN)/citewell DEMO_HOME=$(DEMO_HOME) sh data/demo.sh

test: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(DEMO_HOME) build *.egg-info
