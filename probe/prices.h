/*
 * What others publish as their prices: templates/prices.yaml, or a file of the operator's in the
 * same form.  Every price has its date and its source; a file with a mistake is refused with all
 * its mistakes, each with its place.  Amounts are doubles; money is in the currency that stands
 * with it, and a month is a month whatever its length.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/spec/values.h"

enum meter {
	METER_REQUESTS,   /* calls */
	METER_GB_SECONDS, /* memory in GB of 1024 MB × billed seconds */
	METER_FRONT,      /* calls through a separate HTTP front */
	METER_EGRESS,     /* GB of 1024 MB sent to the Internet */
	N_METERS,
};

/* One price: from @above units a month on, @price for each @per units. */
struct price_row {
	int meter;
	double above;
	double price, per;
	double free;        /* units a month that are given away; only in a meter's first */
	const char *date;   /* when it was seen published */
	const char *source; /* where */
	int line;           /* in the file */
};

/* A provider that charges by use. */
struct price_provider {
	const char *name, *title;
	const char *region;   /* which of its price lists, or NULL */
	const char *currency; /* "USD" */
	double step_ms, min_ms,
		max_ms; /* a call's duration is rounded up to steps; max 0: no limit */
	double step_mb, min_mb, max_mb; /* its memory too */
	const char *front;      /* what may stand before it at a price of its own; NULL: nothing */
	double front_step_kb;   /* each step of an answer there counts as a call; 0: one in any case
				 */
	struct price_row *rows; /* of each meter in the order of `above` */
	size_t n_rows;
	int line;
};

/* Servers at a fixed price. */
struct price_servers {
	int count;
	double price; /* of one, a month */
	const char *currency;
	const char *date, *source;
	bool example; /* nobody offers this */
};

/* One @of costs @rate of @in. */
struct price_rate {
	const char *of, *in;
	double rate;
	const char *date, *source;
	int line;
};

struct prices {
	struct arena arena; /* owns the rest */
	const char *path;   /* as messages show it */
	struct price_provider *providers;
	size_t n_providers;
	struct price_servers servers;
	struct price_rate *rates;
	size_t n_rates;
};

/* Read @len bytes of @text; @name is for messages.  ERR_SPEC with all mistakes when it has some. */
int prices_parse(const char *name, const char *text, size_t len, struct prices **ret,
	struct err *err) _must_check_;
/* Read the file @path ("-": standard input); NULL: the prices that are compiled in. */
int prices_load(const char *path, struct prices **ret, struct err *err) _must_check_;
void prices_free(struct prices *p);
static inline void prices_freep(struct prices **p)
{
	prices_free(*p);
}

/* "requests", "gb_seconds" … */
const char *meter_name(enum meter m);

value_fn value_currency; /* const char *: three capitals, "NOK" */
value_fn value_day;      /* const char *: "2026", "2026-03" or "2026-03-08" */
