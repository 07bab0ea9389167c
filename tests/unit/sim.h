/*
 * Simulated nodes behind links, for tests of whole runs: each has packages, files, kernel settings,
 * units and images; together they are a swarm.  They answer the facts script and carry out compiled
 * apply scripts call by call, reading the frames and telling the markers just as apply.sh does, so
 * that a run against them is a run.  Any operation of a node can be the one at which its connection
 * dies, with or without the node finishing what it was at.
 *
 * A node belongs to one thread at a time; what they share is under the world's lock.
 */
#pragma once

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/ext/hash.h"
#include "lib/node/link.h"

#define SIM_STATE "/var/lib/svarm/"
#define SIM_TOKEN "SWMTKN-1-simulated"

/* ---- maps of strings ---- */

struct sim_pair {
	char *key, *value;
};
struct sim_map {
	struct sim_pair *items;
	size_t n, cap;
};

static inline struct sim_pair *map_find(const struct sim_map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->items[i].key, key))
			return &m->items[i];
	return NULL;
}

static inline const char *map_get(const struct sim_map *m, const char *key)
{
	const struct sim_pair *p = map_find(m, key);

	return p ? p->value : NULL;
}

static inline void map_set(struct sim_map *m, const char *key, const char *value)
{
	struct sim_pair *p = map_find(m, key);

	if (p) {
		free(p->value);
		p->value = xstrdup(value);
		return;
	}
	xgrow(m->items, m->n, m->cap);
	m->items[m->n++] = (struct sim_pair){xstrdup(key), xstrdup(value)};
}

static inline void map_del(struct sim_map *m, const char *key)
{
	struct sim_pair *p = map_find(m, key);

	if (!p)
		return;
	free(p->key);
	free(p->value);
	*p = m->items[--m->n];
}

static inline void map_done(struct sim_map *m)
{
	while (m->n)
		map_del(m, m->items[0].key);
	free(m->items);
	*m = (struct sim_map){0};
}

/* ---- the world ---- */

struct sim_member {
	char id[16], *address, *hostname;
	bool manager, up;
	struct sim_map labels;
};

struct sim_node;

struct sim_world {
	pthread_mutex_t lock;
	const struct sim_node *locked_by; /* the run's lock on the leader */
	struct sim_member *members;       /* the swarm's list; empty: there is none */
	size_t n_members, cap_members;
	unsigned ids;
	struct sim_map networks, secrets, services; /* service: "HASH STACK" */
	bool idle; /* none of them runs, until the leader settles them */
};

struct sim_node {
	struct sim_world *world;
	const struct spec_node *node;
	struct sim_map packages, files, sysctls, units,
		images;         /* file: "0644 content" or "d0755" */
	struct sim_map stale;   /* units that have not read their new file yet */
	struct sim_map pending; /* what the node remembers of them: unit → verb */
	char member[16];        /* id in the swarm; "" when in none */
	struct sim_map original, created, enabled, installed, sysctl_before; /* for the way back */
	bool joined;
	double time;       /* its clock; 0: right */
	const char *os_id; /* NULL: ubuntu */
	long var_free_kb;  /* 0: enough */
	bool no_private;   /* the private interface is down */

	size_t ops;              /* counted since the link was opened */
	size_t fail_at;          /* the operation at which the connection dies; 0: none */
	bool finishes;           /* it finishes what it is at, its answer is lost */
	bool doomed;             /* the connection is dead */
	size_t scripts;          /* apply scripts begun */
	size_t writes;           /* effects had */
	const char *broken_call; /* this function fails, as a step may */
	const char *hangs;       /* at "facts" or "lock_take", until the run is cancelled */
	size_t left_services, left_members; /* of the swarm, when it left */
};

static inline void sim_world_init(struct sim_world *w)
{
	*w = (struct sim_world){0};
	pthread_mutex_init(&w->lock, NULL);
}

static inline void sim_world_done(struct sim_world *w)
{
	for (size_t i = 0; i < w->n_members; i++) {
		free(w->members[i].address);
		free(w->members[i].hostname);
		map_done(&w->members[i].labels);
	}
	free(w->members);
	map_done(&w->networks);
	map_done(&w->secrets);
	map_done(&w->services);
	pthread_mutex_destroy(&w->lock);
}

static inline void sim_node_init(
	struct sim_node *s, struct sim_world *w, const struct spec_node *node)
{
	*s = (struct sim_node){.world = w, .node = node};
	map_set(&s->files, "/etc/systemd/system", "d0755");
	map_set(&s->files, "/etc/sysctl.d", "d0755");
}

static inline void sim_node_done(struct sim_node *s)
{
	struct sim_map *maps[] = {&s->packages, &s->files, &s->sysctls, &s->units, &s->images,
		&s->stale, &s->pending, &s->original, &s->created, &s->enabled, &s->installed,
		&s->sysctl_before};

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		map_done(maps[i]);
}

