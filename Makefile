# Everything a person does with this repository. `make` alone says what there is.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install tools demo up down status test unit contract crash check generate golden e2e bench bench-xds bench-plane bench-scale conformance fuzz

help: ## Say what there is
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The npm packages, Node 24 among them; installed again only when the lock file changed.
node_modules/.package-lock.json: package-lock.json
	@scripts/install-packages.sh

# Whoever only stops or looks waits for no installation, unless there is nothing to run with.
node_modules/.bin/node:
	@scripts/install-packages.sh

install: node_modules/.package-lock.json ## Install the npm packages (Node 24 among them)

tools: install ## Build and fetch every real part once, into a cache shared by all checkouts
	@node scripts/tools/main.ts

demo: tools ## Start everything, onboard two organisations, send good and forbidden requests
	@node e2e/demo/main.ts

# INSTANCE=name runs another platform beside the first; WIPE=1 lets `down` remove its data too.
instance = $(if $(INSTANCE),--instance $(INSTANCE))

up: tools ## Start the local platform and leave it running
	@node e2e/platform/main.ts up $(instance)

down: node_modules/.bin/node ## Stop exactly what `make up` (or `make demo`) started
	@node e2e/platform/main.ts down $(instance) $(if $(WIPE),--wipe)

status: node_modules/.bin/node ## Show each part: version, pid, port, ready, memory
	@node e2e/platform/main.ts status $(instance)

test: tools ## Run every test: unit, policy, contract, scenarios
	@node scripts/test.ts

unit: install ## Run the tests that need nothing but Node
	@vitest run --project unit

contract: tools ## Run the tests of each port against its real part
	@vitest run --project contract

e2e: tools ## Run the scenarios on the local platform
	@vitest run --project e2e

crash: tools ## Let the operator die at every write of a tenant's life, with one and with two leaders after it
	@CRASH=all vitest run --project contract operator/src/crash

# SECONDS=n (60 unless told) and SEED=n choose what is tried.
fuzz: tools ## Give a real Envoy any objects of any tenants; print what breaks, as YAML
	@node xds-server/src/fuzz/main.ts $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

check: tools ## Check types, lint, formatting, arrows, policy, and that generated files are current
	@node scripts/check.ts

generate: tools ## Write the generated files: Envoy types, CRDs, reference pages
	@node scripts/generate.ts

golden: install ## Rewrite the golden files of the translation, to be read in review
	@vitest run --project unit xds-server/src/translate --update

bench: tools ## Measure onboarding and propagation; print a table
	@node e2e/bench/main.ts

bench-xds: install ## Measure the xDS server alone: loads, edits, storms, slow readers; print a table
	@node xds/src/bench/main.ts $(if $(JSON),--json $(JSON))

bench-plane: tools ## Measure the control plane with up to ten thousand tenants and a real Envoy; print a table
	@node xds-server/src/bench/main.ts $(if $(TENANTS),--tenants $(TENANTS)) $(if $(JSON),--json $(JSON))

conformance: install ## Serve what an independent xDS suite sets: adapter on 17000, xDS on 18000, loopback only
	@node xds/src/conformance/main.ts

# TENANTS=n, KEYCLOAK=real (50 tenants unless told) and JSON=file change what is measured.
scale = $(if $(TENANTS),--tenants $(TENANTS)) $(if $(KEYCLOAK),--keycloak $(KEYCLOAK)) $(if $(JSON),--json $(JSON))

bench-scale: tools ## Onboard a thousand tenants at once; print a table
	@node operator/src/scale/main.ts $(scale)
