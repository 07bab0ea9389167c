/*
 * Which certificate each ingress node shows to clients, where it listens on 443: svarm sets up no
 * TLS itself, but whoever does wants to know before it expires.
 */
#include <pthread.h>

#include "lib/base/xalloc.h"
#include "lib/ext/cert.h"
#include "lib/spec/addr.h"
#include "probe/evidence.h"

enum { TLS_PORT = 443, AT_ONCE = 16 };

bool listens_on_tls(const struct node_evidence *e)
{
	const struct netns *host = &e->answer.host;

	for (size_t i = 0; e->answered && i < host->n_listeners; i++)
		if (host->listeners[i].port == TLS_PORT)
			return true;
	return false;
}

/* The first of nginx' names that is one: no pattern, nor "_". */
const char *tls_name(const struct cluster *c, const struct spec_node *n, struct arena *arena)
{
	const char *names = c->tune.nginx.server_name;
	struct addr ip;

	while (*(names += strspn(names, " "))) {
		size_t len = strcspn(names, " ");

		if (memchr(names, '.', len) && *names != '.' && !memchr(names, '*', len))
			return arena_strndup(arena, names, len);
		names += len;
	}
	return addr_parse(&ip, n->address) ? NULL : n->address;
}

struct look {
	struct node_evidence *e;
	const struct cluster *cluster;
};

static void *look(void *arg)
{
	const struct look *l = arg;
	struct node_evidence *e = l->e;
	const char *name = tls_name(l->cluster, e->node, &e->tls.arena);
	_cleanup_err_ struct err why = ERR_INIT;
	_cleanup_buf_ struct buf pem = BUF_INIT;
	usec_t start = clock_now();
	int r = cert_fetch(e->node->address, TLS_PORT, name, LIMIT_TLS * 1000, &pem, &why);

	e->tls.tried = true;
	e->tls.seconds = (double)(clock_now() - start) / 1e6;
	if (r >= 0) {
		e->tls.pem = arena_strdup(&e->tls.arena, buf_str(&pem));
		e->tls.distrust = cert_distrust(buf_str(&pem), pem.len);
	} else if (r == -ETIMEDOUT) {
		e->tls.error = arena_printf(&e->tls.arena, "no answer within %d s", LIMIT_TLS);
	} else {
		e->tls.error = arena_strdup(&e->tls.arena, err_msg(&why));
	}
	return NULL;
}

void collect_tls(struct evidence *ev, const bool *cancel)
{
	struct look batch[AT_ONCE];
	pthread_t threads[AT_ONCE];
	size_t n = 0;

	for (size_t i = 0; i <= ev->n; i++) {
		if (i < ev->n && ev->nodes[i].node->roles & ROLE_INGRESS &&
			listens_on_tls(&ev->nodes[i]))
			batch[n++] = (struct look){&ev->nodes[i], ev->cluster};
		if (n < AT_ONCE && i < ev->n)
			continue;
		if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED))
			return;
		for (size_t k = 0; k < n; k++)
			if (pthread_create(&threads[k], NULL, look, &batch[k]))
				abort();
		while (n)
			pthread_join(threads[--n], NULL);
	}
}
