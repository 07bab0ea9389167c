LIB_SPEC_SRC := \
	lib/spec/check.c \
	lib/spec/check_faas.c \
	lib/spec/check_function.c \
	lib/spec/check_tune.c \
	lib/spec/check_verify.c \
	lib/spec/cluster.c \
	lib/spec/diag.c \
	lib/spec/excerpt.c \
	lib/spec/expand.c \
	lib/spec/figure.c \
	lib/spec/grammar.c \
	lib/spec/grammar_stack.c \
	lib/spec/include.c \
	lib/spec/marks.c \
	lib/spec/parse.c \
	lib/spec/parse_event.c \
	lib/spec/parse_map.c \
	lib/spec/parse_value.c \
	lib/spec/ports.c \
	lib/spec/schema.c \
	lib/spec/source.c \
	lib/spec/suggest.c \
	lib/spec/threshold.c \
	lib/spec/values.c \
	lib/spec/values_name.c \
	lib/spec/values_net.c
