# How the tests are built and run.  Every check is a program that speaks TAP; tests/run runs them and
# ends with "N passed, N failed".  Parts can be run alone: check-unit in seconds, check-lab in minutes.

T := build/san/tests

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
TEST_TOOLS := spec_dump want_render report_make live_demo bench_demo ssh_probe bad_sshd \
	$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/plan_dump.c))
SYSTEM_TESTS := $(wildcard tests/system/*.t tests/functions/*/*.t tests/faas/*.t faas/images/*.t)
STYLE_TESTS := $(wildcard tests/style/*.t)
PLAN_TESTS := $(wildcard tests/plan/*.t)
# What puts the cluster under load or breaks it; the last two, slow ones, only on demand.
LOAD_TESTS := $(sort $(wildcard tests/lab/t/7*.t))
# What svarm bench says of the lab.  Faults of disks, processors and the network, which check-system tries
# without a lab, are tried on it only on demand.
BENCH_TESTS := tests/lab/t/61-gate.t $(sort $(wildcard tests/lab/t/68*.t tests/lab/t/69*.t))
ON_DEMAND := tests/lab/t/68-bench-net.t tests/lab/t/68-bench-nodes.t tests/lab/t/75-down.t tests/lab/t/76-managers.t
LAB_TESTS := $(filter-out $(ON_DEMAND),$(sort $(wildcard tests/lab/t/*.t)))

UNIT_PROGRAMS := $(addprefix $(T)/,$(UNIT_TESTS))
FUZZ_PROGRAMS := $(addprefix $(T)/,$(FUZZ_TARGETS))
TOOL_PROGRAMS := $(addprefix $(T)/,$(TEST_TOOLS))

# The container programs without their main(), for unit tests of their parts; and the one part of
# nginx' module that knows nothing of nginx.
FAAS_PART_SRC := $(sort $(filter-out %/main.c $(LIB_SRC),$(GATEWAY_SRC) $(WORKER_SRC)) faas/nginx/table.c)
$(B)/libfaas.a: $(call obj,$(FAAS_PART_SRC)) faas/sources.mk
	$(call say,AR,$@)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

# The command without its main().
$(B)/libcli.a: $(call obj,$(filter-out cli/main.c,$(CLI_SRC))) cli/sources.mk
	$(call say,AR,$@)mkdir -p $(@D) && rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

TEST_LIBS = $(B)/libcli.a $(B)/libfaas.a $(B)/libsvarm.a
TEST_LINK = $(CC) $(SVARM_CPPFLAGS) $(EXT_CFLAGS) $(CPPFLAGS) $(SVARM_CFLAGS) $(CFLAGS) -Itests -MMD -MP \
	$(SVARM_LDFLAGS) $(LDFLAGS) -o $@ $< $(1) $(TEST_LIBS) \
	$(LIBS_svarm) $(LIBS_gateway) $(LIBS_test) -lm

$(B)/tests/test_%: tests/unit/test_%.c $(TEST_LIBS)
	$(call say,TEST,$<)mkdir -p $(@D) && $(call TEST_LINK)
$(B)/tests/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/replay_main.c $(TEST_LIBS)
	$(call say,FUZZ,$<)mkdir -p $(@D) && $(call TEST_LINK,tests/fuzz/replay_main.c)
$(B)/tests/ssh_probe $(B)/tests/bad_sshd: $(B)/tests/%: tests/system/%.c $(TEST_LIBS)
	$(call say,TEST,$<)mkdir -p $(@D) && $(call TEST_LINK)
$(B)/tests/%: tests/unit/%.c $(TEST_LIBS)
	$(call say,TEST,$<)mkdir -p $(@D) && $(call TEST_LINK)

# Measuring clients of the benchmarks: plain programs without any of our libraries.
build/async_load build/epoll_min: build/%: tests/bench/%.c Makefile
	$(call say,CC,$<)mkdir -p build && $(CC) $(SVARM_CPPFLAGS) -O2 -g -std=gnu17 $(WARNINGS) -o $@ $<

# The sanitised programs are built by a make of their own, so that a plain `make check-unit` does it.
# What both makes need is there before the second begins: make -j runs them beside `all`.
test-programs: build/probe/svarm-probe.gz $(TEST_LIBS) ## build the unit tests and tools under ASan and UBSan
	$(q)$(MAKE) --no-print-directory VARIANT=san $(UNIT_PROGRAMS) $(TOOL_PROGRAMS) $(FUZZ_PROGRAMS) \
		build/san/svarm build/san/svarm-gateway build/san/svarm-queue-worker build/san/svarm-load
	$(q)$(MAKE) --no-print-directory VARIANT=release build/release/tests/spec_dump

# Fuzz targets under libFuzzer, one after the other; SECONDS=600 for longer.
FUZZ_SECONDS ?= 30
fuzz: ## fuzz each target for FUZZ_SECONDS with clang's libFuzzer
	$(q)tests/fuzz/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

RUN := tests/run

deps: ## install what building, the tests and the lab need (apt; sudo when not root)
	$(q)tools/deps

check: deps ## everything: ends with "N passed, N failed"
	$(q)$(MAKE) --no-print-directory WERROR=1 all images images-monitoring test-programs build/async_load
	$(q)$(RUN) $(STYLE_TESTS) $(UNIT_PROGRAMS) tests/fuzz/replay.t $(PLAN_TESTS) $(SYSTEM_TESTS) $(LAB_TESTS)
check-style: ## layers, format, headers, warnings of gcc and clang
	$(q)$(RUN) $(STYLE_TESTS)
check-unit: test-programs ## unit tests under ASan and UBSan
	$(q)$(RUN) $(UNIT_PROGRAMS)
check-fuzz: test-programs ## replay the fuzz corpora
	$(q)$(RUN) tests/fuzz/replay.t
check-plan: test-programs ## broken specs and plans against their golden files
	$(q)$(RUN) $(PLAN_TESTS)
check-system: all images test-programs ## ssh against a real sshd, nginx, Redis, firewall on this machine
	$(q)$(RUN) $(SYSTEM_TESTS)
check-api: all images test-programs ## the function API against a stand-in for Docker, and on the lab (root)
	$(q)$(RUN) tests/faas/api.t tests/faas/conformance.t tests/lab/t/35-api.t
check-lab: all images images-monitoring build/async_load ## the three-node lab, from bare nodes (needs root)
	$(q)$(RUN) $(LAB_TESTS)
check-load: all images ## the lab under load: bursts, updates, reboots, kills, three managers (needs root)
	$(q)$(RUN) $(LOAD_TESTS)

check-bench: all images ## svarm bench on the lab, with every fault that it tells (needs root)
	$(q)$(RUN) $(BENCH_TESTS)

lab-up: ## boot the three-node lab (needs root)
	$(q)tests/lab/lab up
lab-down: ## nothing of the lab left running or mounted
	$(q)tests/lab/lab down
lab-reset: ## bare nodes again
	$(q)tests/lab/lab reset
lab-ssh: ## N=1 [CMD='…']: a shell, or a command, on a node of the lab
	$(q)tests/lab/lab ssh $(or $(N),1) $(if $(CMD),'$(subst ','\'',$(CMD))')

demo: deps ## the main job: three bare nodes to a working function
	$(q)$(MAKE) --no-print-directory all images
	$(q)tests/lab/demo

report-png: test-programs ## docs/report.png, the picture of the report in the README, anew (chromium)
	$(q)mkdir -p build/report && $(T)/report_make tests/unit/data/bench.json >build/report/report.html
	$(q)chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir=build/report/profile \
		--window-size=1280,2480 --screenshot=docs/report.png "file://$(CURDIR)/build/report/report.html"

bench-converge: all images ## cold up and no-op plan against hand-written ssh
	$(q)tests/bench/converge
bench-async: programs build/async_load ## asynchronous calls on this machine: accepted, worked off, one alone
	$(q)tests/bench/async --runs 3
bench-faas: all images build/async_load ## calls against nginx by hand, changing tables, async, cold starts
	$(q)tests/bench/faas
bench-loadgen: ## the load generator against wrk, ab, h2load, hey; MEM_SECONDS=600: its memory as well
	$(q)tools/deps bench
	$(q)$(MAKE) --no-print-directory build/svarm-load build/epoll_min
	$(q)tests/bench/loadgen
bench: bench-converge bench-faas bench-loadgen ## all benchmarks

.PHONY: test-programs fuzz deps check check-style check-unit check-fuzz check-plan check-system \
	check-api check-lab check-load check-bench lab-up lab-down lab-reset lab-ssh demo report-png bench bench-converge bench-async \
	bench-faas bench-loadgen
