/* Every command's one export, for the table in cmds.c. */
#pragma once

#include "cli/cmd.h"

extern const struct cmd cmd_bench;
extern const struct cmd cmd_check;
extern const struct cmd cmd_cost;
extern const struct cmd cmd_down;
extern const struct cmd cmd_fn;
extern const struct cmd cmd_health;
extern const struct cmd cmd_help;
extern const struct cmd cmd_plan;
extern const struct cmd cmd_queue;
extern const struct cmd cmd_render;
extern const struct cmd cmd_schema;
extern const struct cmd cmd_status;
extern const struct cmd cmd_up;
extern const struct cmd cmd_version;
