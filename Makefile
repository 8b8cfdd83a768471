# Everything that people and CI run. `make` alone lists it.
PYTHON ?= python3
PORT ?= 8080
DATA ?= .local
FILE ?= s.yaml
STAGE ?= dev
EXAMPLE := infra/s.env.example
ENV_FILE ?= $(or $(wildcard .env.$(STAGE)),$(EXAMPLE))
BIN := .venv/bin
REQUIREMENTS := infra/requirements

# What stands before a command for a stage of the cloud: the stage's own variables, or a clear no.
WITH_ENV = test $(ENV_FILE) != $(EXAMPLE) || { echo "first: cp $(EXAMPLE) .env.$(STAGE), and fill it in"; exit 1; }; \
	set -a; . $(abspath $(ENV_FILE)); set +a; \
	test "$$STAGE" = $(STAGE) || { echo "$(ENV_FILE) is of the stage $$STAGE, not $(STAGE)"; exit 1; };
# The tool's own names for the same credentials; without them it takes its alias `default`.
AS_S = if [ -n "$$ALIBABA_CLOUD_ACCESS_KEY_ID" ] && [ -n "$$SESAME_ACCOUNT_ID" ] && [ -z "$$AccessKeyID" ]; then \
	export AccountID="$$SESAME_ACCOUNT_ID" AccessKeyID="$$ALIBABA_CLOUD_ACCESS_KEY_ID" AccessKeySecret="$$ALIBABA_CLOUD_ACCESS_KEY_SECRET"; fi;
S := build/serverless_devs/node_modules/.bin/s

.PHONY: help up demo invoke bench check format package s-check s-plan s-deploy plan apply doctor test install-up install-operate install-dev clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

up: install-up ## start Sesame on the local cloud: API and phone inbox on PORT (8080)
	@exec $(BIN)/python -m infra.localcloud up --port $(PORT) --data $(DATA) --ready-file $(DATA)/ready.json

demo: install-up ## run the main journeys on a fresh local cloud and say whether each held
	@$(BIN)/python -m infra.demo

invoke: install-operate ## call FUNCTION (request_otp) of the running local cloud with the event file EVENT
	@test -n "$(FUNCTION)" -a -n "$(EVENT)" || { echo "make invoke FUNCTION=request_otp EVENT=events/request_otp.http.json"; exit 2; }
	@$(BIN)/python -m infra.invoke $(FUNCTION) $(EVENT) --ready-file $(DATA)/ready.json

bench: install-up ## cold starts beside the textbook handler, as ratios
	@$(BIN)/python -m tests.bench

check: install-dev ## everything that CI runs: format, lint, types, rules, tests, packages, s.yaml
	@$(BIN)/python -m infra.check

format: install-dev ## put the code into its form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

test: install-dev ## the tests alone; ARGS goes to pytest
	@$(BIN)/pytest $(ARGS)

package: install-up ## the deployable folders and zips for the runtime that s.yaml names, in build/
	@$(BIN)/python -m infra.package --target $$($(BIN)/python -m infra.serverless_devs runtime $(FILE) --env-file $(ENV_FILE)) --zip

s-check: install-operate ## check s.yaml (FILE=) and all it names, with the variables of STAGE (dev) if .env.dev is there
	@$(BIN)/python -m infra.serverless_devs check $(FILE) --env-file $(ENV_FILE) \
	  $(if $(filter $(EXAMPLE),$(ENV_FILE)),--stage dev --stage staging --stage prod,--stage $(STAGE))

plan: install-operate ## show what the functions of STAGE stand on and what is missing of it
	@$(WITH_ENV) $(BIN)/python -m infra.foundation plan --stage $(STAGE)

apply: install-operate ## make it so
	@$(WITH_ENV) $(BIN)/python -m infra.foundation apply --stage $(STAGE)

doctor: install-operate ## say what is missing or wrong in the account of STAGE, or of the running local cloud (STAGE=local)
	@$(if $(filter local,$(STAGE)),,$(WITH_ENV)) $(BIN)/python -m infra.doctor --stage $(STAGE) --ready-file $(DATA)/ready.json $(ARGS)

s-plan: s-check package ## show what a deployment of STAGE would change, by the real tool
	@$(WITH_ENV) $(AS_S) $(BIN)/python -m infra.serverless_devs install && $(S) plan -t $(FILE)

s-deploy: s-check package ## deploy STAGE; the tool asks before it overwrites
	@$(WITH_ENV) $(AS_S) $(BIN)/python -m infra.serverless_devs install && $(S) deploy -t $(FILE)

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
