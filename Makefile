# What one types. Each target sets up whatever it needs first; run one twice and the second is quick.
#
#   VENV=…   an environment of your own, taken as it is, instead of .venv, which make keeps in step
#   PYTHON=… the Python that .venv is made with, instead of the first one found to be new enough

.DEFAULT_GOAL := help
.PHONY: help site serve test lint prove accept lab clean lock

VENV := .venv
PAGE :=
PAGES :=
NODES := 1
PORT := 8000

# Names of pages may hold what a shell takes for something else.
export PAGE

# The targets run one after the other even under -j: they share an environment and a lab.
.NOTPARALLEL:

ifeq ($(origin VENV),command line)
prepare = $(if $(filter-out venv,$(1)),$(VENV)/bin/python -m tools.prepare --venv '$(VENV)' $(filter-out venv,$(1)),:)
else
prepare = for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then exec $$python -m tools.prepare --venv '$(VENV)' $(1); fi; done; \
	echo 'set-up: no Python 3.11 or newer was found as python3 or python3.11 to python3.14.' >&2; \
	echo 'Install one (Debian 12 and newer: apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python3' >&2; \
	exit 1
endif

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

site: ## build both languages' sites into site/
	@$(call prepare,venv)
	@$(VENV)/bin/python -m dockproof.site build

serve: ## build the sites and serve them on this machine alone; PORT=8000
	@$(call prepare,venv)
	@$(VENV)/bin/python -m dockproof.site serve --port '$(PORT)'

test: ## lint, types, tests, and all pages proved that have to be; PAGES=all for every page, as in CI
	@$(call prepare,venv machine)
	@$(VENV)/bin/python -m tools.check$(if $(PAGES), --pages '$(PAGES)')

lint: ## the stages of make test that need seconds: format, lint, types
	@$(call prepare,venv)
	@$(VENV)/bin/python -m tools.check --only lint

prove: ## prove one page, PAGE=docs/zh/images/base-image.md, or all of them
	@$(call prepare,venv engine)
	@$(VENV)/bin/python -m tools.pages prove "$$PAGE"

accept: ## write what a page's commands print now into it and its twin: PAGE=…
	@$(call prepare,venv engine)
	@$(VENV)/bin/python -m tools.pages accept "$$PAGE"

lab: ## a shell on a fresh lab machine, the examples in place; NODES=2 for two machines
	@$(call prepare,venv engine)
	@$(VENV)/bin/python -m dockproof.lab shell --nodes '$(NODES)' --examples examples

clean: ## remove what make made: labs, their images, the sites, .venv, caches
	@if [ -x $(VENV)/bin/dockproof ]; then $(VENV)/bin/python -m dockproof.lab clean --all; fi
	@rm -rf site .cache .dockproof .pytest_cache .mypy_cache .ruff_cache src/*.egg-info
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
	@$(if $(filter command line,$(origin VENV)),:,rm -rf .venv)

lock: ## pin anew every Python package that pyproject.toml asks for
	@$(call prepare,venv)
	@$(VENV)/bin/python -m tools.lock
