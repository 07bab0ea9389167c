/*
 * Accepting an asynchronous call: check it, write it into the queue, and answer 202 only after
 * Redis has acknowledged it.  What is held in memory meanwhile is bounded by a budget for all calls
 * together, because the container has a memory limit and bodies may be large.
 */
#include "faas/gateway/api.h"

#include <stdatomic.h>
#include <sys/random.h>

#include "faas/common/allow.h"
#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "faas/gateway/metrics.h"
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"

/* Hung on the request: what it reserved, and the entry under way. */
struct pending {
	size_t reserved;
	struct arena arena;
	struct httpd_request *rq;
	struct entry entry;
	size_t headers_cap;
	bool bad_headers;
};

static _Atomic size_t held;

static void refuse(struct httpd_request *rq, const char *why)
{
	metric_add(METRIC_ASYNC_REFUSED);
	httpd_add_header(rq, "Retry-After", "1");
	httpd_reply_text(rq, 503, "not accepted: %s\n", why);
}

size_t async_admit(const struct config *c, struct httpd_request *rq)
{
	const char *length = httpd_header(rq, "Content-Length");
	bool chunked = httpd_header(rq, "Transfer-Encoding") != NULL;
	size_t n = length ? strtoull(length, NULL, 10) : chunked ? ENTRY_MAX_BODY : 0;
	struct pending *p;

	if (n > ENTRY_MAX_BODY)
		return ENTRY_MAX_BODY; /* answered 413 */
	n += 4096;                     /* headers and bookkeeping */
	if (atomic_fetch_add(&held, n) + n > (size_t)c->async_budget) {
		atomic_fetch_sub(&held, n);
		refuse(rq, "too much is waiting to be stored");
		return 0;
	}
	p = xcalloc(1, sizeof(*p));
	p->reserved = n;
	p->rq = rq;
	httpd_set_user(rq, p);
	return ENTRY_MAX_BODY;
}

void async_release(struct httpd_request *rq)
{
	struct pending *p = httpd_user(rq);

	if (!p)
		return;
	atomic_fetch_sub(&held, p->reserved);
	arena_done(&p->arena);
	free(p);
	httpd_set_user(rq, NULL);
}

static void on_header(void *arg, const char *name, const char *value)
{
	static const char *const dropped[] = {
		"Host", "Content-Length", "Expect", "X-Callback-Url", "X-Call-Id", "X-Start-Time"};
	struct pending *p = arg;
	struct entry_header *h;

	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		if (!strcasecmp(dropped[i], name))
			return;
	if (http_is_hop_by_hop(name) || !*value)
		return;
	if (!name_is_header(name) || !name_is_header_value(value) ||
		p->entry.headers_n == ENTRY_MAX_HEADERS) {
		p->bad_headers = true;
		return;
	}
	h = arena_push(&p->arena, p->entry.headers, p->entry.headers_n, p->headers_cap);
	h->name = arena_strdup(&p->arena, name);
	h->value = arena_strdup(&p->arena, value);
}

static const char *new_call_id(struct arena *a)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		abort();
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	return arena_printf(a,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* "fn[.namespace][/path]": *ret_path points behind the name. */
static bool split_target(const char *rest, char name[NAME_MAX_LEN + 1], const char **ret_path)
{
	size_t n = strcspn(rest, "/");

	if (!name_split(rest, n, name))
		return false;
	*ret_path = rest[n] ? rest + n : "/";
	return true;
}

/* Find the function, and in the entry its name, queue and retries; answers the request itself when
 * it is not there. */
static bool find_function(struct call *c)
{
	_cleanup_(model_unrefp) struct model *m = watch_newest(c->watch);
	struct pending *p = httpd_user(c->rq);
	char name[NAME_MAX_LEN + 1];
	const struct function *f = NULL;
	struct entry *e = &p->entry;

	if (!m) {
		refuse(c->rq, "the functions are not known yet");
		return false;
	}
	if (split_target(c->rest, name, &e->path))
		f = model_find(m, name);
	if (!f) {
		httpd_reply_text(c->rq, 404, "no such function\n");
		return false;
	}
	e->fn = arena_strdup(&p->arena, f->name);
	e->queue = f->settings.queue ? arena_strdup(&p->arena, f->settings.queue) : NULL;
	e->retry = f->settings.retry;
	return true;
}

static bool fill_entry(struct call *c, struct pending *p)
{
	const char *id = httpd_header(c->rq, "X-Call-Id");
	const char *callback = httpd_header(c->rq, "X-Callback-Url");

	if (!find_function(c))
		return false;
	if (callback && *callback && !name_is_callback_url(callback)) {
		httpd_reply_text(c->rq, 400, "X-Callback-Url is not an http or https URL\n");
		return false;
	}
	if (callback && *callback && !allow_url(c->c->callback_allow, callback)) {
		httpd_reply_text(c->rq, 400, "X-Callback-Url: callbacks may not go there\n");
		return false;
	}
	p->entry.query = httpd_query(c->rq);
	if (!entry_is_url_text(p->entry.path) || !entry_is_url_text(p->entry.query)) {
		httpd_reply_text(c->rq, 400, "malformed or too long path or query\n");
		return false;
	}
	httpd_each_header(c->rq, on_header, p);
	if (p->bad_headers) {
		httpd_reply_text(c->rq, 400, "malformed or too many headers\n");
		return false;
	}
	p->entry.callback = callback && *callback ? callback : NULL;
	p->entry.call_id = id && name_is_call_id(id) ? id : new_call_id(&p->arena);
	p->entry.method = httpd_method(c->rq);
	p->entry.body = httpd_body(c->rq, &p->entry.body_len);
	p->entry.enqueued_ns = now_ns();
	return true;
}

static void on_stored(void *arg, const char *problem)
{
	struct pending *p = arg;
	struct httpd_request *rq = p->rq;
	char start[24];

	if (problem) {
		refuse(rq, problem);
	} else {
		metric_add(METRIC_ASYNC_ACCEPTED);
		snprintf(start, sizeof(start), "%llu", (unsigned long long)p->entry.enqueued_ns);
		httpd_add_header(rq, "X-Call-Id", p->entry.call_id);
		httpd_add_header(rq, "X-Start-Time", start);
		httpd_reply(rq, 202, NULL, NULL, 0);
	}
	httpd_resume(rq);
}

void async_accept(struct call *c)
{
	struct pending *p = httpd_user(c->rq);
	struct entry_command cmd;

	if (!fill_entry(c, p))
		return;
	entry_encode(&p->entry, KEY_QUEUE, &p->arena, &cmd);
	httpd_defer(c->rq);
	queue_add(c->queue, &cmd, on_stored, p);
}
