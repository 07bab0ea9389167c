/* Inside the parser of answer.h: its parts. */
#pragma once

#include "lib/ext/json.h"
#include "probe/answer.h"

/* A line of the sections that look at the system itself: false when @word is none of theirs.  The
 * words are parts of one line and may be written to. */
bool answer_system(struct answer *a, const char *word, const char *first, const char *second);
/* GET /tasks: which run, which failed, and why others do not run. */
void answer_tasks(struct answer *a, const json_t *root);
/* "log NODE read", "log NODE late", "log NODE error TEXT"; @said is what follows the node. */
void answer_log(struct answer *a, const char *node, const char *said);

/* A decimal number of at most @most. */
bool answer_number(const char *s, long most, long *ret);
