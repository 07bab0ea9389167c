CLI_SRC := \
	cli/cmd_check.c \
	cli/cmd_down.c \
	cli/cmd_fn.c \
	cli/cmd_health.c \
	cli/cmd_help.c \
	cli/cmd_plan.c \
	cli/cmd_queue.c \
	cli/cmd_render.c \
	cli/cmd_schema.c \
	cli/cmd_status.c \
	cli/cmd_up.c \
	cli/cmd_version.c \
	cli/cmds.c \
	cli/exit.c \
	cli/flows.c \
	cli/fn_invoke.c \
	cli/fn_list.c \
	cli/fn_logs.c \
	cli/gateway.c \
	cli/health_print.c \
	cli/main.c \
	cli/options.c \
	cli/output.c \
	cli/plan_print.c \
	cli/session.c \
	cli/signals.c \
	cli/verb.c
