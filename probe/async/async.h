/*
 * Calls through the queue and their callbacks, at one place and so on one clock: send so many, each
 * with an address of its own for its callback, listen for these, and keep account.
 */
#pragma once

#include <signal.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "probe/async/tally.h"

struct async_options {
	const char *url; /* http://HOST:PORT/async-function/NAME; an address rather than a name */
	const char *listen; /* the address that callbacks come to: IPv4, or IPv6 without brackets */
	uint32_t count;
	unsigned connections; /* to send with */
	usec_t timeout;       /* of a call, until it is accepted */
	usec_t patience;      /* without any callback, before those still due are lost */
	usec_t linger;        /* for second callbacks after all have come */
	const volatile sig_atomic_t *cancel; /* not 0: stop; may be NULL */
	/* About once a second.  May be NULL. */
	void (*progress)(void *arg, const struct tally *t);
	void *arg;
};

/* *@ret is owned by the caller (tally_done), also on failure.  0 however the calls fared; -EINVAL:
 * the URL; else this machine could not do its part (listen …). */
int async_run(const struct async_options *o, struct tally *ret, struct err *err) _must_check_;
