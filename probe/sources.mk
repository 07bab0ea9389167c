PROBE_SRC := \
	probe/actions.c \
	probe/answer.c \
	probe/bench/agent_frame.c \
	probe/bench/agents.c \
	probe/bench/agents_job.c \
	probe/bench/latency.c \
	probe/bench/network_detail.c \
	probe/bench/network_judge.c \
	probe/bench/network_plan.c \
	probe/bench/network_print.c \
	probe/bench/network_read.c \
	probe/bench/network_which.c \
	probe/bench/program.c \
	probe/bench/redis_judge.c \
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
	probe/chart/chart.c \
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
	probe/probes.c

# svarm-probe, which measures on nodes; for benchmarks and tests also as svarm-load.  Not installed.
TOOL_SRC := \
	probe/tool/agent.c \
	probe/tool/agent_child.c \
	probe/tool/churn.c \
	probe/tool/churn_run.c \
	probe/tool/latency.c \
	probe/tool/load.c \
	probe/tool/main.c \
	probe/tool/net.c \
	probe/tool/net_mtu.c \
	probe/tool/net_rtt.c \
	probe/tool/net_serve.c \
	probe/tool/net_stream.c \
	probe/tool/net_wire.c

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
