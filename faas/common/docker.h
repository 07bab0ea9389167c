/*
 * The Docker Engine API over its unix socket: JSON in, JSON out.  The version is negotiated with
 * the engine at the first call, and again after the engine was away.  A client belongs to one
 * thread.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/ext/json.h"

struct docker;

/* @host is "unix:///path/to/docker.sock" or NULL for the default path. */
int docker_new(const char *host, struct docker **ret, struct err *err) _must_check_;
void docker_free(struct docker *d);
static inline void docker_freep(struct docker **d)
{
	docker_free(*d);
}

/*
 * One call: @path begins with '/' and has no version.  @body may be NULL; @registry_auth is the
 * value of X-Registry-Auth or NULL.  0 when the engine answered, with its status in *@ret_status
 * and its JSON in *@ret (JSON null when it sent none; owned by the caller).
 */
int docker_call(struct docker *d, const char *method, const char *path, const json_t *body,
	const char *registry_auth, int *ret_status, json_t **ret, struct err *err) _must_check_;

/* GET that must answer 200. */
int docker_get(struct docker *d, const char *path, json_t **ret, struct err *err) _must_check_;

/* What is done with a long answer; any but on_data may be NULL. */
struct docker_sink {
	int (*on_begin)(void *arg, int status); /* headers have come; negative: end with that */
	int (*on_data)(void *arg, const char *data, size_t len); /* likewise */
	bool (*stop)(void *arg); /* asked once a second and more; true: end with -ECANCELED */
	void *arg;
};

/* GET @path (as docker_call() has it), the answer handed on piece by piece, whatever its status.  0
 * when the engine ended it; no time limit of its own. */
int docker_stream(struct docker *d, const char *path, const struct docker_sink *sink,
	struct err *err) _must_check_;

/*
 * Follow the event stream until it breaks or @stop turns true; @on_event is told that something
 * happened, not what: whoever cares reads the state.  @on_open when the stream stands.
 */
int docker_follow(struct docker *d, const char *filters_json, void (*on_open)(void *arg),
	void (*on_event)(void *arg), bool (*stop)(void *arg), void *arg, struct err *err)
	_must_check_;

/* The engine's own message for a refused call: member "message" of its JSON, or "HTTP status N". */
const char *docker_message(const json_t *answer, int status, char *scratch, size_t size);

/* Append @text percent-encoded for a query value. */
void docker_escape(struct buf *out, const char *text);

/* The API version to speak, from the engine's range: 1.44 when it can, never below 1.40.
 * -ENOTSUP when there is none in common.  @ret holds at least 16 bytes.  Exposed for its test. */
int docker_pick_version(const char *engine_max, const char *engine_min, char *ret, struct err *err)
	_must_check_;
