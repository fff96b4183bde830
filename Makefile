# The commands that always work. `make help` lists them.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory

# No build node outlives the build, and no tool asks or reports.
export MSBUILDDISABLENODEREUSE := 1
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

# Programs that live for seconds are not worth profiling for compilers, nor much compiling for a second time: without
# these a third of what the tests and a demo cost is the compilers'. `make bench` measures what users get.
test demo: export DOTNET_TieredPGO := 0
test demo: export DOTNET_TC_CallCountThreshold := 0x200

BUILD := eng/build.sh
FAIRLEAD := dotnet artifacts/bin/Cli/release/fairlead.dll

.PHONY: help build test soak test-tools demo bench publish-sidecar publish-xdshost simulate format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

build: ## everything, warnings as errors
	@$(BUILD) Sidecar.sln

test-tools: ## what the tests need beside the SDK, node and python3
	@eng/install-test-tools.sh

test: test-tools build ## every test; ends with `tests: N passed, N failed, N skipped`. ONLY="Naming.Tests ..." runs a part
	@eng/test.sh $(ONLY)

soak: test-tools build ## the tests that take too long for `make test`, such as every Envoy beside every control plane. ONLY as there
	@eng/soak.sh $(ONLY)

demo: test-tools ## the story on real processes, as checks. KEEP=1 ENV_FILE=F leaves it running, OUTAGE=15 for a shorter one
	@$(BUILD) Sidecar.sln
	@exec $(FAIRLEAD) demo $(if $(filter-out 0 no false,$(KEEP)),--keep) $(if $(ENV_FILE),--env-file "$(ENV_FILE)") \
	  $(if $(OUTAGE),--outage $(OUTAGE))

bench: test-tools publish-sidecar publish-xdshost ## the measured budgets: a table here, figures in artifacts/bench.json. ONLY="cache seal ..." runs a part
	@$(BUILD) Sidecar.sln
	@mkdir -p artifacts
	@dotnet artifacts/bin/Bench/release/Fairlead.Bench.dll $(ONLY)

RID ?= linux-x64
# Native code is linked by the C compiler of its platform.
AHEAD ?= $(if $(and $(filter $(RID),linux-$(subst x86_64,x64,$(subst aarch64,arm64,$(shell uname -m)))),$(or $(shell command -v clang),$(shell command -v gcc))),native,ready)
publish-sidecar: ## the sidecar as a pod runs it, in artifacts/publish/sidecar. RID=linux-arm64 for another platform, AHEAD=ready without a C compiler
	@rm -rf artifacts/publish/sidecar
	@dotnet publish src/Sidecar -c Release -m:2 -v q -nologo -tl:off -r $(RID) -p:Ahead=$(AHEAD) -o artifacts/publish/sidecar

SEEDS ?= 200
CONSUMERS ?= 40
simulate: ## SEEDS=n [CONSUMERS=n] [FROM=s] [N=4] [F=1] [NEIGHBOURS=1] [CLOCKS=1] [BUG=name]: anchors under a seeded schedule, invariants checked at each step
	@$(BUILD) tests/Simulator
	@dotnet artifacts/bin/Simulator/release/Fairlead.Simulator.dll --seeds $(SEEDS) \
	  $(if $(FROM),--from $(FROM)) $(if $(N),--n $(N)) $(if $(F),--f $(F)) \
	  $(if $(NEIGHBOURS),--neighbours) $(if $(CLOCKS),--clocks) $(if $(BUG),--bug $(BUG),--consumers $(CONSUMERS))

publish-xdshost: ## the host that serves endpoints alone, as the sidecar is published, in artifacts/publish/xdshost
	@rm -rf artifacts/publish/xdshost
	@dotnet publish bench/XdsHost -c Release -m:2 -v q -nologo -tl:off -r $(RID) -p:Ahead=$(AHEAD) -o artifacts/publish/xdshost

format: ## the house style, applied
	@dotnet format Sidecar.sln --no-restore

clean: ## removes what was built
	@rm -rf artifacts
