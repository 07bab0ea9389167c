/* The parts the operator's side of FaaS is made of; faas.c puts them in order. */
#pragma once

#include "faas/faas.h"

/* ---- images.c ---- */

/* One docker-archive: what `docker load` will make of it. */
struct image {
	const char *id;    /* "sha256:<64 hex>" */
	const char *tag;   /* the first of tags */
	const char **tags; /* RepoTags */
	size_t n_tags;
	const char *archive; /* path here */
	uint64_t bytes;      /* of the archive file */
};

enum own_image { IMAGE_GATEWAY, IMAGE_WORKER, IMAGE_REDIS, IMAGE_PROMETHEUS, N_OWN_IMAGES };

/* Read the metadata of the docker-archive at @path; strings live in @a. */
int image_read(const char *path, struct arena *a, struct image *ret, struct err *err) _must_check_;
/* The image among @images that @reference ("name", "name:tag") means, or NULL. */
const struct image *image_find(const struct image *images, size_t n, const char *reference);

/* ---- network.c ---- */

/* The overlay network: a range none of the cluster's addresses is near, an MTU that fits. */
void network_want(const struct cluster *c, const struct facts *f, struct resource_set *want);

/* ---- secrets.c ---- */

enum secret { SECRET_USER, SECRET_PASSWORD, SECRET_REDIS, N_SECRETS };

/* The value @ref refers to, without one trailing newline.  -EINVAL when that is not one line of
 * text; no message ever holds the value. */
int secret_resolve(const struct secret_ref *ref, struct buf *ret, struct err *err) _must_check_;
/* The bytes it refers to as they are, @max at most. */
int secret_fetch(const struct secret_ref *ref, size_t max, struct buf *ret, struct err *err)
	_must_check_;
void secrets_ask(struct buf *question);
/* The files on the leader and the swarm's secrets; @ret_names get the versioned names, *@ret_key
 * what goes into hashes of secrets that stand where many can read them (in @want's arena). */
int secrets_want(const struct cluster *c, const struct faas_context *x, const struct facts *f,
	struct resource_set *want, const char *ret_names[N_SECRETS], const char **ret_key,
	struct err *err) _must_check_;

/* ---- secrets_functions.c ---- */

/* A secret of the spec for functions, its value loaded. */
struct function_secret {
	const char *name;
	struct buf value; /* any bytes */
};

/* Load the values of the spec's secrets into @x. */
int function_secrets_load(const struct cluster *c, struct faas_context *x, struct err *err)
	_must_check_;
void function_secrets_wipe(struct faas_context *x);
/* Those of the spec that the swarm does not have in this version; @key as in secrets_want(). */
void function_secrets_want(const struct faas_context *x, const struct facts *f, const char *key,
	struct resource_set *want);
/* Swarm's name of what functions call @name: as @want will make it, else the newest there is; NULL
 * when there is none.  Borrowed from @want's arena or @f. */
const char *function_secret_find(
	const struct resource_set *want, const struct facts *f, const char *name);

/* ---- command.c ---- */

/*
 * Append what `sh -c @command` writes to its standard output, at most @max bytes.  It reads from
 * /dev/null.  A status other than 0 is -EIO with its standard error in
 * the message, escaped; over @deadline it is killed with all it started: -ETIMEDOUT.
 */
int command_output(const char *command, usec_t deadline, size_t max, struct buf *ret,
	struct err *err) _must_check_;

/* ---- stack_svarm.c, stack_openfaas.c, stack_functions.c, functions_openfaas.c ---- */

/* svarm's own services; @secrets are the names secrets_want() gave. */
int stack_svarm_want(const struct cluster *c, const struct faas_context *x,
	const char *const secrets[N_SECRETS], struct resource_set *want, struct err *err)
	_must_check_;
/* The same for engine openfaas, with the configs it mounts. */
int stack_openfaas_want(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, const char *const secrets[N_SECRETS], struct resource_set *want,
	struct err *err) _must_check_;
/* What nodes with @roles need @image of the spec for, whichever the engine; NULL: nothing. */
const char *spec_image_use(const struct cluster *c, const struct faas_context *x,
	const struct image *image, unsigned roles);
/* The functions of the spec; also when it has none but the swarm still runs some of them. */
int stack_functions_want(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, struct resource_set *want, struct err *err) _must_check_;

/* The same for engine openfaas; under engine svarm only what is left of them, to be removed. */
int functions_openfaas_want(const struct cluster *c, const struct faas_context *x,
	const struct facts *f, struct resource_set *want, struct err *err) _must_check_;

/* ---- faas.c ---- */

struct faas_context {
	struct arena arena;
	struct image own[N_OWN_IMAGES]; /* id NULL: this cluster needs it not */
	struct image *images;           /* of the spec */
	size_t n_images;
	struct function_secret *secrets; /* of the spec, in its order; wiped */
	size_t n_secrets;
	bool has_password;
	struct buf password; /* wiped by faas_context_free() */
};
