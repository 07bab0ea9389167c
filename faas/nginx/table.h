/*
 * The text in which the daemon tells nginx which functions there are and where their tasks listen.
 * This reader knows nothing of nginx, so that it can be tested and fuzzed alone.
 *
 *     svarm-table 1
 *     function NAME TIMEOUT-MS        0: the configuration's own timeout
 *     task ADDRESS:PORT               of the function above
 *     end
 *
 * Functions ascend by name without regard to case, tasks by address and port: whoever reads can
 * merge it with what it has, and nothing can be there twice.  Every line ends with a newline.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	TABLE_NAME_MAX = 63,
	TABLE_MAX_FUNCTIONS = 10000,
	TABLE_MAX_TASKS = 65536, /* of all functions together */
	TABLE_MAX_BYTES = 4 << 20,
	TABLE_MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000,
};

#define TABLE_HEAD "svarm-table 1"

enum table_kind {
	TABLE_END,
	TABLE_FUNCTION,
	TABLE_TASK,
	TABLE_BAD, /* problem says why */
};

struct table_reader {
	const char *at, *end; /* what is left of the text, which is borrowed */
	unsigned line;        /* number of the line read last */
	const char *problem;  /* after TABLE_BAD: a literal */
	size_t functions, tasks;
	int headed;
	/* the item read last */
	const char *name; /* borrowed from the text, not terminated */
	size_t name_len;
	uint32_t timeout_ms;
	uint32_t address; /* host byte order */
	uint16_t port;
};

void table_open(struct table_reader *t, const char *text, size_t len);
/* Read the next line into @t.  After TABLE_END and TABLE_BAD there is no next one. */
enum table_kind table_next(struct table_reader *t);

/* How two names stand to each other, without regard to case: below, at or above 0. */
int table_compare(const char *a, size_t a_len, const char *b, size_t b_len);
