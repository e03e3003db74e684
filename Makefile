# make demo: set up and ask the built-in sample. make test: run the tests. make help: the rest.
# Nothing but Python 3.11 or newer and make is assumed; choose a Python with `make demo PYTHON=python3.12`.

IS_NEW := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(IS_NEW)' 2>/dev/null && echo $$python && break; done || echo python3)
BIN := .venv/bin
# Tests that wait for a server or a screen leave a core idle; files stay whole, for their fixtures index and serve.
PROCESSES ?= 2
QUESTION ?= 哪些城市搭建了婚恋交友平台？
# Of the constrained torch, which only tests and measurements need, pip prefers the build for the processor alone (+cpu)
# where one of its indexes has it; PyPI's own for Linux brings CUDA.
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt

export PYTHONUTF8 := 1
.DELETE_ON_ERROR:
.PHONY: help demo test coverage test-slow test-ray test-browser test-integrations tour docs reference lint check bench bench-peers fuzz schemathesis wheel clean

help:
	@echo "make demo       set up, index the built-in sample, answer a question"
	@echo "make test       run the tests"
	@echo "make coverage   run them and tell which lines they do not reach; half as long again"
	@echo "make test-slow  run the tests that take minutes"
	@echo "make test-ray   embed on a Ray cluster of two nodes on this machine; installs Ray"
	@echo "make test-browser  ask in a headless Chromium, which must be installed"
	@echo "make test-integrations  test the retrievers of LangChain and LlamaIndex, which are installed apart"
	@echo "make tour       make the pictures of docs/terminal.md anew"
	@echo "make docs       build the site into build/site, strictly"
	@echo "make reference  write the pages of docs/ anew that are made from the code"
	@echo "make lint       format, style, types and import contracts"
	@echo "make check      lint and test"
	@echo "make bench      measure the embedding on the sample; tells what else can be measured"
	@echo "make bench-peers  measure wenbao against txtai, haystack and others, on the sample or what BENCH=... names"
	@echo "make fuzz       send 10,000 malformed requests to a server on the sample; FUZZ=\"--seed 1\" sends others"
	@echo "make schemathesis  test a server on the sample against its schema, all checks; installs schemathesis apart"
	@echo "make wheel      build sdist and wheel into dist/"
	@echo "make clean      remove what was built; the index in vectors/ stays"

demo: .venv/installed
	@$(BIN)/wenbao index
	@echo
	@echo '$$ wenbao ask $(QUESTION)'
	@$(BIN)/wenbao ask '$(QUESTION)'

test: .venv/installed-test
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile

coverage: .venv/installed-test
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --cov --cov-report=term-missing:skip-covered

test-slow: .venv/installed-test
	@$(BIN)/python -m pytest -m slow

test-ray: .venv/installed-ray
	@$(BIN)/python -m pytest --no-cov -m ray

test-browser: .venv/installed-test
	@$(BIN)/python -m pytest -m browser

test-integrations: .venv-integrations/installed
	@.venv-integrations/bin/python -m pytest tests/rag/integrations

tour: .venv/installed-test
	@$(BIN)/python -m tests.tui.tour

# Material tells of its successor at every build; what is wrong with a page must not drown in that.
docs: .venv/installed-docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "the site is in build/site: $(BIN)/python -m http.server --directory build/site"

reference: .venv/installed-docs
	@$(BIN)/python -m docs.generator

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

bench: .venv/installed-test
	@echo "of bench/README.md, the first is run here, over the built-in sample:"
	@echo "  $(BIN)/python -m bench.embedding [TEXTS.jsonl]"
	@echo "  $(BIN)/python -m bench.retrieval --questions FILE --vectors DIR"
	@echo "  $(BIN)/python -m bench.answering --questions FILE --corpus FILE [--fit]"
	@echo
	@$(BIN)/python -m bench.embedding

# BENCH="--corpus records.jsonl --questions questions.jsonl" measures on a set of your own; bench/README.md says more.
bench-peers: .venv/installed-test .venv-peers/installed
	@$(BIN)/python -m bench.peers $(BENCH)

fuzz: .venv/installed
	@$(BIN)/python -m bench.fuzz $(FUZZ)

# SCHEMATHESIS="--seed 7 --max-examples 500" goes other ways, or further.
schemathesis: .venv/installed .venv-fuzz/installed
	@$(BIN)/python -m bench.schemathesis .venv-fuzz/bin/schemathesis $(SCHEMATHESIS)

wheel: .venv/installed-dev
	rm -rf build
	$(BIN)/python -m build

clean:
	rm -rf .venv .venv-peers .venv-fuzz .venv-integrations build dist htmlcov .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find rag server tui tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# A stamp per group: an installation is repeated when its requirements change, and only then.
.venv/created:
	@$(PYTHON) -c '$(IS_NEW)' 2>/dev/null || { \
		echo "error: wenbao needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)" >&2; \
		echo "hint: install one, then name it: make demo PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { \
		echo "hint: on Debian and Ubuntu, venv is a package of its own: apt install python3-venv" >&2; exit 1; }
	@touch $@

.venv/installed: .venv/created pyproject.toml constraints.txt
	@echo "installing wenbao and its libraries into .venv (some minutes, once)" >&2
	@$(PIP_INSTALL) -e .
	@touch $@

.venv/installed-test: .venv/installed
	@$(PIP_INSTALL) -e '.[test]'
	@touch $@

.venv/installed-ray: .venv/installed-test
	@$(PIP_INSTALL) -e '.[ray]'
	@touch $@

.venv/installed-dev: .venv/installed-test
	@$(PIP_INSTALL) -e '.[dev]'
	@touch $@

.venv/installed-docs: .venv/installed-test
	@$(PIP_INSTALL) -e '.[docs]'
	@touch $@

# What wenbao is measured against, apart from it: nothing of it is needed to run wenbao.
.venv-peers/installed: bench/peers/requirements.txt constraints.txt
	@echo "installing the libraries to measure against into .venv-peers (some minutes and 2 GB, once)" >&2
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt \
		-r bench/peers/requirements.txt
	@touch $@

# Apart as well: its libraries need not agree with those that wenbao is tested with.
.venv-fuzz/installed: pyproject.toml
	@$(PYTHON) -m venv .venv-fuzz
	@.venv-fuzz/bin/python -m pip install -qq --disable-pip-version-check \
		"$$(sed -n 's/^fuzz = \["\(.*\)"\]$$/\1/p' pyproject.toml)"
	@touch $@

# On top of .venv, whose libraries it sees: what the frameworks bring along need not agree with the tests' own tools.
SITE := import sysconfig; print(sysconfig.get_path("purelib"))
EXTRAS := import tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
	print(*extras["langchain"], *extras["llamaindex"], sep="\n")
.venv-integrations/installed: .venv/installed-test
	@echo "installing LangChain's and LlamaIndex's cores into .venv-integrations (a minute, once)" >&2
	@$(BIN)/python -m venv .venv-integrations
	@echo "import site; site.addsitedir('$$($(BIN)/python -c '$(SITE)')')" \
		> "$$(.venv-integrations/bin/python -c '$(SITE)')/wenbao.pth"
	@$(BIN)/python -c '$(EXTRAS)' > .venv-integrations/requirements.txt
	@.venv-integrations/bin/python -m pip install -qq --disable-pip-version-check -c constraints.txt \
		-r .venv-integrations/requirements.txt
	@touch $@
