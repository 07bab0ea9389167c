/* What must be put back, or cleared away, whatever happens to the process that would do it. */
#pragma once

/* @argv, a program by its path, is run when the descriptor returned is closed, by whatever end of
 * this process, before a byte was written to it.  A process of another session sees to it.  -errno.
 */
int undo_arm(const char *const *argv);
