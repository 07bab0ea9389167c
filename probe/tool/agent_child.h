/* Inside svarm-probe agent: starting a command. */
#pragma once

#include <sys/types.h>

#include "probe/bench/agent_frame.h"

/* Start @s in a session of its own; it dies with this process.  *@ret_fds are the reading ends of
 * its standard output and standard error, owned by the caller.  What goes wrong in the new process
 * itself it says on its standard error, and ends with 127. */
int child_start(const struct agent_frame_start *s, pid_t *ret_pid, int ret_fds[2], struct err *err)
	_must_check_;
