/*
 * Inside probe/tool: what svarm-probe can do, a tool each.  svarm-probe is the program that
 * measures where the measuring must happen: on a node, in a container's network namespace.  `svarm
 * bench` puts it there for the time of a run.  It is linked statically and needs nothing of the
 * node, prints lines of JSON, and is usable by hand.
 */
#pragma once

/* Exit codes, beside 0: measured and not well; usage; it could not be measured, and standard error
 * says why. */
enum { TOOL_BAD = 1, TOOL_USAGE = 2, TOOL_FAULT = 3 };

/* Like a main(): argv[0] is the tool's name. */
int tool_agent(int argc, char **argv);
int tool_cpu(int argc, char **argv);
int tool_disk(int argc, char **argv);
int tool_load(int argc, char **argv);
int tool_net(int argc, char **argv);
int tool_net_serve(int argc, char **argv);
int tool_churn(int argc, char **argv);
int tool_call(int argc, char **argv);
int tool_async(int argc, char **argv);
int tool_undo(int argc, char **argv);
int tool_tuning(int argc, char **argv);
