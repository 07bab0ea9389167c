/* FaaS from above: what is loaded once, and which node gets what. */
#include "faas/faas.h"

#include <stdio.h>
#include <string.h>

#include "faas/parts.h"
#include "lib/base/xalloc.h"

static const struct {
	const char *file;
	enum node_role role; /* nodes that run it */
	const char *why;
	const char *make; /* builds it */
} own_images[N_OWN_IMAGES] = {
	[IMAGE_GATEWAY] = {"gateway.tar.gz", ROLE_MANAGER, "the gateway", "make images"},
	[IMAGE_WORKER] = {"worker.tar.gz", ROLE_WORKER, "the queue worker", "make images"},
	[IMAGE_REDIS] = {"redis.tar.gz", ROLE_DATABASE, "Redis", "make images"},
	[IMAGE_PROMETHEUS] = {"prometheus.tar.gz", ROLE_DATABASE, "Prometheus",
		"make images-monitoring"},
};

static bool is_needed(const struct cluster *c, enum own_image which)
{
	switch (which) {
	case IMAGE_GATEWAY:
	case IMAGE_WORKER: return c->faas.engine == ENGINE_SVARM;
	case IMAGE_PROMETHEUS:
		return c->faas.engine == ENGINE_SVARM &&
		       c->faas.monitoring == MONITORING_PROMETHEUS;
	case IMAGE_REDIS:
	case N_OWN_IMAGES: break;
	}
	return true;
}

/* ---- what is loaded once ---- */

static int load_own_images(
	struct faas_context *x, const struct cluster *c, const char *dir, struct err *err)
{
	int r;

	for (int i = 0; i < N_OWN_IMAGES; i++) {
		const char *path = arena_printf(&x->arena, "%s/%s", dir, own_images[i].file);

		if (!is_needed(c, i))
			continue;
		r = image_read(path, &x->arena, &x->own[i], err);
		if (r == -ENOENT)
			return err_set(err, r,
				"svarm's own image '%s' is missing; build it with '%s'", path,
				own_images[i].make);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load_spec_images(struct faas_context *x, const struct cluster *c, struct err *err)
{
	int r;

	x->images = arena_array(&x->arena, struct image, c->n_images + 1);
	for (size_t i = 0; i < c->n_images; i++) {
		r = image_read(c->images[i].archive, &x->arena, &x->images[i], err);
		if (r < 0)
			return err_wrap(err, "%s:%d", c->path, c->images[i].line);
		x->n_images++;
	}
	return 0;
}

static int load_secrets(struct faas_context *x, const struct cluster *c, struct err *err)
{
	int r = function_secrets_load(c, x, err);

	if (r < 0 || c->faas.password.from == SECRET_NONE)
		return r;
	r = secret_resolve(&c->faas.password, &x->password, err);
	if (r < 0)
		return err_wrap(err, "%s: faas.password", c->path);
	x->has_password = true;
	return 0;
}

int faas_context_load(
	const struct cluster *c, const char *images_dir, struct faas_context **ret, struct err *err)
{
	_cleanup_(faas_context_freep) struct faas_context *x = xcalloc(1, sizeof(*x));
	int r;

	r = load_own_images(x, c, images_dir, err);
	if (r < 0)
		return r;
	r = load_spec_images(x, c, err);
	if (r < 0)
		return r;
	r = load_secrets(x, c, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(x);
	return 0;
}

void faas_context_free(struct faas_context *x)
{
	if (!x)
		return;
	buf_wipe(&x->password);
	function_secrets_wipe(x);
	arena_done(&x->arena);
	free(x);
}

/* ---- which node gets what ---- */

const char *faas_ready_promise(struct arena *a, const struct spec_node *n)
{
	return arena_printf(a, "ready.%s", n->name);
}

static void image_want(const struct image *image, const char *why, struct resource_set *want)
{
	struct resource *r = resource_add(want, RES_IMAGE, image->tag, why);

	r->image.id = arena_strdup(want->arena, image->id);
	r->image.archive = arena_strdup(want->arena, image->archive);
	r->image.bytes = image->bytes;
}

static void images_want(const struct cluster *c, const struct spec_node *n,
	const struct faas_context *x, struct resource_set *want)
{
	for (int i = 0; i < N_OWN_IMAGES; i++)
		if (n->roles & own_images[i].role && is_needed(c, i))
			image_want(&x->own[i], own_images[i].why, want);
	for (size_t i = 0; i < x->n_images; i++) {
		const char *why = spec_image_use(c, x, &x->images[i], n->roles);

		if (why)
			image_want(&x->images[i], why, want);
	}
}

void faas_ask(const struct cluster *c, const struct spec_node *n, struct buf *question)
{
	if (n == cluster_leader(c))
		secrets_ask(question);
}

/* Those that the other engine made go last: what takes their place is there by then. */
static int functions_want(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, struct resource_set *want, struct err *err)
{
	const bool svarm = c->faas.engine == ENGINE_SVARM;
	int r = 0;

	if (!svarm)
		r = functions_openfaas_want(c, x, f, want, err);
	if (r >= 0)
		r = stack_functions_want(c, x, f, want, err);
	if (r >= 0 && svarm)
		r = functions_openfaas_want(c, x, f, want, err);
	return r < 0 ? err_wrap(err, "functions") : 0;
}

int faas_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	const struct faas_context *x, struct resource_set *want, struct err *err)
{
	const char *secrets[N_SECRETS] = {NULL}, *key = NULL;
	int r;

	images_want(c, n, x, want);
	if (n != cluster_leader(c))
		return 0;

	network_want(c, f, want);

	r = secrets_want(c, x, f, want, secrets, &key, err);
	if (r < 0)
		return r;
	function_secrets_want(x, f, key, want);
	if (c->faas.engine == ENGINE_OPENFAAS)
		r = stack_openfaas_want(c, x, f, secrets, want, err);
	else
		r = stack_svarm_want(c, x, secrets, want, err);
	if (r < 0)
		return err_wrap(err, "stack 'svarm'");
	return functions_want(c, x, f, want, err);
}
