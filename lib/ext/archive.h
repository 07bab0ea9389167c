/*
 * Reading tar archives, plain or gzip, by libarchive.  Archives are hostile: the number of members,
 * the bytes read in all and the size of a member that is taken into memory are capped, and nothing
 * is ever written to disk.
 */
#pragma once

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct archive_member {
	const char *name; /* as in the archive, a leading "./" removed; borrowed during the call */
	uint64_t size;
	const struct buf *content; /* borrowed; NULL when larger than @max_member */
};

/* What archive_walk() should do after a member. */
enum archive_go { ARCHIVE_GO_ON, ARCHIVE_ENOUGH };

/*
 * Call @visit for every regular file of the archive at @path, in its order, with the content of
 * those of at most @max_member bytes.  @visit returns enum archive_go or a negative code with @err
 * set.  Not a tar archive, or a broken one: -EBADMSG; over a cap: -EFBIG.
 */
int archive_walk(const char *path, size_t max_member,
	int (*visit)(void *arg, const struct archive_member *m, struct err *err), void *arg,
	struct err *err) _must_check_;