static inline struct sim_member *sim_member_of(const struct sim_node *s)
{
	for (size_t i = 0; i < s->world->n_members; i++)
		if (*s->member && !strcmp(s->world->members[i].id, s->member))
			return &s->world->members[i];
	return NULL;
}

/* ---- operations and their failure ---- */

/* One script being run: its link's exec, and what came of its input so far. */
struct sim_run {
	struct sim_node *s;
	const struct link_exec *e;
	struct err *err;
	struct buf input, log;
	struct buf frame; /* the one the step reads */
};

static inline int sim_lost(struct sim_run *n)
{
	return err_set(n->err, -ECONNRESET, "connection lost (simulated)");
}

/* Count one operation.  @io: it needs the connection. */
static inline int sim_tick(struct sim_run *n, bool io)
{
	struct sim_node *s = n->s;

	s->ops++;
	if (s->fail_at && s->ops >= s->fail_at)
		s->doomed = true;
	if (s->doomed && (io || !s->finishes))
		return sim_lost(n);
	return 0;
}

/* Something changes on the node. */
static inline int sim_effect(struct sim_run *n)
{
	int r = sim_tick(n, false);

	n->s->writes += r == 0;
	return r;
}

static inline int sim_tell(struct sim_run *n, const char *fmt, ...) _printf_(2, 3);
static inline int sim_tell(struct sim_run *n, const char *fmt, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	va_list ap;
	int r = sim_tick(n, true);

	if (r < 0)
		return r;
	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return n->e->output(n->e->arg, b.data, b.len, n->err);
}

/* More input; 0 at its end. */
static inline int sim_pull(struct sim_run *n)
{
	const char *data = NULL;
	size_t len = 0;

	for (;;) {
		if (n->e->cancel && __atomic_load_n(n->e->cancel, __ATOMIC_RELAXED))
			return err_set(n->err, ERR_INTR, "interrupted");
		switch (n->e->input ? n->e->input(n->e->arg, &data, &len, n->err)
				    : LINK_INPUT_EOF) {
		case LINK_INPUT_DATA: buf_add(&n->input, data, len); return 1;
		case LINK_INPUT_WAIT: clock_sleep(USEC_PER_MSEC / 5); break;
		case LINK_INPUT_EOF: return 0;
		case LINK_INPUT_ABORT: return n->err->code;
		}
	}
}

/* One frame into @ret; its end of input is a dead connection. */
static inline int sim_frame(struct sim_run *n, struct buf *ret)
{
	const char *newline;
	size_t head, len;
	int r = sim_tick(n, true);

	while (r >= 0 && !(newline = memchr(buf_str(&n->input), '\n', n->input.len)))
		if ((r = sim_pull(n)) == 0)
			return sim_lost(n);
	if (r < 0)
		return r;
	head = (size_t)(newline - n->input.data) + 1;
	len = strtoul(n->input.data, NULL, 10);
	while (n->input.len < head + len)
		if ((r = sim_pull(n)) <= 0)
			return r < 0 ? r : sim_lost(n);
	buf_clear(ret);
	buf_add(ret, n->input.data + head, len);
	buf_consume(&n->input, head + len);
	return 0;
}

/* Say nothing for ever. */
static inline int sim_hang(struct sim_run *n, const char *where)
{
	if (!n->s->hangs || strcmp(n->s->hangs, where))
		return 0;
	while (!n->e->cancel || !__atomic_load_n(n->e->cancel, __ATOMIC_RELAXED))
		clock_sleep(USEC_PER_MSEC);
	return err_set(n->err, ERR_INTR, "interrupted");
}

/* ---- facts ---- */

static inline void sim_base64(struct buf *out, const char *s, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)p[i] << 16 | (i + 1 < len ? p[i + 1] : 0) << 8 |
			     (i + 2 < len ? p[i + 2] : 0);

		buf_addc(out, digits[v >> 18]);
		buf_addc(out, digits[v >> 12 & 63]);
		buf_addc(out, i + 1 < len ? digits[v >> 6 & 63] : '=');
		buf_addc(out, i + 2 < len ? digits[v & 63] : '=');
	}
}

static inline void sim_state_text(const struct sim_map *m, struct buf *out, bool values)
{
	for (size_t i = 0; i < m->n; i++)
		buf_addf(out, "%s%s%s\n", m->items[i].key, values ? " " : "",
			values ? m->items[i].value : "");
}

/* The files svarm remembers things in; NULL content: there is none. */
static inline bool sim_state_file(const struct sim_node *s, const char *path, struct buf *out)
{
	if (strncmp(path, SIM_STATE, strlen(SIM_STATE)))
		return false;
	path += strlen(SIM_STATE);
	if (!strcmp(path, "swarm"))
		return s->joined;
	sim_state_text(!strcmp(path, "packages")  ? &s->installed
		       : !strcmp(path, "created") ? &s->created
		       : !strcmp(path, "enabled") ? &s->enabled
		       : !strcmp(path, "sysctl")  ? &s->sysctl_before
		       : !strcmp(path, "pending") ? &s->pending
						  : &(struct sim_map){0},
		out, !strcmp(path, "sysctl") || !strcmp(path, "pending"));
	return out->len > 0;
}

