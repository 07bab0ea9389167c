/*
 * Inside probe/tool: what svarm-probe can do, a tool each.  svarm-probe is the program that
 * measures where the measuring must happen: on a node, in a container's network namespace.  `svarm
 * bench` puts it there for the time of a run.  It needs nothing but libc, prints lines of JSON, and
 * is usable by hand.
 */
#pragma once

/* Like a main(): argv[0] is the tool's name.  Exit codes: 0, 1 measured and not well, 2 usage,
 * 3 it could not be measured; then why is said on standard error. */
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
