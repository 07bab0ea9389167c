/* What `svarm up` and `svarm down` want of a cluster's nodes, with image archives made for tests.
 */
#pragma once

#include <unistd.h>

#include "faas/faas.h"
#include "lib/base/xalloc.h"
#include "lib/node/undo.h"
#include "lib/run/fleet.h"
#include "provision/provision.h"
#include "tests/unit/archive_make.h"
#include "tune/tune.h"

struct test_flow {
	struct cluster *cluster;
	struct faas_context *faas;
	char images[64]; /* folder of the archives */
};

static const struct {
	const char *file, *config, *tags;
} flow_archives[] = {
	{"gateway.tar.gz", "{\"name\":\"gateway\"}", "[\"svarm/gateway:aaaaaaaaaaaa\"]"},
	{"worker.tar.gz", "{\"name\":\"worker\"}", "[\"svarm/worker:bbbbbbbbbbbb\"]"},
	{"redis.tar.gz", "{\"name\":\"redis\"}", "[\"svarm/redis:cccccccccccc\"]"},
	{"prometheus.tar.gz", "{\"name\":\"prometheus\"}", "[\"svarm/prometheus:eeeeeeeeeeee\"]"},
	{"echo.tar", "{\"name\":\"echo\"}", "[\"svarm/echo:dddddddddddd\",\"svarm/echo:dev\"]"},
};

/* Make the archives and load what the flows need.  test_flow_done(), also on failure. */
static inline int test_flow_load(struct test_flow *x, struct cluster *c, struct err *err)
{
	snprintf(x->images, sizeof(x->images), "/tmp/svarm-images-XXXXXX");
	if (!mkdtemp(x->images))
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(flow_archives); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", x->images, flow_archives[i].file);
		_cleanup_buf_ struct buf tar = BUF_INIT;

		tar_image(&tar, flow_archives[i].config, flow_archives[i].tags);
		tar_write(&tar, path);
	}
	for (size_t i = 0; i < c->n_images; i++)
		c->images[i].archive = arena_printf(&c->arena, "%s/echo.tar", x->images);
	x->cluster = c;
	return faas_context_load(c, x->images, &x->faas, err);
}

static inline void test_flow_done(struct test_flow *x)
{
	for (size_t i = 0; i < ARRAY_SIZE(flow_archives); i++) {
		_cleanup_free_ char *path = xasprintf("%s/%s", x->images, flow_archives[i].file);

		unlink(path);
	}
	rmdir(x->images);
	faas_context_free(x->faas);
}

static inline void test_flow_ask(void *arg, const struct spec_node *n, struct buf *question)
{
	struct test_flow *x = arg;

	provision_ask(x->cluster, n, question);
	tune_ask(x->cluster, n, question);
	faas_ask(x->cluster, n, question);
}

static inline int test_flow_want(void *arg, const struct spec_node *n, const struct facts *f,
	struct resource_set *set, struct err *err)
{
	struct test_flow *x = arg;
	int r;

	if ((r = provision_want(x->cluster, n, f, set, err)) < 0 ||
		(r = tune_want(x->cluster, n, f, set, err)) < 0 ||
		(r = provision_swarm_want(x->cluster, n, f, set, err)) < 0)
		return r;
	return faas_want(x->cluster, n, f, x->faas, set, err);
}

static inline struct fleet_flow test_flow_up(struct test_flow *x)
{
	return (struct fleet_flow){.ask = test_flow_ask, .want = test_flow_want, .arg = x};
}

static inline void test_flow_ask_down(void *arg, const struct spec_node *n, struct buf *question)
{
	undo_ask(question);
}

static inline int test_flow_changes_down(void *arg, const struct spec_node *n,
	const struct facts *f, struct change_set *ret, struct err *err)
{
	struct test_flow *x = arg;
	struct undo_role role = {.leader = n == cluster_leader(x->cluster)};
	const char **tags = arena_array(ret->arena, const char *, f->n_images + 1);

	for (size_t i = 0; i < f->n_images; i++)
		tags[i] = f->images[i].tag;
	role.images = tags;
	return undo_changes(f, &role, ret, err);
}

static inline struct fleet_flow test_flow_down(struct test_flow *x)
{
	return (struct fleet_flow){
		.ask = test_flow_ask_down, .changes = test_flow_changes_down, .arg = x};
}