static inline void sim_say_file(
	const struct sim_node *s, const char *path, bool content, struct buf *out)
{
	_cleanup_buf_ struct buf state = BUF_INIT;
	const char *file = map_get(&s->files, path), *text;
	char hash[SHA256_HEX + 1];

	if (!strcmp(path, SIM_STATE "original") && s->original.n)
		file = "d0755";
	if (sim_state_file(s, path, &state)) {
		file = NULL;
		buf_addf(out, "stat\t%s\t600\tregular file\ncontent\t%s\t", path, path);
		sim_base64(out, buf_str(&state), state.len);
		buf_addc(out, '\n');
	}
	if (!file)
		return;
	if (*file == 'd') {
		buf_addf(out, "stat\t%s\t%s\tdirectory\n", path, file + 1);
		return;
	}
	text = file + 5;
	sha256_hex(text, strlen(text), hash);
	buf_addf(out, "stat\t%s\t%.4s\tregular file\nsha256\t%s\t%s\n", path, file, path, hash);
	if (!content)
		return;
	buf_addf(out, "content\t%s\t", path);
	sim_base64(out, text, strlen(text));
	buf_addc(out, '\n');
}

static inline void sim_say_sysctl(const struct sim_node *s, const char *key, struct buf *out)
{
	const char *value = map_get(&s->sysctls, key);

	buf_adds(out, "sysctl\t/proc/sys/");
	for (const char *c = key; *c; c++)
		buf_addc(out, *c == '.' ? '/' : *c);
	buf_addf(out, "\t%s\n", value ? value : "0");
}

static inline bool sim_unit_exists(const struct sim_node *s, const char *unit)
{
	_cleanup_free_ char *path = xasprintf("/etc/systemd/system/%s", unit);

	return map_get(&s->files, path) ||
	       (!strcmp(unit, "docker.service") && map_get(&s->packages, "docker.io")) ||
	       (!strcmp(unit, "nginx.service") && map_get(&s->packages, "nginx"));
}

static inline void sim_say_unit(const struct sim_node *s, const char *unit, struct buf *out)
{
	const char *active = map_get(&s->units, unit);

	buf_addf(out,
		"unit\tId=%s\nunit\tLoadState=%s\nunit\tActiveState=%s\nunit\tUnitFileState=%s\n"
		"unit\t\n",
		unit, sim_unit_exists(s, unit) ? "loaded" : "not-found",
		active ? "active" : "inactive", active ? "enabled" : "");
}

static inline void sim_answer(const struct sim_node *s, char *question, struct buf *out)
{
	char *line;

	while ((line = strsep(&question, "\n"))) {
		char *what = strsep(&line, " ");

		if (!line)
			continue;
		if (!strcmp(what, "file") || !strcmp(what, "read"))
			sim_say_file(s, line, *what == 'r', out);
		else if (!strcmp(what, "sysctl"))
			sim_say_sysctl(s, line, out);
		else if (!strcmp(what, "package") && map_get(&s->packages, line))
			buf_addf(out, "package\t%s\tinstalled\t1\n", line);
		else if (!strcmp(what, "unit"))
			sim_say_unit(s, line, out);
	}
}

static inline void sim_say_members(const struct sim_world *w, struct buf *out)
{
	buf_adds(out, "json\tnodes\t[");
	for (size_t i = 0, first = 1; i < w->n_members; i++) {
		const struct sim_member *m = &w->members[i];

		if (!*m->id)
			continue; /* buried */
		buf_addf(out,
			"%s{\"ID\":\"%s\",\"Description\":{\"Hostname\":\"%s\"},\"Status\":{"
			"\"State\":\"%s\",\"Addr\":\"%s\"},\"Spec\":{\"Availability\":\"active\","
			"\"Role\":\"%s\",\"Labels\":{",
			first ? "" : ",", m->id, m->hostname, m->up ? "ready" : "down", m->address,
			m->manager ? "manager" : "worker");
		for (size_t k = 0; k < m->labels.n; k++)
			buf_addf(out, "%s\"%s\":\"%s\"", k ? "," : "", m->labels.items[k].key,
				m->labels.items[k].value);
		buf_adds(out, "}}}");
		first = 0;
	}
	buf_adds(out, "]\n");
}

