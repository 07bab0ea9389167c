/*
 * Inside probe/tool: measuring a path between two machines.  `svarm-probe net-serve` answers at one
 * end, `svarm-probe net` asks at the other.  The server answers only those that hold its token,
 * and never with more bytes than it was asked with, so that nobody can use it against a third party
 * while it is up.  Both ends are the same program, so numbers travel in its own byte order.
 *
 * By UDP a question is a head and any filling; its answer is the head alone.  By TCP a connection
 * begins with a head and does what its mode says.
 */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "probe/load/hist.h"

enum {
	NET_TOKEN = 16,
	NET_TOKEN_TEXT = 2 * NET_TOKEN, /* as hexadecimal digits */
	NET_LINGER_MS = 1000,           /* how long answers are awaited */
	NET_CONNECT_MS = 2000,
	NET_MAX_SECONDS = 600,
};

enum net_mode {
	NET_ECHO = 'E', /* each head comes back */
	NET_SINK = 'S', /* bytes are counted until the end of the stream; a net_count comes back */
};

struct net_head {
	uint8_t token[NET_TOKEN];
	uint64_t seq;     /* TCP: enum net_mode in the first one */
	uint64_t skip_ms; /* NET_SINK: what comes so soon is not counted */
};

struct net_count {
	uint64_t bytes, ns; /* until the last of them */
};

struct net_target {
	struct sockaddr_storage address;
	socklen_t len;
	uint8_t token[NET_TOKEN];
	usec_t duration; /* of the round trips, and of the stream */
	usec_t interval; /* between questions */
};

struct net_rtt {
	const char *by; /* "udp", "tcp"; NULL: no answer came */
	struct hist ns;
	double jitter_ms; /* mean absolute difference of successive round trips */
	uint64_t sent, lost, duplicates;
};

struct net_mtu {
	char interface[IF_NAMESIZE]; /* that the way there begins with; "": unknown */
	int interface_mtu, path_mtu; /* 0: unknown */
	const char *how;             /* path_mtu is less because: "fragmentation needed" was said,
				      * "black hole"; "whole": it is not */
};

/* The hexadecimal digits of a token, at most followed by white space. */
bool net_token_parse(const char *text, uint8_t ret[NET_TOKEN]);
/* An address without a name server: "10.0.0.1", "fd00::1", "fe80::1%eth0". */
int net_address(const char *host, int port, struct net_target *t, struct err *err) _must_check_;
int net_family(const struct net_target *t);
/* Wait until @fd can do @events: 1, 0 when @deadline (clock_ns()) passes first. */
int net_wait(int fd, short events, uint64_t deadline);
/* A TCP connection that has sent its head.  -ETIMEDOUT, -ECONNREFUSED … */
int net_connect(const struct net_target *t, enum net_mode mode, uint64_t skip_ms, int *ret,
	struct err *err) _must_check_;

/* Round trips by UDP, at a steady pace.  0 also when no answer came: ret->by is NULL then. */
int net_rtt_udp(const struct net_target *t, struct net_rtt *ret, struct err *err) _must_check_;
/* One after the other, by TCP. */
int net_rtt_tcp(const struct net_target *t, struct net_rtt *ret, struct err *err) _must_check_;
/* The largest packet that arrives, no larger than the interface sends, found by datagrams that
 * must not be fragmented.  -ENODATA: not even a small one does. */
int net_mtu(const struct net_target *t, struct net_mtu *ret, struct err *err) _must_check_;
/* One TCP stream, counted where it arrives, after its first quarter. */
int net_stream(const struct net_target *t, struct net_count *ret, struct err *err) _must_check_;
