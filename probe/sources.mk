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
	probe/prices.c \
	probe/prices_grammar.c \
	probe/probes.c
