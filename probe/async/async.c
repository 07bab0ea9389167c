/* The run of calls through the queue: waits for both sides, and knows when it is over.  See
 * async.h. */
#include "probe/async/async.h"

#include <poll.h>
#include <stdio.h>
#include <sys/random.h>

#include "probe/async/parts.h"

enum { LOOK_AGAIN_MS = 50 };
#define NS_PER_SEC 1000000000ull

static int make_nonce(char ret[TALLY_NONCE + 1], struct err *err)
{
	unsigned char bytes[TALLY_NONCE / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, -errno, "no random numbers");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Nothing more is to be expected. */
static bool finished(const struct async_options *o, const struct tally *t, const struct sender *s)
{
	uint64_t last = MAX_OF(t->last_back, t->last_answer), now = clock_ns();
	usec_t wait = tally_lost(t) ? o->patience : o->linger;

	return sender_finished(s) && now > last && now - last >= wait * 1000;
}

static void wait_and_turn(struct sender *s, struct receiver *r)
{
	struct pollfd fds[] = {{sender_fd(s), POLLIN, 0}, {receiver_fd(r), POLLIN, 0}};

	(void)poll(fds, 2, LOOK_AGAIN_MS);
	receiver_turn(r);
	sender_turn(s);
}

static void run(
	const struct async_options *o, struct tally *t, struct sender *s, struct receiver *r)
{
	uint64_t told = clock_ns();

	sender_turn(s);
	while (!(o->cancel && *o->cancel) && !finished(o, t, s)) {
		wait_and_turn(s, r);
		if (o->progress && clock_ns() - told >= NS_PER_SEC) {
			told += NS_PER_SEC;
			o->progress(o->arg, t);
		}
	}
}

int async_run(const struct async_options *o, struct tally *ret, struct err *err)
{
	struct receiver *receiver = NULL;
	struct sender *sender = NULL;
	char nonce[TALLY_NONCE + 1];
	int r;

	r = make_nonce(nonce, err);
	if (r < 0)
		return r;
	tally_init(ret, nonce, o->count);
	r = receiver_new(o, ret, &receiver, err);
	if (r == 0)
		r = sender_new(o, ret, receiver_port(receiver), &sender, err);
	if (r == 0)
		run(o, ret, sender, receiver);
	sender_free(sender);
	receiver_free(receiver);
	return r;
}
