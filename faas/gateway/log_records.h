/*
 * Docker's stream of a service's log lines, taken apart.  It comes in frames (1 byte: which stream,
 * 3 bytes zero, 4 bytes: length) that have nothing to do with the pieces the network delivers; a
 * frame holds one line, "TIMESTAMP key=value,key=value TEXT" as ?timestamps=1&details=1 asks for.
 * Pure.
 */
#pragma once

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum {
	LOG_MAX_LINE = 256 << 10, /* what a line has beyond that is dropped */
	LOG_MAX_FRAME = 64 << 20, /* a longer one is no frame of Docker's */
};

/* One line; all borrowed, for the time of the call. */
struct log_record {
	const char *timestamp, *instance; /* NUL-terminated; "" when the line had none */
	const char *text;                 /* without its line feed; may hold any byte */
	size_t text_len;
};

struct log_demux {
	unsigned char head[8];
	size_t head_n;
	size_t left; /* of the frame after the head */
	struct buf frame;
	/* Told each line; a negative return ends log_demux_feed() with that code. */
	int (*on_record)(void *arg, const struct log_record *r);
	void *arg;
};

/* Take the next @len bytes.  -EBADMSG: this is not Docker's framing; -EIO: Docker reports in the
 * stream that it cannot go on (the message is Docker's). */
int log_demux_feed(struct log_demux *d, const char *data, size_t len, struct err *err) _must_check_;
void log_demux_done(struct log_demux *d);

/* What a reader is told of Docker's error @message: the reasons alone, when it gives some. */
const char *log_reason(const char *message);
