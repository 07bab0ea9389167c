/* The boundary to hiredis: see redis.h. */
#include "lib/ext/redis.h"

#include <stdarg.h>
#include <sys/time.h>

#include "lib/base/xalloc.h"

struct redis {
	redisContext *ctx;
};

int redis_address_parse(const char *text, struct redis_address *ret, struct err *err)
{
	const char *colon = strrchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	char *end = NULL;
	long port = 6379;

	if (colon)
		port = strtol(colon + 1, &end, 10);
	if (n == 0 || n >= sizeof(ret->host) || port < 1 || port > 65535 || (end && *end))
		return err_set(err, -EINVAL, "'%s' is not HOST:PORT", text);
	memcpy(ret->host, text, n);
	ret->host[n] = '\0';
	ret->port = (int)port;
	return 0;
}

/* hiredis tells OS errors through errno, its own through errstr. */
static int io_error(struct redis *r, struct err *err)
{
	int code = r->ctx->err == REDIS_ERR_IO && errno > 0 ? -errno : -EIO;

	if (code == -EAGAIN)
		return err_set(err, -ETIMEDOUT, "redis: no answer in time");
	if (r->ctx->err == REDIS_ERR_EOF)
		return err_set(err, -ECONNRESET, "redis: connection closed");
	return err_set(err, code, "redis: %s", r->ctx->errstr[0] ? r->ctx->errstr : "failed");
}

static int authenticate(struct redis *r, const char *password, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int rc;

	if (!password || !*password)
		return 0;
	rc = redis_call(r, &reply, err, "AUTH %s", password);
	if (rc == ERR_REMOTE)
		return err_set(err, ERR_AUTH, "redis refused the password");
	return rc;
}

int redis_open(const struct redis_address *a, const char *password, unsigned timeout_ms,
	struct redis **ret, struct err *err)
{
	struct timeval tv = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
	_cleanup_redis_ struct redis *r = xcalloc(1, sizeof(*r));
	int rc;

	r->ctx = redisConnectWithTimeout(a->host, a->port, tv);
	if (!r->ctx)
		abort();
	if (r->ctx->err)
		return err_set(
			err, -ECONNREFUSED, "redis at %s:%d: %s", a->host, a->port, r->ctx->errstr);
	if (redisSetTimeout(r->ctx, tv) != REDIS_OK)
		return io_error(r, err);
	if (redisEnableKeepAlive(r->ctx) != REDIS_OK)
		return io_error(r, err);
	rc = authenticate(r, password, err);
	if (rc < 0)
		return rc;
	*ret = TAKE_PTR(r);
	return 0;
}

void redis_free(struct redis *r)
{
	if (!r)
		return;
	if (r->ctx)
		redisFree(r->ctx);
	free(r);
}

bool redis_broken(const struct redis *r)
{
	return r->ctx->err != 0;
}

int redis_fd(const struct redis *r)
{
	return r->ctx->fd;
}

/* Take over @reply; an error reply becomes ERR_REMOTE. */
static int accept_reply(redisReply *reply, redisReply **ret, struct err *err)
{
	int rc;

	if (reply->type != REDIS_REPLY_ERROR) {
		*ret = reply;
		return 0;
	}
	rc = err_set(
		err, ERR_REMOTE, "redis: %.*s", (int)MIN_OF(reply->len, (size_t)300), reply->str);
	freeReplyObject(reply);
	return rc;
}

int redis_call(struct redis *r, redisReply **ret, struct err *err, const char *fmt, ...)
{
	redisReply *reply;
	va_list ap;

	va_start(ap, fmt);
	reply = redisvCommand(r->ctx, fmt, ap);
	va_end(ap);
	if (!reply)
		return io_error(r, err);
	return accept_reply(reply, ret, err);
}

int redis_callv(struct redis *r, redisReply **ret, int argc, const char **argv, const size_t *lens,
	struct err *err)
{
	redisReply *reply = redisCommandArgv(r->ctx, argc, argv, lens);

	if (!reply)
		return io_error(r, err);
	return accept_reply(reply, ret, err);
}

int redis_script(struct redis *r, const char *text, char ret_sha[41], struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int rc = redis_call(r, &reply, err, "SCRIPT LOAD %s", text);

	if (rc < 0)
		return rc;
	if (!redis_is_str(reply) || reply->len != 40)
		return err_set(err, -EBADMSG, "redis: no script");
	memcpy(ret_sha, reply->str, 41);
	return 0;
}

int redis_queue(struct redis *r, int argc, const char **argv, const size_t *lens, struct err *err)
{
	if (redisAppendCommandArgv(r->ctx, argc, argv, lens) != REDIS_OK)
		return io_error(r, err);
	return 0;
}

int redis_next(struct redis *r, redisReply **ret, struct err *err)
{
	void *reply = NULL;

	if (redisGetReply(r->ctx, &reply) != REDIS_OK)
		return io_error(r, err);
	return accept_reply(reply, ret, err);
}

int redis_flush(struct redis *r, struct err *err)
{
	int done = 0;

	while (!done)
		if (redisBufferWrite(r->ctx, &done) != REDIS_OK)
			return io_error(r, err);
	return 0;
}

int redis_take(struct redis *r, redisReply **ret, struct err *err)
{
	void *reply = NULL;

	if (redisBufferRead(r->ctx) != REDIS_OK)
		return io_error(r, err);
	if (redisGetReplyFromReader(r->ctx, &reply) != REDIS_OK)
		return io_error(r, err);
	return reply ? accept_reply(reply, ret, err) : 0;
}

const redisReply *redis_at(const redisReply *r, size_t i)
{
	if (!r || r->type != REDIS_REPLY_ARRAY || i >= r->elements)
		return NULL;
	return r->element[i];
}

bool redis_is_str(const redisReply *r)
{
	return r && (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
}
