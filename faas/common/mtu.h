/*
 * How large a packet gets through to another container: datagrams that must not be fragmented,
 * which the peer echo (peer.h) answers on its port by UDP with their first bytes.
 */
#pragma once

#include "lib/base/err.h"

struct mtu {
	int own;    /* what the interface sends, in bytes with all headers from IP on; 0: unknown */
	int passes; /* the largest that arrives, at most own; 0: unknown, nothing is answered */
};

/* A socket that gets the questions on @port of all addresses. */
int mtu_listen(int port, int *ret_fd, struct err *err) _must_check_;
/* Answer those that have come, a bounded number, without waiting. */
void mtu_answer(int fd);

/* Find out about the way to @host:@port within about @timeout_ms.  Time decides nothing but when to
 * give up: a size does not pass when small packets sent after it were answered and it was not. */
int mtu_probe(const char *host, int port, int timeout_ms, struct mtu *ret, struct err *err)
	_must_check_;