static inline void sim_say_cluster(const struct sim_world *w, struct buf *out)
{
	buf_adds(out, "json\tservices\t[");
	for (size_t i = 0; i < w->services.n; i++) {
		const char *space = strchr(w->services.items[i].value, ' ');

		buf_addf(out,
			"%s{\"ID\":\"%zu\",\"Spec\":{\"Name\":\"%s\",\"Labels\":{\"svarm.hash\":"
			"\"%.*s\",\"com.docker.stack.namespace\":\"%s\"},\"Mode\":{\"Global\":{}}},"
			"\"ServiceStatus\":{\"RunningTasks\":%d,\"DesiredTasks\":%d}}",
			i ? "," : "", i, w->services.items[i].key,
			(int)(space - w->services.items[i].value), w->services.items[i].value,
			space + 1, !w->idle, !w->idle);
	}
	buf_adds(out, "]\njson\tnetworks\t[");
	for (size_t i = 0; i < w->networks.n; i++)
		buf_addf(out, "%s{\"Name\":\"%s\",\"Driver\":\"overlay\"}", i ? "," : "",
			w->networks.items[i].key);
	buf_adds(out, "]\njson\tsecrets\t[");
	for (size_t i = 0; i < w->secrets.n; i++)
		buf_addf(out, "%s{\"ID\":\"%zu\",\"Spec\":{\"Name\":\"%s\"}}", i ? "," : "", i,
			w->secrets.items[i].key);
	buf_adds(out, "]\n");
}

static inline void sim_say_docker(struct sim_node *s, struct buf *out)
{
	const struct sim_member *m = sim_member_of(s);

	if (!map_get(&s->units, "docker.service"))
		return;
	buf_addf(out,
		"json\tinfo\t{\"ServerVersion\":\"20.10\",\"Swarm\":{\"NodeID\":\"%s\","
		"\"NodeAddr\":"
		"\"%s\",\"LocalNodeState\":\"%s\",\"ControlAvailable\":%s}}\njson\timages\t[",
		s->member, m ? m->address : "", *s->member ? "active" : "inactive",
		m && m->manager ? "true" : "false");
	for (size_t i = 0; i < s->images.n; i++)
		buf_addf(out, "%s{\"Id\":\"%s\",\"RepoTags\":[\"%s\"]}", i ? "," : "",
			s->images.items[i].value, s->images.items[i].key);
	buf_adds(out, "]\n");
	if (m && m->manager) {
		sim_say_members(s->world, out);
		sim_say_cluster(s->world, out);
	}
}

static inline int sim_facts(struct sim_run *n, struct link_result *ret)
{
	struct sim_node *s = n->s;
	int r = sim_tick(n, true);

	if (r >= 0)
		r = sim_hang(n, "facts");
	while (r >= 0 && (r = sim_pull(n)) > 0)
		continue;
	if (r < 0)
		return r;
	buf_addf(&ret->out, "svarm-facts\t1\ntime\t%.3f\nos\t%s\t24.04\tnoble\nhostname\t%s\n",
		s->time ? s->time : clock_wall(), s->os_id ? s->os_id : "ubuntu", s->node->name);
	buf_addf(&ret->out, "var_free_kb\t%ld\naddress\teth0\t%s\t1500\n",
		s->var_free_kb ? s->var_free_kb : 99999999, s->node->address);
	if (!s->no_private)
		buf_addf(&ret->out, "address\teth1\t%s\t1500\n", s->node->private);
	pthread_mutex_lock(&s->world->lock);
	sim_answer(s, n->input.len ? n->input.data : NULL, &ret->out);
	sim_say_docker(s, &ret->out);
	pthread_mutex_unlock(&s->world->lock);
	buf_adds(&ret->out, "end\tok\n");
	ret->status = 0;
	return sim_tick(n, true);
}

/* ---- steps: what apply.sh's functions do ---- */

enum { SIM_WORDS = 64 };

struct sim_call {
	char *word[SIM_WORDS]; /* NULL beyond the last */
	size_t n;
};

/* A step fails with a reason: its log. */
static inline int sim_fails(struct sim_run *n, const char *fmt, ...) _printf_(2, 3);
static inline int sim_fails(struct sim_run *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&n->log, fmt, ap);
	va_end(ap);
	return 1;
}

static inline int sim_packages_install(struct sim_run *n, char **a)
{
	int r = 0;

	for (; *a && r == 0; a++) {
		if (map_get(&n->s->packages, *a))
			continue;
		if ((r = sim_effect(n)) < 0)
			return r;
		map_set(&n->s->installed, *a, "");
		map_set(&n->s->packages, *a, "1");
		if (!strcmp(*a, "docker.io"))
			map_set(&n->s->units, "docker.service", "active");
		if (!strcmp(*a, "nginx")) {
			map_set(&n->s->units, "nginx.service", "active");
			map_set(&n->s->files, "/etc/nginx", "d0755");
			map_set(&n->s->files, "/etc/nginx/nginx.conf", "0644 the package's own");
		}
	}
	return r;
}

static inline void sim_keep(struct sim_node *s, const char *path)
{
	const char *was = map_get(&s->files, path);

	if (map_get(&s->original, path) || map_get(&s->created, path))
		return;
	if (!was)
		map_set(&s->created, path, "");
	else if (*was != 'd')
		map_set(&s->original, path, was);
}

static inline int sim_directory_make(struct sim_run *n, char **a)
{
	_cleanup_free_ char *mode = xasprintf("d%s", a[1]);
	int r = sim_effect(n);

	if (r < 0)
		return r;
	sim_keep(n->s, a[0]);
	map_set(&n->s->files, a[0], mode);
	return 0;
}

