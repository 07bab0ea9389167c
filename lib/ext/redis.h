/*
 * Redis, by hiredis: one connection, blocking calls with a deadline, pipelines, and one way to wait
 * for a late answer with poll(2) (for XREADGROUP BLOCK).  Any I/O failure breaks the connection for
 * good: free it and open another.  A connection belongs to one thread.
 */
#pragma once

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/macro.h"

struct redis;

struct redis_address {
	char host[256];
	int port;
};

/* Parse "host:port" or "host" (port 6379). */
int redis_address_parse(const char *text, struct redis_address *ret, struct err *err) _must_check_;

/* Connect, and AUTH unless @password is NULL or "".  @timeout_ms bounds the connect and later every
 * read and write.  *@ret is owned by the caller.  ERR_AUTH when the password is refused. */
int redis_open(const struct redis_address *a, const char *password, unsigned timeout_ms,
	struct redis **ret, struct err *err) _must_check_;
void redis_free(struct redis *r);
static inline void redis_freep(struct redis **r)
{
	redis_free(*r);
}
/* True after an I/O failure. */
bool redis_broken(const struct redis *r);
int redis_fd(const struct redis *r);

/* One command, with hiredis' format (%s string, %b bytes + size_t).  *@ret is owned by the caller
 * (_cleanup_reply_).  An error reply is ERR_REMOTE with Redis' own text. */
int redis_call(struct redis *r, redisReply **ret, struct err *err, const char *fmt, ...)
	_must_check_;
/* The same from an argument vector. */
int redis_callv(struct redis *r, redisReply **ret, int argc, const char **argv, const size_t *lens,
	struct err *err) _must_check_;

/* Make Redis know the Lua script @text, to be run with EVALSHA by *@ret_sha (hex digits). */
int redis_script(struct redis *r, const char *text, char ret_sha[41], struct err *err) _must_check_;

/* Pipelines: queue commands, then fetch the replies in order with redis_next(). */
int redis_queue(struct redis *r, int argc, const char **argv, const size_t *lens, struct err *err)
	_must_check_;
int redis_next(struct redis *r, redisReply **ret, struct err *err) _must_check_;

/* Write out what redis_queue() holds without waiting for an answer ... */
int redis_flush(struct redis *r, struct err *err) _must_check_;
/* ... and, once redis_fd() is readable, take the answer: *@ret stays NULL while it is incomplete.
 */
int redis_take(struct redis *r, redisReply **ret, struct err *err) _must_check_;

/* Element @i of an array reply; NULL when @r is no array or too short. */
const redisReply *redis_at(const redisReply *r, size_t i);
/* True when @r is a string (or status) reply. */
bool redis_is_str(const redisReply *r);

static inline void redis_reply_freep(redisReply **r)
{
	if (*r)
		freeReplyObject(*r);
}
#define _cleanup_reply_ _cleanup_(redis_reply_freep)
#define _cleanup_redis_ _cleanup_(redis_freep)
