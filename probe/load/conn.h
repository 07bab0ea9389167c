/*
 * Inside probe/load: one connection, and the request that is under way on it.  Knows sockets, but
 * neither schedules nor counts: loop.c does.
 */
#pragma once

#include "lib/ext/tls.h"
#include "probe/load/load.h"
#include "probe/load/response.h"

enum conn_state {
	CONN_FREE, /* no request under way; fd may be open for the next one, or -1 */
	CONN_CONNECTING,
	CONN_SHAKING_HANDS, /* TLS only */
	CONN_SENDING,
	CONN_WAITING,
};

enum conn_outcome { CONN_PENDING, CONN_ANSWERED, CONN_FAILED };

struct conn {
	struct conn *prev, *next; /* in one of the loop's lists */
	enum conn_state state;
	int fd;
	struct tls *tls; /* owned; NULL: none, or not connected */
	uint32_t events; /* what epoll watches for; 0: not registered */
	enum load_error error;
	size_t sent;         /* bytes of the request */
	uint64_t bytes;      /* of the answer, as read */
	uint64_t due, began; /* ns; began: sent or connecting since, or pausing since */
	struct response answer;
};

/* What the connections of one thread share. */
struct wire {
	const struct target *target;
	struct tls_client *tls; /* owned by the loop; NULL: plain */
	int epoll;
	char *buffer; /* owned by the loop; for reading */
	bool fresh;
	uint64_t connects;
	int connect_errno;
	const char *tls_reason; /* static */
};

enum { WIRE_BUFFER = 64 * 1024 };

/* Send the request, on a new connection if there is none.  Unless it is CONN_PENDING, the request
 * is over: then, and after conn_event() said so, call conn_finish(). */
enum conn_outcome conn_begin(struct wire *w, struct conn *c);
/* epoll has seen @events.  On a free connection: CONN_PENDING, and fd may be -1 afterwards. */
enum conn_outcome conn_event(struct wire *w, struct conn *c, uint32_t events);
/* The request is over; closes what cannot be used again. */
void conn_finish(struct wire *w, struct conn *c, enum conn_outcome outcome);
void conn_close(struct conn *c);
