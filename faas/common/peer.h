/*
 * A tiny echo service that both container programs run on port 7007, and the probe that uses it:
 * bytes go to another container and come back, so the whole path between two nodes is tested with
 * real payload, not just with a connect.
 */
#pragma once

#include "lib/base/clock.h"
#include "lib/base/err.h"

enum { PEER_PAYLOAD = 64 << 10 };

/* Start the listener on @port of all addresses, and by UDP (see mtu.h), in a thread of its own.
 * Bounded: 16 connections, 1 MiB and 10 s each.  It ends with the process. */
int peer_listen(int port, struct err *err) _must_check_;

/* Send 64 KiB of random bytes to "HOST:PORT" and compare what comes back; all within @timeout_ms.
 * *@ret_duration from connect to the last byte.  *@ret_bytes is how many came back, also on
 * failure: some but not all points at an MTU problem. */
int peer_probe(const char *address, int timeout_ms, usec_t *ret_duration, size_t *ret_bytes,
	struct err *err) _must_check_;
