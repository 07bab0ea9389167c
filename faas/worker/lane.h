/*
 * A lane: one queue as this worker serves it.  The feed reads it and tells Redis what became of its
 * entries, the work keeps account of the calls; the same structure carries both.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "faas/worker/job.h"

struct id_list {
	char (*v)[FEED_ID_MAX];
	size_t n, cap;
};

struct lane {
	char name[NAME_MAX_LEN + 1]; /* "": the common queue */
	char stream[sizeof(KEY_QUEUE) + 1 + NAME_MAX_LEN];

	/* the work's */
	struct job_list ready; /* to be called as soon as there is a slot */
	size_t held, calling;
	unsigned want; /* entries it may be given now */

	/* the feed's */
	char cursor[FEED_ID_MAX]; /* of XAUTOCLAIM */
	bool asked, gone;
	struct id_list acks;
	size_t acks_sent; /* of them, in the question under way */
};
