/*
 * What `svarm cost` is asked: the command line and the price list made into a case for
 * probe/cost.h, with where each number came from, so that the answer can state its assumptions.
 */
#pragma once

#include "cli/cost_options.h"
#include "probe/cost.h"
#include "probe/cost_measured.h"

/* The least of a number that is not 0: keeps the count of servers in bounds. */
#define COST_LEAST 0.001

/* An assumption: one number, as it was used. */
enum cost_input {
	INPUT_RATE,
	INPUT_UTILISATION,
	INPUT_HOURS,
	INPUT_MS,
	INPUT_MB,
	INPUT_KB,
	INPUT_SERVERS,
	INPUT_PRICE,
	INPUT_CAPACITY,
	INPUT_HEADROOM,
	INPUT_PEAK,
	INPUT_SPARE,
	INPUT_OPS_HOURS,
	INPUT_OPS_RATE,
	N_INPUTS,
};

enum cost_origin { FROM_OPTION, FROM_DEFAULT, FROM_PRICES, FROM_BENCH, FROM_NOWHERE };

struct cost_assumed {
	const char *name; /* of the option, without its dashes */
	const char *unit, *means;
	double value; /* in that unit; money in `money` of the job */
	enum cost_origin origin;
};

/* What one @of costs in the answer's currency. */
struct cost_exchange {
	const char *of;
	double rate;
	const char *date, *source; /* date NULL: given on the command line */
};

enum { COST_MAX_NOTES = 16 };

struct cost_job {
	struct arena arena;    /* owns what is not said to be somebody else's */
	struct prices *prices; /* owned */
	const char *money;     /* currency of the price and of operations */
	const char *currency;  /* of the answer, and of all money in `c` */
	struct cost_case c;
	struct cost_offer *offers; /* one for each provider */
	size_t n_offers;
	struct cost_assumed assumed[N_INPUTS];
	json_t *bench; /* owned: measured what follows; NULL: nothing did */
	struct cost_measured measured;
	struct cost_exchange *exchanges; /* that were needed */
	size_t n_exchanges, cap_exchanges;
	const char *notes[COST_MAX_NOTES]; /* what else is assumed, a sentence each */
	size_t n_notes;
};

/*
 * ERR_SPEC for an option or a price list that is wrong, or for what is missing.  @ret must be
 * zeroed; cost_job_done() it in any case.  Reads the document that @o names.
 */
int cost_job_make(const struct cost_options *o, struct cost_job *ret, struct err *err) _must_check_;
/*
 * The same in two steps: all that can be wrong before anything is measured; then the rest, with
 * what was measured.  @bench is borrowed for as long as the job is; NULL: nothing was.
 */
int cost_job_begin(const struct cost_options *o, struct cost_job *ret, struct err *err)
	_must_check_;
int cost_job_finish(struct cost_job *j, const struct cost_options *o, json_t *bench,
	struct err *err) _must_check_;
void cost_job_done(struct cost_job *j);

/* One more sentence of what is assumed; @text is borrowed. */
void cost_note(struct cost_job *j, const char *text);

/* ---- cost_bench.c: for cost_job.c ---- */

/* Take from the document what the command line does not give: all but the load. */
int cost_take_measured(struct cost_job *j, json_t *bench, struct err *err) _must_check_;
/* The load, when no rate is given: a share of the throughput that was measured. */
int cost_take_load(struct cost_job *j, struct err *err) _must_check_;
/* Notes on what was measured. */
void cost_note_measured(struct cost_job *j);

/* ---- cost_money.c: for cost_job.c ---- */

/* Set the job's two currencies, and see that every rate that is given is one. */
int cost_choose_money(struct cost_job *j, const struct cost_options *o, struct err *err)
	_must_check_;
/* What one @of costs in the answer's currency; noted in the job's exchanges.  @whose for the
 * message: "the price of servers is". */
int cost_exchange(struct cost_job *j, const struct cost_options *o, const char *of,
	const char *whose, double *ret, struct err *err) _must_check_;
