/* Inside probe/async: the two sides of the run, each with an epoll of its own, which async.c waits
 * on. */
#pragma once

#include "probe/async/async.h"

/* ---- calls ---- */

struct sender;

int sender_new(const struct async_options *o, struct tally *t, int callback_port,
	struct sender **ret, struct err *err) _must_check_;
void sender_free(struct sender *s);
/* To wait on; then call sender_turn(). */
int sender_fd(const struct sender *s);
/* Take answers, send the next calls, give up what takes too long. */
void sender_turn(struct sender *s);
/* Every call was answered, or was given up. */
bool sender_finished(const struct sender *s);

/* ---- callbacks ---- */

struct receiver;

int receiver_new(const struct async_options *o, struct tally *t, struct receiver **ret,
	struct err *err) _must_check_;
void receiver_free(struct receiver *r);
int receiver_fd(const struct receiver *r);
int receiver_port(const struct receiver *r);
void receiver_turn(struct receiver *r);
