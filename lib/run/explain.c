/*
 * From docker's words about a task to a sentence with a remedy: see explain.h.  Docker has no codes
 * for these causes, so they are told apart by the phrases that its versions 20.10 to 29 use.
 */
#include "lib/run/explain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/macro.h"
#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

enum {
	MAX_SERVICES = 64,
	MAX_WHERE = 12, /* constraints of one service */
	MAX_SAID = 6,   /* lines of its log */
	MAX_TEXT = 300, /* bytes of one field that are shown */
	MAX_BEGIN = 60, /* of them from its beginning, when it is longer */
	MAX_FIELDS = 7,
	MAX_LINES = MAX_SERVICES * (2 + MAX_WHERE + MAX_SAID), /* each takes memory */
};

struct where {
	const char *constraint;
	long matching, nodes; /* -1: not known */
};

struct stuck {
	const char *service, *count, *node, *state, *error, *image;
	long failures;
	struct where where[MAX_WHERE];
	const char *said[MAX_SAID], *mute; /* why what it said is not known */
	size_t n_where, n_said;
	double asks_memory, asks_cpus, most_memory, most_cpus; /* bytes, processors */
};

struct explain {
	struct arena arena;
	struct stuck *services;
	size_t n, lines;
};

enum cause {
	CAUSE_IMAGE,
	CAUSE_NO_NODE,
	CAUSE_MOUNT,
	CAUSE_PORT,
	CAUSE_NO_PROGRAM,
	CAUSE_UNHEALTHY,
	CAUSE_KILLED,
	CAUSE_CRASH,
	CAUSE_OTHER,
	CAUSE_NOT_YET,
};

/* The first phrase that stands in the error decides. */
static const struct {
	const char *phrase;
	enum cause cause;
} phrases[] = {
	{"(host-mode port already in use", CAUSE_PORT},
	{"no suitable node", CAUSE_NO_NODE},
	{"No such image", CAUSE_IMAGE},
	{"no such image", CAUSE_IMAGE},
	{"pull access denied", CAUSE_IMAGE},
	{"manifest unknown", CAUSE_IMAGE},
	{"repository does not exist", CAUSE_IMAGE},
	{"failed to resolve reference", CAUSE_IMAGE},
	{"no matching manifest", CAUSE_IMAGE},
	{"invalid mount config", CAUSE_MOUNT},
	{"bind source path does not exist", CAUSE_MOUNT},
	{"error while mounting volume", CAUSE_MOUNT},
	{"port is already allocated", CAUSE_PORT},
	{"host-mode port already in use on", CAUSE_PORT},
	{"address already in use", CAUSE_PORT},
	{"unhealthy", CAUSE_UNHEALTHY},
	{"executable file not found", CAUSE_NO_PROGRAM},
	{"no command specified", CAUSE_NO_PROGRAM},
	{"OCI runtime create failed", CAUSE_NO_PROGRAM},
	{"non-zero exit (137)", CAUSE_KILLED},
	{"non-zero exit (", CAUSE_CRASH},
	/* apply.sh says so: docker has no error for it. */
	{"task: exit (0)", CAUSE_CRASH},
};

/* One that ends in a blank wants the name of the service. */
static const char *const remedies[] = {
	[CAUSE_IMAGE] = "name the archive of the image ('docker save') in 'images:', or give the "
			"node a way to a registry that has it",
	[CAUSE_NO_NODE] = "change the constraints or what is set aside, or the roles of the nodes",
	[CAUSE_MOUNT] = "make what is mounted exist on the node",
	[CAUSE_PORT] =
		"stop what uses the port on the node, also by a connection of its own: 'ss -tanp'",
	[CAUSE_NO_PROGRAM] = "the image lacks the program it names, or was built for another "
			     "processor: try it with 'docker run' on the node",
	[CAUSE_UNHEALTHY] = "its own health check says no: on a manager 'docker service logs ",
	[CAUSE_KILLED] = "was it over its memory limit? raise that, or look at 'journalctl -k' on "
			 "the node",
	[CAUSE_CRASH] = "all it said, on a manager: 'docker service logs ",
	[CAUSE_OTHER] = "on a manager: 'docker service ps --no-trunc ",
	[CAUSE_NOT_YET] = "it may only be slow: on a manager 'docker service ps --no-trunc ",
};

