# Everything that people and CI run. `make` alone lists it.
PYTHON ?= python3
PORT ?= 8080
DATA ?= .local
FILE ?= s.yaml
BIN := .venv/bin
REQUIREMENTS := infra/requirements

.PHONY: help up demo bench check format package s-check test install-up install-operate install-dev clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

up: install-up ## start Sesame on the local cloud: API and phone inbox on PORT (8080)
	@exec $(BIN)/python -m infra.localcloud up --port $(PORT) --data $(DATA) --ready-file $(DATA)/ready.json

demo: install-up ## run the main journeys on a fresh local cloud and say whether each held
	@$(BIN)/python -m infra.demo

bench: install-up ## cold starts beside the textbook handler, as ratios
	@$(BIN)/python -m tests.bench

check: install-dev ## everything that CI runs: format, lint, types, rules, tests, packages, s.yaml
	@$(BIN)/python -m infra.check

format: install-dev ## put the code into its form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

test: install-dev ## the tests alone; ARGS goes to pytest
	@$(BIN)/pytest $(ARGS)

package: install-up ## the deployable folders and zips for the runtime that s.yaml names, in build/
	@$(BIN)/python -m infra.package --target $$($(BIN)/python -m infra.serverless_devs runtime $(FILE) --env-file infra/s.env.example) --zip

s-check: install-up ## check s.yaml (FILE=) alone
	@$(BIN)/python -m infra.serverless_devs check $(FILE) --env-file infra/s.env.example

clean: ## forget what was built and installed; .local stays
	rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

install-up: .venv/.localcloud
install-operate: .venv/.operate
install-dev: .venv/.dev

.venv/.uv: $(REQUIREMENTS)/uv.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.localcloud: $(REQUIREMENTS)/localcloud.txt .venv/.uv
	@echo "installing what the local cloud needs into .venv ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $<
	@touch $@

.venv/.operate: $(REQUIREMENTS)/operate.txt .venv/.localcloud
	@echo "installing what an operator needs into .venv ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $<
	@touch $@

.venv/.dev: $(REQUIREMENTS)/dev.txt .venv/.operate
	@echo "installing what the checks need into .venv ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $<
	@touch $@
