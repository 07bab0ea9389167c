/*
 * GET /system/logs: the log lines of a function, as Docker gathers them from all nodes, one JSON
 * object a line.  Each reader has a thread of its own, because it may stay for hours; there is a
 * bound on readers, and none of them holds more than its stream's small buffer: when a client does
 * not read, nothing is read from Docker.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/gateway/log_query.h"
#include "faas/gateway/log_records.h"
#include "faas/gateway/system.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

enum {
	MAX_READERS = 64,
	STACK_BYTES = 256 << 10,
	MAX_REFUSAL = 4096, /* of Docker's words when it refuses */
	MAX_REASON = 1000,  /* of them when lines are missing */
};

static const usec_t HEARTBEAT = 20 * USEC_PER_SEC; /* an empty line, or a proxy takes us for dead */
static const usec_t QUIET_END = 10 * USEC_PER_SEC; /* of a log that is not followed */
static const usec_t CHECK_TIME = 2 * USEC_PER_SEC; /* for what one that is will lack */

static atomic_int readers;
static atomic_bool ending; /* the gateway stops: nobody reads for hours any more */

struct reader {
	struct httpd_request *rq; /* until the stream has begun */
	struct httpd_stream *stream;
	char *docker_host, *service_id; /* owned */
	struct log_query query;
	struct log_demux demux;
	int status; /* Docker's */
	struct buf refusal;
	usec_t last; /* when something came from Docker, or was sent to keep the line alive */
	struct err err;
};

static void reader_free(struct reader *rd)
{
	log_demux_done(&rd->demux);
	buf_done(&rd->refusal);
	err_done(&rd->err);
	free(rd->docker_host);
	free(rd->service_id);
	free(rd);
	atomic_fetch_sub(&readers, 1);
}

static int send_record(struct reader *rd, const struct log_record *r)
{
	_cleanup_json_ json_t *o = NULL;
	_cleanup_buf_ struct buf line = BUF_INIT;

	o = json_pack("{s:s, s:s}", "name", rd->query.name, "namespace", FUNCTION_NAMESPACE);
	json_set_text(o, "instance", r->instance, strlen(r->instance));
	json_set_text(o, "timestamp", r->timestamp, strlen(r->timestamp));
	json_set_text(o, "text", r->text, r->text_len);
	json_print(o, &line);
	buf_addc(&line, '\n');
	return httpd_stream_write(rd->stream, line.data, line.len) ? 0 : -ECANCELED;
}

static int on_record(void *arg, const struct log_record *r)
{
	struct reader *rd = arg;

	if (strncmp(r->instance, rd->query.instance, strlen(rd->query.instance)))
		return 0;
	return send_record(rd, r);
}

/* Not all lines came: said to the reader, too, as a line of no instance.  Also to one who asked for
 * one instance: Docker does not say whose lines they would have been. */
static int send_missing(struct reader *rd, const char *message)
{
	_cleanup_buf_ struct buf text = BUF_INIT, now = BUF_INIT;
	const char *reason = log_reason(message);
	struct log_record r = {.instance = ""};

	buf_adds(&text, "svarm: lines are missing here: ");
	buf_add(&text, reason, strnlen(reason, MAX_REASON));
	clock_rfc3339(&now, (time_t)clock_wall());
	r.timestamp = buf_str(&now);
	r.text = text.data;
	r.text_len = text.len;
	return send_record(rd, &r);
}

/* ---- what a log that is followed will lack ---- */

struct check {
	struct reader *rd;
	struct log_demux demux;
	struct err err;
	usec_t until;
};

static int drop_record(void *arg, const struct log_record *r)
{
	return 0;
}

static int on_check_data(void *arg, const char *data, size_t len)
{
	struct check *k = arg;

	return log_demux_feed(&k->demux, data, len, &k->err);
}

static bool on_check_stop(void *arg)
{
	const struct check *k = arg;

	return atomic_load(&ending) || clock_now() > k->until || httpd_stream_gone(k->rd->stream);
}

/* Of nodes that it does not hear Docker says nothing before the end of a log, which one that is
 * followed does not have; so it is asked for none of the lines first.  Tasks that are still to be
 * placed are no such case: their lines will come. */
static int send_lacking(struct reader *rd)
{
	struct check k = {.rd = rd, .demux.on_record = drop_record};
	const struct docker_sink sink = {NULL, on_check_data, on_check_stop, &k};
	struct log_query q = {.follow = false, .tail = 0};
	_cleanup_(docker_freep) struct docker *d = NULL;
	_cleanup_err_ struct err ignored = ERR_INIT; /* the log itself will show it */
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	k.until = clock_now() + CHECK_TIME;
	log_query_path(&q, rd->service_id, &path);
	r = docker_new(rd->docker_host, &d, &ignored);
	if (r == 0)
		r = docker_stream(d, buf_str(&path), &sink, &ignored);
	if (r < 0 && k.err.code == -EIO && strstr(log_reason(err_msg(&k.err)), "node "))
		r = send_missing(rd, err_msg(&k.err));
	else
		r = 0;
	log_demux_done(&k.demux);
	err_done(&k.err);
	return r;
}

/* ---- from Docker to the reader ---- */