static inline int sim_file_put(struct sim_run *n, char **a)
{
	_cleanup_free_ char *text = NULL;
	const bool tell = *a[3] && map_get(&n->s->units, a[3]);
	int r = 0;

	if (tell && (r = sim_effect(n)) == 0)
		map_set(&n->s->pending, a[3], a[4]);
	if (r < 0 || (r = sim_effect(n)) < 0)
		return r;
	sim_keep(n->s, a[0]);
	text = xasprintf("%s %s", a[1], buf_str(&n->frame));
	map_set(&n->s->files, a[0], text);
	if (!tell)
		return 0;
	map_set(&n->s->stale, a[3], "");
	if ((r = sim_effect(n)) < 0)
		return r;
	map_del(&n->s->stale, a[3]);
	r = sim_effect(n);
	if (r == 0)
		map_del(&n->s->pending, a[3]);
	return r;
}

static inline int sim_sysctl_set(struct sim_run *n, char **a)
{
	int r = 0;

	for (; *a && r == 0; a += 2) {
		const char *was = map_get(&n->s->sysctls, a[0]);

		if ((r = sim_effect(n)) < 0)
			return r;
		if (!map_get(&n->s->sysctl_before, a[0]))
			map_set(&n->s->sysctl_before, a[0], was ? was : "0");
		map_set(&n->s->sysctls, a[0], a[1]);
	}
	return r;
}

static inline int sim_unit_up(struct sim_run *n, char **a)
{
	int r;

	if (!sim_unit_exists(n->s, a[0]))
		return sim_fails(n, "Unit %s not found", a[0]);
	if ((r = sim_effect(n)) < 0)
		return r;
	map_set(&n->s->enabled, a[0], "");
	if (!map_get(&n->s->units, a[0]))
		map_del(&n->s->stale, a[0]);
	map_set(&n->s->units, a[0], "active");
	return 0;
}

static inline int sim_pending(struct sim_run *n, char **a)
{
	int r = sim_effect(n);

	if (r < 0)
		return r;
	map_done(&n->s->stale);
	r = sim_effect(n);
	if (r == 0)
		map_done(&n->s->pending);
	return r;
}

/* Under the world's lock. */
static inline void sim_enter(struct sim_node *s, const char *address, bool manager)
{
	struct sim_world *w = s->world;
	struct sim_member *m;

	xgrow(w->members, w->n_members, w->cap_members);
	m = &w->members[w->n_members++];
	*m = (struct sim_member){.manager = manager,
		.up = true,
		.address = xstrdup(address),
		.hostname = xstrdup(s->node->name)};
	snprintf(m->id, sizeof(m->id), "id%u", ++w->ids);
	snprintf(s->member, sizeof(s->member), "%s", m->id);
}

static inline int sim_swarm_init(struct sim_run *n, char **a)
{
	int r = sim_effect(n);

	if (r < 0)
		return r;
	n->s->joined = true;
	if (*n->s->member)
		return sim_fails(n, "This node is already part of a swarm");
	if ((r = sim_effect(n)) < 0)
		return r;
	/* A new swarm: nobody remembers the members of an old one. */
	for (size_t i = 0; i < n->s->world->n_members; i++)
		n->s->world->members[i].id[0] = '\0';
	sim_enter(n->s, a[0], true);
	return 0;
}

static inline int sim_swarm_join(struct sim_run *n, char **a)
{
	const char *token = buf_str(&n->frame);
	bool manager = !strcmp(token, SIM_TOKEN "-manager");
	int r = sim_effect(n);

	if (r < 0)
		return r;
	if (!manager && strcmp(token, SIM_TOKEN "-worker"))
		return sim_fails(n, "invalid join token");
	if (*n->s->member || !n->s->world->n_members)
		return sim_fails(n, "cannot join");
	n->s->joined = true;
	if ((r = sim_effect(n)) < 0)
		return r;
	sim_enter(n->s, a[0], manager);
	return 0;
}

/* A node that left and joined again stands in the list twice: the dead one goes. */
static inline void sim_bury_ghosts(struct sim_world *w, const struct sim_member *living)
{
	for (size_t i = 0; i < w->n_members; i++)
		if (!w->members[i].up && !strcmp(w->members[i].address, living->address))
			w->members[i].id[0] = '\0';
}

/* The member that @who means: its id, "self", or a promise whose frame brings the id. */
static inline int sim_member_named(struct sim_run *n, const char *who, struct sim_member **ret)
{
	struct sim_world *w = n->s->world;
	int r = 0;

	if (!strncmp(who, "joined.", 7))
		r = sim_frame(n, &n->frame);
	if (r < 0)
		return r;
	if (!strncmp(who, "joined.", 7))
		who = buf_str(&n->frame);
	*ret = !strcmp(who, "self") ? sim_member_of(n->s) : NULL;
	for (size_t i = 0; i < w->n_members; i++)
		if (*who && !strcmp(w->members[i].id, who))
			*ret = &w->members[i];
	return 0;
}

