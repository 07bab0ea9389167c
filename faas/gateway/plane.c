/* The table and the counters of nginx, over its unix socket: see plane.h. */
#include "faas/gateway/plane.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faas/gateway/nginxconf.h"
#include "faas/gateway/planetext.h"
#include "lib/base/xalloc.h"
#include "lib/ext/http.h"

enum { TIMEOUT_MS = 5000, MAX_COUNTERS = 64 << 20 };

const double plane_bounds[PLANE_BUCKETS] = {
	0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

struct plane {
	const struct config *c;
	char *socket, *table, *table_new; /* paths */
	pthread_mutex_t lock;
	struct http_client *http; /* with the lock held */
};

int plane_new(const struct config *c, struct plane **ret, struct err *err)
{
	_cleanup_free_ char *folder = xasprintf("%s/" PLANE_FOLDER, c->run_dir);
	struct plane *p;

	if ((mkdir(folder, 0700) < 0 && errno != EEXIST) || chmod(folder, 0700) < 0)
		return err_errno(err, -errno, "unable to make folder '%s'", folder);
	p = xcalloc(1, sizeof(*p));
	p->c = c;
	p->socket = xasprintf("%s/" PLANE_SOCKET, c->run_dir);
	p->table = xasprintf("%s/" PLANE_TABLE, c->run_dir);
	p->table_new = xasprintf("%s.new", p->table);
	pthread_mutex_init(&p->lock, NULL);
	p->http = http_client_new();
	*ret = p;
	return 0;
}

static int call(struct plane *p, const char *method, const char *url, const struct buf *body,
	struct http_response *rs, struct err *err)
{
	struct http_request rq = {.method = method,
		.url = url,
		.unix_socket = p->socket,
		.body = body ? body->data : NULL,
		.body_len = body ? body->len : 0,
		.timeout_ms = TIMEOUT_MS,
		.max_body = MAX_COUNTERS};
	int r;

	pthread_mutex_lock(&p->lock);
	r = http_call(p->http, &rq, rs, err);
	pthread_mutex_unlock(&p->lock);
	if (r < 0)
		return err_wrap(err, "nginx");
	if (rs->status == 200)
		return 0;
	buf_rtrim(&rs->body);
	return err_set(err, -EIO, "nginx: %s (status %d)", buf_str(&rs->body), rs->status);
}

/* For an nginx that starts: it knows the functions before it takes its first call. */
static int write_table(struct plane *p, const struct buf *text, struct err *err)
{
	int fd = open(p->table_new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, text->data, text->len);

	if (fd >= 0)
		close(fd);
	if (n != (ssize_t)text->len || rename(p->table_new, p->table) < 0)
		return err_errno(err, n < 0 ? -errno : -EIO, "unable to write '%s'", p->table);
	return 0;
}

int plane_push(struct plane *p, const struct model *m, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	plane_table(m, p->c->function_port, &text);
	r = write_table(p, &text, err);
	if (r < 0)
		return r;
	return call(p, "PUT", "http://nginx/table", &text, &rs, err);
}

int plane_drain(struct plane *p, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;

	return call(p, "PUT", "http://nginx/drain", NULL, &rs, err);
}

int plane_deafen(struct plane *p, unsigned *ret_waiting, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	int r;

	r = call(p, "PUT", "http://nginx/deaf", NULL, &rs, err);
	if (r == 0)
		*ret_waiting = (unsigned)strtoul(buf_str(&rs.body), NULL, 10);
	return r;
}

int plane_sample(struct plane *p, struct plane_sample *ret, struct err *err)
{
	_cleanup_(http_response_done) struct http_response rs = HTTP_RESPONSE_INIT;
	struct plane_sample s = {0};
	int r;

	r = call(p, "GET", "http://nginx/counters", NULL, &rs, err);
	if (r < 0)
		return r;
	s.at = clock_now();
	r = plane_counters(buf_str(&rs.body), &s, err);
	if (r < 0) {
		plane_sample_done(&s);
		return r;
	}
	*ret = s;
	return 0;
}

void plane_sample_done(struct plane_sample *s)
{
	arena_done(&s->arena);
	*s = (struct plane_sample){0};
}

const struct plane_function *plane_sample_find(const struct plane_sample *s, const char *name)
{
	size_t lo = 0, hi = s->functions_n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int r = strcasecmp(name, s->functions[mid].name);

		if (r == 0)
			return &s->functions[mid];
		if (r < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}
