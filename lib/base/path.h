/* Paths on the operator's machine. */
#pragma once

#include "lib/base/buf.h"

/* Append @path with a leading "~/" replaced by $HOME and, when it is relative, the folder of the
 * file @base in front (a spec names files relative to itself).  @base may be NULL. */
void path_resolve(struct buf *out, const char *path, const char *base);

/* Append the folder of the running executable; "." when /proc does not tell. */
void path_exe_dir(struct buf *out);

/* The part after the last '/'; borrowed from @path. */
const char *path_base(const char *path);
