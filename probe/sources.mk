PROBE_SRC := \
	probe/actions.c \
	probe/answer.c \
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

# The load engine's own command line, for benchmarks and tests: not installed.
LOAD_SRC := probe/load/main.c