static int on_begin(void *arg, int status)
{
	struct reader *rd = arg;

	rd->status = status;
	if (status != 200)
		return 0;
	httpd_add_header(rd->rq, "Cache-Control", "no-store");
	rd->stream = httpd_stream_begin(rd->rq, 200, "application/x-ndjson");
	rd->rq = NULL;
	rd->last = clock_now();
	return rd->query.follow ? send_lacking(rd) : 0;
}

static int on_data(void *arg, const char *data, size_t len)
{
	struct reader *rd = arg;

	rd->last = clock_now();
	if (rd->stream)
		return log_demux_feed(&rd->demux, data, len, &rd->err);
	if (len > MAX_REFUSAL - rd->refusal.len)
		return -EFBIG;
	buf_add(&rd->refusal, data, len);
	return 0;
}

static bool on_stop(void *arg)
{
	struct reader *rd = arg;
	usec_t now = clock_now();

	if (atomic_load(&ending))
		return true;
	if (!rd->stream)
		return false;
	if (!rd->query.follow && now - rd->last > QUIET_END)
		return true;
	if (now - rd->last > HEARTBEAT) {
		rd->last = now;
		return !httpd_stream_write(rd->stream, "\n", 1);
	}
	return httpd_stream_gone(rd->stream);
}

/* Docker refused, or was not there. */
static void reply_refused(struct reader *rd, const struct err *err)
{
	_cleanup_json_ json_t *answer = NULL;
	const char *message = err_msg(err);

	if (rd->status &&
		json_parse(buf_str(&rd->refusal), rd->refusal.len, MAX_REFUSAL, &answer, NULL) ==
			0 &&
		json_str(answer, "message"))
		message = json_str(answer, "message");
	log_warn("logs of '%s': %s", rd->query.name, message);
	if (rd->status == 404)
		httpd_reply_text(rd->rq, 404, "no such function\n");
	else
		httpd_reply_text(rd->rq, 500, "%s\n", message);
	httpd_resume(rd->rq);
}

static void *reader_thread(void *arg)
{
	struct reader *rd = arg;
	_cleanup_(docker_freep) struct docker *d = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf path = BUF_INIT;
	const struct docker_sink sink = {on_begin, on_data, on_stop, rd};
	int r;

	log_query_path(&rd->query, rd->service_id, &path);
	r = docker_new(rd->docker_host, &d, &err);
	if (r == 0)
		r = docker_stream(d, buf_str(&path), &sink, &err);
	if (r < 0 && r != -ECANCELED && rd->stream) {
		const char *why = err_msg(rd->err.msg ? &rd->err : &err);

		log_warn("logs of '%s': %s", rd->query.name, why);
		if (send_missing(rd, why) < 0)
			log_debug("logs of '%s': the reader is gone", rd->query.name);
	}
	if (rd->stream)
		httpd_stream_end(rd->stream);
	else
		reply_refused(rd, &err);
	reader_free(rd);
	return NULL;
}

static int start_thread(struct reader *rd)
{
	pthread_attr_t attr;
	pthread_t t;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	r = -pthread_create(&t, &attr, reader_thread, rd);
	pthread_attr_destroy(&attr);
	return r;
}

/* The function's service; answers itself when there is none. */
static char *service_id_of(struct call *c, const char *name)
{
	_cleanup_(model_unrefp) struct model *m = watch_model(c->watch);
	const struct function *f = model_find(m, name);

	if (f && system_namespace_ok(c))
		return xstrdup(f->service_id);
	httpd_reply_text(c->rq, m ? 404 : 503,
		m ? "no such function\n" : "the functions are not known yet\n");
	return NULL;
}

static void begin(struct call *c, const struct log_query *q, char *service_id)
{
	struct reader *rd = xcalloc(1, sizeof(*rd));

	rd->rq = c->rq;
	rd->docker_host = c->c->docker_host ? xstrdup(c->c->docker_host) : NULL;
	rd->service_id = service_id;
	rd->query = *q;
	rd->demux.on_record = on_record;
	rd->demux.arg = rd;
	httpd_defer(c->rq);
	if (start_thread(rd) == 0)
		return;
	httpd_reply_text(c->rq, 503, "unable to start a thread\n");
	httpd_resume(c->rq);
	reader_free(rd);
}

void system_logs_end(void)
{
	atomic_store(&ending, true);
}

void system_logs(struct call *c)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct log_query q;
	char *service_id;
	int r;

	r = log_query_parse(httpd_query(c->rq), (int64_t)(clock_wall() * 1e6) * 1000, &q, &err);
	if (r < 0) {
		httpd_reply_text(c->rq, r == -ENOENT ? 404 : 422, "%s\n", err_msg(&err));
		return;
	}
	service_id = service_id_of(c, q.name);
	if (!service_id)
		return;
	if (atomic_fetch_add(&readers, 1) >= MAX_READERS) {
		atomic_fetch_sub(&readers, 1);
		free(service_id);
		httpd_add_header(c->rq, "Retry-After", "10");
		httpd_reply_text(c->rq, 503, "too many logs are being read\n");
		return;
	}
	begin(c, &q, service_id);
}
