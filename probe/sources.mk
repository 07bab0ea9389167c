PROBE_SRC := \
	probe/actions.c \
	probe/answer.c \
	probe/bench/agent_frame.c \
	probe/bench/agents.c \
	probe/bench/agents_job.c \
	probe/bench/bench.c \
	probe/bench/compare.c \
	probe/bench/document.c \
	probe/bench/environment.c \
	probe/bench/judge_cpu.c \
	probe/bench/judge_disk.c \
	probe/bench/node_summary.c \
	probe/bench/node_tool.c \
	probe/bench/program.c \
	probe/bench/saved.c \
	probe/bench/section.c \
	probe/bench/section_async.c \
	probe/bench/section_cold.c \
	probe/bench/section_cpu.c \
	probe/bench/section_disk.c \
	probe/bench/section_http.c \
	probe/bench/section_network.c \
	probe/bench/section_redis.c \
	probe/bench/section_tuning.c \
	probe/bench/sections.c \
	probe/bench/threshold.c \
	probe/chart/chart.c \
	probe/chart/fluid.c \
	probe/chart/scale.c \
	probe/collect.c \
	probe/collect_http.c \
	probe/collect_scan.c \
	probe/cost.c \
	probe/cost_plot.c \
	probe/cost_swing.c \
	probe/health.c \
	probe/judge.c \
	probe/judge_calls.c \
	probe/judge_kernel.c \
	probe/judge_node.c \
	probe/judge_public.c \
	probe/judge_swarm.c \
	probe/load/conn.c \
	probe/load/hist.c \
	probe/load/load.c \
	probe/load/loop.c \
	probe/load/report.c \
	probe/load/response.c \
	probe/load/target.c \
	probe/prices.c \
	probe/prices_grammar.c \
	probe/probes.c \
	probe/report/async.c \
	probe/report/cold.c \
	probe/report/comparison.c \
	probe/report/cpu.c \
	probe/report/disk.c \
	probe/report/environment.c \
	probe/report/figures.c \
	probe/report/head.c \
	probe/report/http.c \
	probe/report/http_charts.c \
	probe/report/network.c \
	probe/report/page.c \
	probe/report/pair.c \
	probe/report/plot.c \
	probe/report/redis.c \
	probe/report/report.c \
	probe/report/sections.c \
	probe/report/table.c \
	probe/report/thresholds.c \
	probe/report/topology.c \
	probe/report/tuning.c \
	probe/report/unwell.c

# svarm-probe, which measures on nodes; for benchmarks and tests also as svarm-load.  Not installed.
TOOL_SRC := \
	probe/tool/agent.c \
	probe/tool/agent_child.c \
	probe/tool/cpu.c \
	probe/tool/cpu_seen.c \
	probe/tool/disk.c \
	probe/tool/disk_io.c \
	probe/tool/figures.c \
	probe/tool/load.c \
	probe/tool/main.c

# All that svarm-probe consists of when it is linked for the nodes.
NODE_SRC := $(TOOL_SRC) \
	lib/base/buf.c \
	lib/base/clock.c \
	lib/base/err.c \
	lib/base/quote.c \
	lib/base/width.c \
	lib/base/xalloc.c \
	probe/bench/agent_frame.c \
	probe/load/conn.c \
	probe/load/hist.c \
	probe/load/load.c \
	probe/load/loop.c \
	probe/load/report.c \
	probe/load/response.c \
	probe/load/target.c