/* As in the shell: neighbours of one node go together, its id is read once. */
static inline int sim_labels_set(struct sim_run *n, char **a)
{
	struct sim_member *m = NULL;
	const char *who = "";
	int r;

	for (; *a; a += 3) {
		if (strcmp(who, a[0])) {
			r = sim_member_named(n, a[0], &m);
			if (r < 0)
				return r;
			who = a[0];
		}
		if ((r = sim_effect(n)) < 0)
			return r;
		if (!m || !m->up)
			return sim_fails(n, "no ready swarm node %s", a[0]);
		if (!strncmp(who, "joined.", 7))
			sim_bury_ghosts(n->s->world, m);
		map_set(&m->labels, a[1], a[2]);
	}
	return 0;
}

static inline int sim_swarm_forget(struct sim_run *n, char **a)
{
	struct sim_member *m = NULL;
	int r = sim_member_named(n, a[0], &m);

	if (r < 0 || (r = sim_effect(n)) < 0)
		return r;
	if (!m || m->up)
		return sim_fails(n, "node %s is not down", a[0]);
	m->id[0] = '\0';
	return 0;
}

static inline int sim_network_create(struct sim_run *n, char **a)
{
	int r = sim_effect(n);

	if (r == 0)
		map_set(&n->s->world->networks, a[0], "overlay");
	return r;
}

static inline int sim_image_load(struct sim_run *n, char **a)
{
	int r = sim_effect(n);

	if (r < 0)
		return r;
	if (n->frame.len < 1024)
		return sim_fails(n, "unexpected EOF");
	map_set(&n->s->images, a[0], a[1]);
	return 0;
}

static inline int sim_secret_create(struct sim_run *n, char **a)
{
	int r = sim_effect(n);

	if (r < 0)
		return r;
	if (map_get(&n->s->world->secrets, a[0]))
		return sim_fails(n, "secret %s already exists", a[0]);
	map_set(&n->s->world->secrets, a[0], buf_str(&n->frame));
	return 0;
}

/* As much of a compose file as the fixed templates need: the services and their hashes. */
static inline void sim_deploy(struct sim_world *w, const char *stack, char *text)
{
	char name[128] = "", *line;
	bool services = false;

	while ((line = strsep(&text, "\n"))) {
		const char *hash = strstr(line, "svarm.hash: \"");
		size_t n = strlen(line);

		if (n && *line != ' ')
			services = !strcmp(line, "services:");
		if (services && n > 3 && !strncmp(line, "  ", 2) && line[2] != ' ' &&
			line[n - 1] == ':')
			snprintf(name, sizeof(name), "%s_%.*s", stack,
				(int)strcspn(line + 2 + (line[2] == '"'), "\":"),
				line + 2 + (line[2] == '"'));
		if (services && hash && *name) {
			_cleanup_free_ char *value = xasprintf("%.16s %s", hash + 13, stack);

			map_set(&w->services, name, value);
		}
	}
}

static inline int sim_stack_deploy(struct sim_run *n, char **a)
{
	int r = sim_effect(n);

	if (r < 0)
		return r;
	sim_deploy(n->s->world, a[0], n->frame.data);
	for (size_t i = 1; a[i]; i++)
		map_del(&n->s->world->services, a[i]);
	return 0;
}

static inline int sim_services_settle(struct sim_run *n, char **a)
{
	n->s->world->idle = false;
	return 0;
}

/* ---- steps of the way back ---- */

static inline int sim_cluster_empty(struct sim_run *n, char **a)
{
	struct sim_world *w = n->s->world;
	int r = sim_effect(n);

	if (r < 0)
		return r;
	map_done(&w->services);
	map_done(&w->networks);
	map_done(&w->secrets);
	return sim_tell(n, "@out emptied\n");
}

static inline size_t sim_members_up(const struct sim_world *w)
{
	size_t up = 0;

	for (size_t i = 0; i < w->n_members; i++)
		up += w->members[i].up;
	return up;
}

static inline int sim_swarm_leave(struct sim_run *n, char **a)
{
	struct sim_member *m = sim_member_of(n->s);
	int r = sim_effect(n);

	if (r < 0)
		return r;
	if (!m)
		return sim_fails(n, "This node is not part of a swarm");
	m->up = false;
	n->s->left_services = n->s->world->services.n;
	n->s->left_members = sim_members_up(n->s->world);
	*n->s->member = '\0';
	n->s->joined = false;
	return 0;
}

static inline int sim_units_down(struct sim_run *n, char **a)
{
	int r = sim_effect(n);

	for (; *a && r == 0; a++)
		map_del(&n->s->units, *a);
	return r;
}

