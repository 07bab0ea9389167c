/* Files that other programs read while we write them anew. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/err.h"

/*
 * Put @text into the file @path, readable by all: whoever reads it finds the old text or the new,
 * never a part.  What is no regular file (a pipe, /dev/stdout) is written to as it is.
 */
int save_file(const char *path, const struct buf *text, struct err *err) _must_check_;