/* ---- taking ---- */

struct explain *explain_new(void)
{
	struct explain *x = xcalloc(1, sizeof(*x));

	x->services = xcalloc(MAX_SERVICES, sizeof(*x->services));
	return x;
}

void explain_free(struct explain *x)
{
	if (!x)
		return;
	arena_done(&x->arena);
	free(x->services);
	free(x);
}

/* @text escaped and, when it is long, without its middle: what docker was about stands first and
 * the cause last.  Without the quotes that docker puts around an error. */
static const char *field_text(struct explain *x, const char *text, size_t len)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	if (len > MAX_TEXT) {
		escape_text(&shown, text, MAX_BEGIN, false);
		buf_adds(&shown, " … ");
		text += len - (MAX_TEXT - MAX_BEGIN);
		len = MAX_TEXT - MAX_BEGIN;
	}
	escape_text(&shown, text, len, false);
	return arena_strdup(&x->arena, buf_str(&shown));
}

/* Split @rest at its tabs; the last field keeps what is beyond.  Missing ones are "". */
static void split(struct explain *x, const char *rest, const char *ret[MAX_FIELDS])
{
	for (size_t i = 0; i < MAX_FIELDS; i++) {
		const char *tab = i + 1 < MAX_FIELDS ? strchr(rest, '\t') : NULL;
		size_t len = tab ? (size_t)(tab - rest) : strlen(rest);

		ret[i] = field_text(x, rest, len);
		rest += len + (tab != NULL);
	}
}

static long number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	return end == s || *end || n < 0 ? -1 : n;
}

static double amount(const char *s, double unit)
{
	char *end;
	double n = strtod(s, &end);

	return end == s || *end || !(n > 0 && n < 1e18) ? 0 : n / unit;
}

static struct stuck *find(struct explain *x, const char *service)
{
	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->services[i].service, service))
			return &x->services[i];
	return NULL;
}

static void take_stuck(struct explain *x, const char *f[MAX_FIELDS])
{
	if (x->n == MAX_SERVICES || !*f[0] || find(x, f[0]))
		return;
	x->services[x->n++] = (struct stuck){
		.service = f[0],
		.count = f[1],
		.image = f[2],
		.failures = number(f[3]),
		.node = f[4],
		.state = f[5],
		.error = f[6],
	};
}

static void take_where(struct stuck *s, const char *f[MAX_FIELDS])
{
	if (s->n_where == MAX_WHERE || !*f[1])
		return;
	s->where[s->n_where++] = (struct where){f[1], number(f[2]), number(f[3])};
}

static void take_asks(struct stuck *s, const char *f[MAX_FIELDS])
{
	s->asks_memory = amount(f[1], 1);
	s->asks_cpus = amount(f[2], 1e9);
	s->most_memory = amount(f[3], 1);
	s->most_cpus = amount(f[4], 1e9);
}

bool explain_take(struct explain *x, const char *word, const char *rest)
{
	const char *f[MAX_FIELDS];
	struct stuck *s;

	if (strncmp(word, "stuck", 5) != 0)
		return false;
	if (x->lines++ >= MAX_LINES)
		return true;
	split(x, rest, f);
	if (!strcmp(word, "stuck")) {
		take_stuck(x, f);
		return true;
	}
	s = find(x, f[0]);
	if (!strcmp(word, "stuck-where") && s)
		take_where(s, f);
	else if (!strcmp(word, "stuck-asks") && s)
		take_asks(s, f);
	else if (!strcmp(word, "stuck-says") && s && s->n_said < MAX_SAID && *f[1])
		s->said[s->n_said++] = f[1];
	else if (!strcmp(word, "stuck-mute") && s)
		s->mute = f[1];
	return true;
}

/* ---- saying ---- */

static enum cause cause_of(const struct stuck *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (strstr(s->error, phrases[i].phrase))
			return phrases[i].cause;
	return *s->error ? CAUSE_OTHER : CAUSE_NOT_YET;
}