static inline int sim_files_restore(struct sim_run *n, char **a)
{
	struct sim_node *s = n->s;
	int r = 0;

	for (size_t i = 0; i < s->original.n && r == 0; i++)
		if ((r = sim_effect(n)) == 0)
			map_set(&s->files, s->original.items[i].key, s->original.items[i].value);
	for (size_t i = 0; i < s->created.n && r == 0; i++)
		if ((r = sim_effect(n)) == 0)
			map_del(&s->files, s->created.items[i].key);
	return r;
}

static inline int sim_sysctl_restore(struct sim_run *n, char **a)
{
	struct sim_node *s = n->s;
	int r = sim_effect(n);

	for (size_t i = 0; i < s->sysctl_before.n && r == 0; i++)
		map_set(&s->sysctls, s->sysctl_before.items[i].key,
			s->sysctl_before.items[i].value);
	return r;
}

static inline int sim_packages_purge(struct sim_run *n, char **a)
{
	int r = 0;

	for (; *a && r == 0; a++) {
		if ((r = sim_effect(n)) < 0)
			return r;
		map_del(&n->s->packages, *a);
		if (!strcmp(*a, "docker.io")) {
			map_del(&n->s->units, "docker.service");
			map_done(&n->s->images);
		}
		if (!strcmp(*a, "nginx")) {
			map_del(&n->s->units, "nginx.service");
			map_del(&n->s->files, "/etc/nginx/nginx.conf");
			map_del(&n->s->files, "/etc/nginx");
		}
	}
	return r;
}

static inline int sim_images_remove(struct sim_run *n, char **a)
{
	int r = sim_effect(n);

	for (; *a && r == 0; a++)
		map_del(&n->s->images, *a);
	return r;
}

static inline int sim_unit_reload(struct sim_run *n, char **a)
{
	return sim_effect(n);
}

static inline int sim_state_forget(struct sim_run *n, char **a)
{
	struct sim_node *s = n->s;
	int r = sim_effect(n);

	if (r < 0)
		return r;
	map_done(&s->original);
	map_done(&s->created);
	map_done(&s->enabled);
	map_done(&s->installed);
	map_done(&s->sysctl_before);
	map_done(&s->pending);
	s->joined = false;
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(struct sim_run *n, char **args);
	bool reads; /* a frame, maybe one that another node must bring: before the lock is taken */
} sim_calls[] = {
	{"packages_install", sim_packages_install, false},
	{"directory_make", sim_directory_make, false},
	{"file_put", sim_file_put, true},
	{"sysctl_set", sim_sysctl_set, false},
	{"unit_up", sim_unit_up, false},
	{"pending_finish", sim_pending, false},
	{"swarm_init", sim_swarm_init, false},
	{"swarm_join", sim_swarm_join, true},
	{"labels_set", sim_labels_set, false},
	{"swarm_forget", sim_swarm_forget, false},
	{"network_create", sim_network_create, false},
	{"image_load", sim_image_load, true},
	{"secret_create", sim_secret_create, true},
	{"stack_deploy", sim_stack_deploy, true},
	{"services_settle", sim_services_settle, true},
	{"cluster_empty", sim_cluster_empty, false},
	{"swarm_leave", sim_swarm_leave, false},
	{"units_down", sim_units_down, false},
	{"files_restore", sim_files_restore, false},
	{"sysctl_restore", sim_sysctl_restore, false},
	{"packages_purge", sim_packages_purge, false},
	{"images_remove", sim_images_remove, false},
	{"unit_reload", sim_unit_reload, false},
	{"state_forget", sim_state_forget, false},
};

/* ---- the script ---- */

/* The words of one command, as a shell would split it; *@at moves behind its newline. */
static inline void sim_words(const char **at, struct sim_call *ret)
{
	const char *p = *at;

	*ret = (struct sim_call){0};
	while (*p && *p != '\n') {
		_cleanup_buf_ struct buf word = BUF_INIT;

		for (; *p && *p != ' ' && *p != '\n'; p++) {
			if (*p == '\'') {
				for (p++; *p != '\''; p++)
					buf_addc(&word, *p);
			} else {
				p += *p == '\\';
				buf_addc(&word, *p);
			}
		}
		if (ret->n < SIM_WORDS - 1)
			ret->word[ret->n++] = xstrdup(buf_str(&word));
		p += *p == ' ';
	}
	*at = p + (*p == '\n');
}

static inline void sim_call_done(struct sim_call *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->word[i]);
}

static inline int sim_await(struct sim_run *n, const char *count)
{
	int r = 0;

	for (long left = strtol(count, NULL, 10); left > 0 && r >= 0; left--)
		r = sim_frame(n, &n->frame);
	return r;
}

static inline int sim_function(struct sim_run *n, char **words)
{
	for (size_t i = 0; i < ARRAY_SIZE(sim_calls); i++) {
		int r = 0;

		if (strcmp(words[0], sim_calls[i].name))
			continue;
		if (n->s->broken_call && !strcmp(words[0], n->s->broken_call))
			return sim_fails(n, "%s is broken", words[0]);
		if (sim_calls[i].reads)
			r = sim_frame(n, &n->frame);
		if (r < 0)
			return r;
		pthread_mutex_lock(&n->s->world->lock);
		r = sim_calls[i].fn(n, words + 1);
		pthread_mutex_unlock(&n->s->world->lock);
		return r;
	}
	return sim_fails(n, "%s: not found", words[0]);
}

