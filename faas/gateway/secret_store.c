/*
 * Secrets of functions in Swarm: see secret_store.h.  Gateways on several managers may write at the
 * same time: the name of a version, which Swarm gives only once, decides who was first.
 */
#include "faas/gateway/secret_store.h"

#include <stdio.h>

#include "faas/common/log.h"

enum { TRIES = 5 };

int secret_store_list(struct docker *d, struct arena *a, struct secret_list *ret, struct err *err)
{
	_cleanup_json_ json_t *answer = NULL;
	int r = docker_get(d, "/secrets", &answer, err);

	if (r == 0)
		secrets_read(answer, a, ret);
	return r;
}

/* -EEXIST: another one was faster. */
static int add_version(
	struct docker *d, const struct secret_request *rq, unsigned number, struct err *err)
{
	_cleanup_json_ json_t *spec = secret_spec(rq, number), *answer = NULL;
	char scratch[64];
	int r, status;

	r = docker_call(d, "POST", "/secrets/create", spec, NULL, &status, &answer, err);
	if (r < 0 || status / 100 == 2)
		return r;
	return err_set(err,
		status == 409       ? -EEXIST
		: status / 100 == 4 ? -EINVAL
				    : -EIO,
		"docker: %s", docker_message(answer, status, scratch, sizeof(scratch)));
}

int secret_store_create(struct docker *d, const struct secret_request *rq, struct err *err)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	struct secret_list l;
	int r = secret_store_list(d, &a, &l, err);

	if (r == 0 && secrets_newest(&l, rq->name))
		r = -EEXIST;
	if (r == 0)
		r = add_version(d, rq, 1, err);
	if (r == -EEXIST)
		return err_set(err, r, "secret '%s' already exists", rq->name);
	return r;
}

int secret_store_update(struct docker *d, const struct secret_request *rq, struct err *err)
{
	int r = -EEXIST;

	for (int i = 0; i < TRIES && r == -EEXIST; i++) {
		_cleanup_(arena_done) struct arena a = ARENA_INIT;
		const struct secret *newest = NULL;
		struct secret_list l;

		r = secret_store_list(d, &a, &l, err);
		if (r == 0)
			newest = secrets_newest(&l, rq->name);
		if (r == 0 && (!newest || !newest->ours))
			return err_set(err, -ENOENT, "unable to find secret: %s", rq->name);
		if (r == 0 && newest->number >= SECRET_MAX_NUMBER)
			return err_set(err, -EINVAL, "secret '%s' had too many values", rq->name);
		if (r == 0)
			r = add_version(d, rq, newest->number + 1, err);
	}
	return r;
}

static int remove_one(struct docker *d, const struct secret *s, struct err *err)
{
	_cleanup_json_ json_t *answer = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	char scratch[64];
	int r, status;

	buf_adds(&path, "/secrets/");
	docker_escape(&path, s->id);
	r = docker_call(d, "DELETE", buf_str(&path), NULL, NULL, &status, &answer, err);
	if (r < 0 || status / 100 == 2 || status == 404)
		return r;
	/* A service that began to use it meanwhile: Docker says which. */
	return err_set(err, status / 100 == 4 ? -EBUSY : -EIO, "%s",
		docker_message(answer, status, scratch, sizeof(scratch)));
}

/* Oldest first: should it end half way, the newest still counts. */
static int remove_all(struct docker *d, const struct secret_list *l, const char *name,
	const json_t *services, struct err *err)
{
	const struct secret *first = secrets_newest(l, name), *end = first;
	const char *service;
	int r = 0;

	if (!first || !first->ours)
		return err_set(err, -ENOENT, "unable to find secret: %s", name);
	for (; end < l->v + l->n && end->ours && !strcmp(end->name, name); end++)
		if (secret_in_use(services, end->id, &service))
			return err_set(err, -EBUSY, "secret '%s' is in use by service '%s'", name,
				service);
	for (; end > first && r == 0; end--)
		r = remove_one(d, end - 1, err);
	return r;
}

int secret_store_remove(struct docker *d, const char *name, struct err *err)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *services = NULL;
	struct secret_list l;
	int r;

	r = secret_store_list(d, &a, &l, err);
	if (r == 0)
		r = docker_get(d, "/services", &services, err);
	if (r == 0)
		r = remove_all(d, &l, name, services, err);
	return r;
}

int secret_store_resolve(
	struct docker *d, const struct deploy_words *names, json_t **ret, struct err *err)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *found = json_object();
	struct secret_list l = {0};
	int r = names->n ? secret_store_list(d, &a, &l, err) : 0;

	for (size_t i = 0; i < names->n && r == 0; i++) {
		const struct secret *s = secrets_newest(&l, names->v[i]);

		if (!s)
			return err_set(err, -ENOENT, "unable to find secret: %s", names->v[i]);
		json_object_set_new(found, names->v[i],
			json_pack("{s:s, s:s}", "id", s->id, "name", s->swarm_name));
	}
	if (r == 0)
		*ret = TAKE_PTR(found);
	return r;
}

void secret_store_collect(struct docker *d)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_json_ json_t *services = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	struct secret_list l = {0};
	int r;

	r = secret_store_list(d, &a, &l, &err);
	if (r == 0)
		r = docker_get(d, "/services", &services, &err);
	for (size_t i = 1; i < l.n && r == 0; i++) {
		const struct secret *newer = &l.v[i - 1], *s = &l.v[i];

		if (!s->ours || strcmp(s->name, newer->name) ||
			secret_in_use(services, s->id, NULL))
			continue;
		r = remove_one(d, s, &err);
		if (r == 0)
			log_info("removed an old value of secret '%s'", s->name);
		if (r == -EBUSY)
			r = 0;
	}
	if (r < 0)
		log_debug("old secrets: %s", err_msg(&err));
}
