/* What `svarm cost` is asked: its options, as they were typed. */
#pragma once

#include "cli/options.h"
#include "lib/base/arena.h"

/* Numbers as they were typed, NULL: not given. */
struct cost_options {
	const char *rate, *hours, *ms, *mb, *kb, *utilisation;
	const char *servers, *price, *capacity, *headroom, *peak, *spare, *ops_hours, *ops_rate;
	const char *currency, *in;
	const char *prices, *plot, *bench;
	struct option_list rates_of;
	bool no_free_tier, front;
};

/* Kinds of rows: what makes the case; where else things are read from and written to. */
enum { COST_CASE = 1, COST_FILES = 2 };
extern const struct option cost_option_table[];

/*
 * Read words like "price=450" or "front", each an option of the case without its dashes; @ret is
 * zeroed and owns its list of rates (option_list_done).  Texts are in @a.  ERR_SPEC.
 */
int cost_options_words(const struct option_list *words, struct arena *a, struct cost_options *ret,
	struct err *err) _must_check_;
