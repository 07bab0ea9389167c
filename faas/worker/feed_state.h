/* What the files of the feed share: see feed.h. */
#pragma once

#include "faas/worker/feed.h"

enum {
	FEED_MAX_IDS = 250,   /* in one command */
	FEED_MAX_ENTRIES = 8, /* in one answer: each may hold 10 MB */
	FEED_MAX_LANES = QUEUE_MAX_NAMES + 1,
};

enum script { SCRIPT_ACK, SCRIPT_KEEP, SCRIPT_BURY, SCRIPT_GIVE_BACK, SCRIPT_LEAVE, SCRIPT_FORGET };
enum { N_SCRIPTS = SCRIPT_FORGET + 1 };
extern const char *const feed_scripts[N_SCRIPTS];

struct feed {
	const struct config *c;
	feed_entry_fn on_entry;
	void *arg;
	char consumer[128];
	struct redis *reader, *acker, *control;
	long long reader_id; /* Redis' */
	char shas[N_SCRIPTS][41];
	bool asked, closed;
	usec_t retry_at, backoff, next_look, next_forget;
	struct lane *lanes[FEED_MAX_LANES]; /* the common one first, if it is served */
	size_t lanes_n, turn, claim_turn;
	struct lane *acking[FEED_MAX_LANES]; /* those with a question under way, in order */
	size_t acking_n, acking_at;
};

/* After a failed command: an error reply leaves the connections usable, anything else does not. */
void feed_failed(struct feed *f, int code, const struct err *err);
/* Bring the lanes up to date with the set of names, and make their groups. */
int feed_read_lanes(struct feed *f, struct err *err) _must_check_;
/* Run @script on the control connection.  argv[0] and [1] are left for it to fill. */
int feed_script(struct feed *f, enum script script, int argc, const char **argv, redisReply **ret,
	struct err *err) _must_check_;
