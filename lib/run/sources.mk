LIB_RUN_SRC := \
	lib/run/apply.c \
	lib/run/connect.c \
	lib/run/event.c \
	lib/run/explain.c \
	lib/run/fleet.c \
	lib/run/gather.c \
	lib/run/junit.c \
	lib/run/preflight.c \
	lib/run/promise.c \
	lib/run/report_json.c \
	lib/run/report_live.c \
	lib/run/report_plain.c
