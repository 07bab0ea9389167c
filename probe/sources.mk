PROBE_SRC := \
	probe/actions.c \
	probe/answer.c \
	probe/answer_system.c \
	probe/answer_tasks.c \
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
	probe/collect_tls.c \
	probe/cost.c \
	probe/cost_plot.c \
	probe/cost_swing.c \
	probe/health.c \
	probe/judge.c \
	probe/judge_calls.c \
	probe/judge_certificate.c \
	probe/judge_kernel.c \
	probe/judge_node.c \
	probe/judge_public.c \
	probe/judge_queue.c \
	probe/judge_services.c \
	probe/judge_swarm.c \
	probe/judge_system.c \
	probe/judge_tasks.c \
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
	probe/tool/load.c \
	probe/tool/main.c