static inline int sim_step(struct sim_run *n, struct sim_call *c)
{
	int r = sim_await(n, c->word[2]);

	if (r < 0 || (r = sim_tell(n, "@start %s\n", c->word[1])) < 0)
		return r;
	r = sim_function(n, c->word + 3);
	if (r < 0)
		return r;
	if (r == 0)
		return sim_tell(n, "@finish %s\n", c->word[1]);
	r = sim_tell(n, "@log %s\n", buf_str(&n->log));
	if (r >= 0)
		r = sim_tell(n, "@fail %s 1\n", c->word[1]);
	return r < 0 ? r : 1;
}

static inline int sim_lock(struct sim_run *n, const char *owner)
{
	struct sim_world *w = n->s->world;
	bool taken;
	int r;

	pthread_mutex_lock(&w->lock);
	taken = w->locked_by && w->locked_by != n->s;
	if (!taken)
		w->locked_by = n->s;
	pthread_mutex_unlock(&w->lock);
	if (!taken)
		return 0;
	r = sim_tell(n, "@locked somebody, since ever\n");
	return r < 0 ? r : 75;
}

static inline int sim_tokens(struct sim_run *n)
{
	static const char *const roles[] = {"worker", "manager"};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(roles) && r == 0; i++) {
		_cleanup_free_ char *token = xasprintf(SIM_TOKEN "-%s", roles[i]);
		_cleanup_buf_ struct buf base64 = BUF_INIT;

		sim_base64(&base64, token, strlen(token));
		r = sim_tell(n, "@out token.%s %s\n", roles[i], buf_str(&base64));
	}
	return r;
}

static inline int sim_tell_joined(struct sim_run *n)
{
	_cleanup_buf_ struct buf base64 = BUF_INIT;

	sim_base64(&base64, n->s->member, strlen(n->s->member));
	return sim_tell(n, "@out joined %s\n", buf_str(&base64));
}

static inline int sim_command(struct sim_run *n, struct sim_call *c)
{
	const char *name = c->n ? c->word[0] : "";

	int r = sim_hang(n, name);

	if (r < 0)
		return r;
	if (!strcmp(name, "step"))
		return sim_step(n, c);
	if (!strcmp(name, "lock_take"))
		return sim_lock(n, c->word[1]);
	if (!strcmp(name, "await"))
		return sim_await(n, c->word[1]);
	if (!strcmp(name, "tell_joined"))
		return sim_tell_joined(n);
	if (!strcmp(name, "swarm_tokens"))
		return sim_tokens(n);
	if (!strcmp(name, "tell"))
		return sim_tell(n, "@%s%s%s\n", c->word[1], c->n > 2 ? " " : "",
			c->n > 2 ? c->word[2] : "");
	return strcmp(name, "begin") ? 127 : 0;
}

static inline int sim_script(struct sim_run *n, struct link_result *ret)
{
	const char *at = strstr(n->e->script, "\nbegin\n");
	int r = at ? 0 : 127;

	n->s->scripts++;
	for (at = at ? at + 1 : ""; *at && r == 0;) {
		struct sim_call c;

		sim_words(&at, &c);
		r = sim_command(n, &c);
		sim_call_done(&c);
	}
	pthread_mutex_lock(&n->s->world->lock);
	if (n->s->world->locked_by == n->s)
		n->s->world->locked_by = NULL;
	pthread_mutex_unlock(&n->s->world->lock);
	if (r < 0)
		return r;
	ret->status = r;
	return 0;
}

/* ---- the link ---- */

struct sim_link {
	struct link base; /* first */
	struct sim_node *s;
};

static inline int sim_exec(
	struct link *base, const struct link_exec *e, struct link_result *ret, struct err *err)
{
	struct sim_run n = {.s = ((struct sim_link *)base)->s, .e = e, .err = err};
	int r;

	if (n.s->doomed)
		return sim_lost(&n);
	r = strstr(e->script, "svarm-facts") ? sim_facts(&n, ret) : sim_script(&n, ret);
	buf_done(&n.input);
	buf_done(&n.log);
	buf_done(&n.frame);
	return r;
}

static inline void sim_close(struct link *base)
{
	free(base);
}

/* A link to @s, whose connection dies at its @fail_at'th operation (0: it does not). */
static inline struct link *sim_open(struct sim_node *s, size_t fail_at)
{
	static const struct link_ops ops = {.exec = sim_exec, .close = sim_close};
	struct sim_link *l = xcalloc(1, sizeof(*l));

	l->base = (struct link){.ops = &ops, .node = s->node};
	l->s = s;
	s->ops = 0;
	s->doomed = false;
	s->fail_at = fail_at;
	return &l->base;
}
