PROBE_SRC := \
	probe/actions.c \
	probe/answer.c \
	probe/async/async.c \
	probe/async/inbound.c \
	probe/async/receiver.c \
	probe/async/sender.c \
	probe/async/tally.c \
	probe/bench/agent_frame.c \
	probe/bench/agents.c \
	probe/bench/agents_job.c \
	probe/bench/async_result.c \
	probe/bench/cold_judge.c \
	probe/bench/cold_split.c \
	probe/bench/cold_swarm.c \
	probe/bench/http_cluster.c \
	probe/bench/http_judge.c \
	probe/bench/http_print.c \
	probe/bench/http_result.c \
	probe/bench/http_shot.c \
	probe/bench/place.c \
	probe/bench/remote.c \
	probe/bench/program.c \
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
	probe/load/hist_json.c \
	probe/load/load.c \
	probe/load/loop.c \
	probe/load/report.c \
	probe/load/request.c \
	probe/load/response.c \
	probe/load/rounds.c \
	probe/load/series.c \
	probe/load/target.c \
	probe/prices.c \
	probe/prices_grammar.c \
	probe/probes.c

# svarm-probe, which measures on nodes; for benchmarks and tests also as svarm-load.  Not installed.
TOOL_SRC := \
	probe/tool/agent.c \
	probe/tool/agent_child.c \
	probe/tool/async.c \
	probe/tool/call.c \
	probe/tool/load.c \
	probe/tool/main.c \
	probe/tool/undo.c

# All that svarm-probe consists of when it is linked for the nodes.
NODE_SRC := $(TOOL_SRC) \
	lib/base/buf.c \
	lib/base/clock.c \
	lib/base/err.c \
	lib/base/quote.c \
	lib/base/width.c \
	lib/base/xalloc.c \
	probe/async/async.c \
	probe/async/inbound.c \
	probe/async/receiver.c \
	probe/async/sender.c \
	probe/async/tally.c \
	probe/bench/agent_frame.c \
	probe/load/conn.c \
	probe/load/hist.c \
	probe/load/hist_json.c \
	probe/load/load.c \
	probe/load/loop.c \
	probe/load/report.c \
	probe/load/request.c \
	probe/load/response.c \
	probe/load/rounds.c \
	probe/load/series.c \
	probe/load/target.c
