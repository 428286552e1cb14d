# `make` lists the targets. Each does its own set-up, says what it does, and may be run again.
SWIFT ?= swift

.DEFAULT_GOAL := help
.PHONY: help setup build demo demo-clean test soak bench bench-hub format lint clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the system packages that are missing, check the Swift toolchain
	@Scripts/setup.sh

build: setup ## Build the program: .build/release/adapterhub
	$(SWIFT) build -c release --product adapterhub

demo: ## Train three adapters on real text, publish them to a hub, answer with all of them
	@Scripts/demo.sh

demo-clean: ## Remove what `make demo` made; downloads stay
	rm -rf .demo/adapters .demo/data .demo/models .demo/hub .demo/home

test: ## Set up and run every check and test
	@Scripts/test.sh

soak: build ## End the hub by force at random, hundreds of times, and look for what was lost
	@Scripts/soak.sh

bench: build ## Measure beside the Python libraries; writes Benchmarks/Results
	python3 Benchmarks/run.py

bench-hub: build ## Measure the hub and its client beside nginx and the Python client
	@Scripts/bench-hub.sh

format: ## Format the Swift sources
	$(SWIFT) format --in-place --recursive --parallel Sources Tests Package.swift

lint: ## Check the format of the Swift sources
	$(SWIFT) format lint --strict --recursive --parallel Sources Tests Package.swift

clean: ## Remove what was built
	rm -rf .build
