/*
 * Headers of a request as somebody wrote them, "Name: value", strictly (RFC 9110, 5.1 and 5.5); and
 * files of them, so that a value which is a secret need not stand on a command line, where every
 * user of the machine sees it:
 *
 *	# of the staging cluster
 *	Authorization: Bearer …
 *	Accept: application/json
 *
 * One header a line, which ends with LF or CRLF; blank lines, and lines that begin with '#', are
 * passed over.  No message repeats a value.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/buf.h"

enum { HEADER_FILE_MAX = 64 * 1024 }; /* bytes */

/* What is wrong with the header of @len bytes at @s, static; NULL: nothing.  *@ret_at becomes the
 * offset of the fault. */
const char *header_fault(const char *s, size_t len, size_t *ret_at);

struct header_file {
	struct buf text;    /* owned, overwritten in the end */
	const char **lines; /* owned; the headers, in @text */
	size_t n;
	bool others_may_read; /* its permissions let every user of the machine read it */
	int line, column;     /* of what is wrong, counted from 1 in characters; 0: nothing */
	const char *wrong;    /* static */
};

/* @path "-" is standard input.  @ret must be zeroed; owned by the caller (header_file_done), also
 * on failure.  -EINVAL: something is wrong in it; the message begins with the place, and @ret->text
 * is as it was read.  -EFBIG. */
int header_file_read(const char *path, struct header_file *ret, struct err *err) _must_check_;
void header_file_done(struct header_file *f);