/* One phrase: what the matter is, in the terms of the cluster. */
static void print_cause(const struct stuck *s, enum cause cause, struct buf *out)
{
	const char *node = *s->node ? s->node : "the node";
	const char *code = strstr(s->error, "exit (");

	code = code ? code + strlen("exit (") : "?";
	switch (cause) {
	case CAUSE_IMAGE: buf_addf(out, "%s cannot get the image '%s'", node, s->image); break;
	case CAUSE_NO_NODE: buf_adds(out, "no node suits it"); break;
	case CAUSE_MOUNT: buf_addf(out, "what it mounts is not on %s", node); break;
	case CAUSE_PORT:
		buf_addf(out, "its port is taken on %s", *s->node ? node : "every node it may use");
		break;
	case CAUSE_NO_PROGRAM: buf_addf(out, "its program cannot be started on %s", node); break;
	case CAUSE_UNHEALTHY: buf_addf(out, "unhealthy on %s", node); break;
	case CAUSE_KILLED: buf_addf(out, "killed on %s (exit 137)", node); break;
	case CAUSE_CRASH:
		buf_addf(out, "ends by itself on %s (exit %.*s)", node, (int)strcspn(code, ")"),
			code);
		break;
	case CAUSE_OTHER: buf_addf(out, "fails on %s", node); break;
	case CAUSE_NOT_YET:
		if (!*s->state)
			buf_adds(out, "the swarm has made no task of it");
		else
			buf_addf(out, "still '%s' on %s", s->state, node);
		break;
	}
	if (s->failures > 1)
		buf_addf(out, ", %ld times so far", s->failures);
}

static void print_size(double bytes, struct buf *out)
{
	if (bytes >= 1 << 30)
		buf_addf(out, "%.1fG", bytes / (1 << 30));
	else
		buf_addf(out, "%.0fM", bytes / (1 << 20));
}

/* Only what is in the way: constraints that not every node meets, more than any node has. */
static void print_placement(const struct stuck *s, struct buf *out)
{
	for (size_t i = 0; i < s->n_where; i++) {
		const struct where *w = &s->where[i];

		if (w->nodes < 0 || w->matching < w->nodes)
			buf_addf(out, "\n        constraint '%s'", w->constraint);
		if (w->nodes >= 0 && w->matching < w->nodes)
			buf_addf(out, ": met by %ld of %ld nodes", w->matching, w->nodes);
	}
	if (s->asks_memory > 0) {
		buf_adds(out, "\n        sets aside ");
		print_size(s->asks_memory, out);
		buf_adds(out, " of memory; the largest node has ");
		print_size(s->most_memory, out);
	}
	if (s->asks_cpus > 0)
		buf_addf(out, "\n        sets aside %.2f processors; the largest node has %.2f",
			s->asks_cpus, s->most_cpus);
}

static void print_remedy(const struct stuck *s, struct buf *out)
{
	const char *remedy = remedies[cause_of(s)];

	if (s->mute) {
		buf_addf(out,
			"\n        -> all it said, on %s: 'docker logs' of one of 'docker ps -aq "
			"--filter label=com.docker.swarm.service.name=%s'",
			*s->node ? s->node : "its node", s->service);
		return;
	}
	buf_addf(out, "\n        -> %s", remedy);
	if (remedy[strlen(remedy) - 1] == ' ')
		buf_addf(out, "%s'", s->service);
}

static void print_one(const struct stuck *s, struct buf *out)
{
	const enum cause cause = cause_of(s);

	buf_addf(out, "\n    %s (%s): ", s->service, s->count);
	print_cause(s, cause, out);
	if (*s->error && cause != CAUSE_CRASH)
		buf_addf(out, "\n        docker says: %s", s->error);
	print_placement(s, out);
	for (size_t i = 0; i < s->n_said; i++)
		buf_addf(out, "\n        it said: %s", s->said[i]);
	if (s->mute)
		buf_addf(out, "\n        what it said cannot be fetched: %s", s->mute);
}

void explain_print(const struct explain *x, struct buf *out)
{
	for (size_t i = 0; i < x->n; i++) {
		const struct stuck *s = &x->services[i], *next = i + 1 < x->n ? s + 1 : NULL;

		print_one(s, out);
		/* Neighbours without an image share the advice. */
		if (!next || cause_of(s) != CAUSE_IMAGE || cause_of(next) != CAUSE_IMAGE)
			print_remedy(s, out);
	}
}
