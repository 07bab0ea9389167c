/* Files that appear whole or not at all. */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"

/* Write @len bytes to @path: into a new file beside it, which then takes its place (and, through a
 * symbolic link, that of what it points to).  What exists and is no regular file (a pipe, a device)
 * is written to as it is.  On failure what was there stays. */
int file_write(const char *path, const void *data, size_t len, struct err *err) _must_check_;
