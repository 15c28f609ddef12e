# Everything a developer types. `make help` lists it.

SHELL := /bin/bash

DEMO_DIR ?= .demo
# Only a USER given to make is a demo user; the one of the environment is whoever is logged in.
ifneq ($(origin USER),command line)
USER :=
endif
demo = DEMO_DIR='$(DEMO_DIR)' PORT='$(PORT)' USER='$(USER)' tools/demo.sh

.DEFAULT_GOAL := help
.PHONY: help packages build routes test demo demo-stop demo-clean demo-reload demo-psql demo-token \
        audit-verify check asan bench fuzz clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

packages: ## install the Debian packages that are missing (apt; sudo when not root)
	@tools/packages.sh

build: ## build build/ngx_http_dashboard_module.so for Debian's nginx
	@tools/packages.sh build
	@tools/build.sh

routes: ## write src/api/routes.def from api/openapi.yaml
	@tools/packages.sh build
	@api/generate.pl

test: ## build, then run every test, or one: make test T=t/http/etag.t
	@tools/packages.sh build test
	@tools/build.sh
	@api/generate.pl --check
	@tools/test.sh $(T)

demo: ## start the demo on 127.0.0.1: PORT=8080 DEMO_DIR=.demo
	@tools/packages.sh build demo
	@tools/build.sh
	@$(demo) start

demo-stop: ## stop the demo, keep its data
	@$(demo) stop

demo-clean: ## stop the demo and delete its data
	@$(demo) clean

demo-reload: ## make the demo's nginx read its configuration again (HUP)
	@$(demo) reload

demo-psql: ## psql on the demo's database; SQL also from standard input
	@$(demo) psql

demo-token: ## print a bearer token: USER=admin@demo.example
	@$(demo) token

audit-verify: ## verify the demo's audit trail, print its heads: HEADS=<file of earlier ones>
	@$(demo) audit-verify

check: ## style, static analysis, OpenAPI lint, generated files, duplicate code
	@tools/packages.sh build test check
	@tools/build.sh
	@tools/check.sh

asan: ## the tests again under an nginx with AddressSanitizer and UBSan: T=... for one
	@tools/packages.sh build test asan
	@tools/build.sh
	@tools/asan.sh $(T)

bench: ## the benchmarks beside their limits and peers, as a table
	@tools/packages.sh build demo bench
	@tools/build.sh
	@bench/run.sh

fuzz: ## fuzz src/core with libFuzzer: TIME=60 seconds for each target
	@tools/packages.sh build fuzz
	@$(MAKE) -s -C t/core fuzz SECONDS=$(or $(TIME),60)

clean: ## delete what was built (the demo stays: make demo-clean)
	@rm -rf build
