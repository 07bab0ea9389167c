/*
 * Parse what templates/facts.sh printed.  The text comes from a machine that may be broken or
 * hostile: unknown lines are skipped (an older svarm reads a newer answer), known lines are
 * checked, and an answer without its last line is refused as cut off.
 */
#include "lib/node/facts.h"

#include <ctype.h>

#include "lib/base/base64.h"
#include "lib/base/quote.h"
#include "lib/node/facts_docker.h"

enum {
	MAX_FIELDS = 16,
	MAX_LINES = 20000,
};

struct line {
	char *field[MAX_FIELDS]; /* field[n] and above are "" */
	size_t n;
};

struct parser {
	struct facts *facts;
	size_t cap_addresses, cap_packages, cap_sysctls, cap_files, cap_units;
	bool ended;
};

/* ---- lookups ---- */

const struct fact_file *facts_file(const struct facts *f, const char *path)
{
	for (size_t i = 0; i < f->n_files; i++)
		if (!strcmp(f->files[i].path, path))
			return &f->files[i];
	return NULL;
}

static const char *pair_value(const struct fact_pair *pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(pairs[i].key, key))
			return pairs[i].value;
	return NULL;
}

const char *facts_package(const struct facts *f, const char *name)
{
	return pair_value(f->packages, f->n_packages, name);
}

const char *facts_sysctl(const struct facts *f, const char *key)
{
	return pair_value(f->sysctls, f->n_sysctls, key);
}

const char *facts_network(const struct facts *f, const char *name)
{
	return pair_value(f->networks, f->n_networks, name);
}

const struct fact_secret *facts_secret(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->n_secrets; i++)
		if (!strcmp(f->secrets[i].name, name))
			return &f->secrets[i];
	return NULL;
}

const char *facts_config(const struct facts *f, const char *name)
{
	return pair_value(f->configs, f->n_configs, name);
}

const struct fact_unit *facts_unit(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->n_units; i++)
		if (!strcmp(f->units[i].name, name))
			return &f->units[i];
	return NULL;
}

const struct fact_address *facts_address(const struct facts *f, const char *address)
{
	for (size_t i = 0; i < f->n_addresses; i++)
		if (!strcmp(f->addresses[i].address, address))
			return &f->addresses[i];
	return NULL;
}

const struct fact_swarm_node *facts_swarm_node_by_address(
	const struct facts *f, const char *address)
{
	const struct fact_swarm_node *found = NULL;

	/* A node that left and came back stands here twice: the ready one is the living one. */
	for (size_t i = 0; i < f->n_swarm_nodes; i++)
		if (!strcmp(f->swarm_nodes[i].address, address) &&
			(!found || f->swarm_nodes[i].ready))
			found = &f->swarm_nodes[i];
	return found;
}

const struct fact_swarm_node *facts_swarm_node_by_id(const struct facts *f, const char *id)
{
	for (size_t i = 0; i < f->n_swarm_nodes; i++)
		if (!strcmp(f->swarm_nodes[i].id, id))
			return &f->swarm_nodes[i];
	return NULL;
}

const struct fact_service *facts_service(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->n_services; i++)
		if (!strcmp(f->services[i].name, name))
			return &f->services[i];
	return NULL;
}

bool facts_services_run(const struct facts *f)
{
	for (size_t i = 0; i < f->n_services; i++) {
		const struct fact_service *s = &f->services[i];

		if (s->hash && (s->running != s->desired || (s->replicas < 0 && !s->running)))
			return false;
	}
	return true;
}

bool facts_has_image(const struct facts *f, const char *tag, const char *id)
{
	for (size_t i = 0; i < f->n_images; i++)
		if (!strcmp(f->images[i].tag, tag) && !strcmp(f->images[i].id, id))
			return true;
	return false;
}

void facts_ask(struct buf *out, const char *what, const char *name)
{
	buf_addf(out, "%s %s\n", what, name);
}

/* ---- lines ---- */

static long to_long(const char *s)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	return errno || *end || end == s || v < 0 ? 0 : v;
}

/* Seconds since 1970, before the year 5138; 0 for anything else, "nan" and "inf" among it. */
static double to_time(const char *s)
{
	double t = strtod(s, NULL);

	return t > 0 && t < 1e11 ? t : 0;
}

/* A sysctl comes as its path below /proc/sys, and with its value split at the tabs. */
static void on_sysctl(struct parser *p, const struct line *l)
{
	static const char prefix[] = "/proc/sys/";
	struct facts *f = p->facts;
	struct fact_pair *pair;
	struct buf value = BUF_INIT;
	char *key;

	if (strncmp(l->field[1], prefix, strlen(prefix)))
		return;
	key = arena_strdup(&f->arena, l->field[1] + strlen(prefix));
	for (char *c = key; *c; c++)
		if (*c == '/')
			*c = '.';
	for (size_t i = 2; i < l->n; i++)
		buf_addf(&value, "%s%s", i > 2 ? " " : "", l->field[i]);
	pair = arena_push(&f->arena, f->sysctls, f->n_sysctls, p->cap_sysctls);
	pair->key = key;
	pair->value = arena_strdup(&f->arena, buf_str(&value));
	buf_done(&value);
}

static struct fact_file *file_of(struct parser *p, const char *path)
{
	struct facts *f = p->facts;
	struct fact_file *file;

	for (size_t i = 0; i < f->n_files; i++)
		if (!strcmp(f->files[i].path, path))
			return &f->files[i];
	file = arena_push(&f->arena, f->files, f->n_files, p->cap_files);
	file->path = arena_strdup(&f->arena, path);
	return file;
}

static void on_stat(struct parser *p, const struct line *l)
{
	struct fact_file *file = file_of(p, l->field[1]);

	file->mode = (unsigned)strtoul(l->field[2], NULL, 8) & 07777;
	if (!strncmp(l->field[3], "regular", 7))
		file->type = FILE_REGULAR;
	else if (!strcmp(l->field[3], "directory"))
		file->type = FILE_DIRECTORY;
	else
		file->type = FILE_OTHER;
}

static void on_sha256(struct parser *p, const struct line *l)
{
	if (strlen(l->field[2]) == 64 && strspn(l->field[2], "0123456789abcdef") == 64)
		file_of(p, l->field[1])->sha256 = arena_strdup(&p->facts->arena, l->field[2]);
}

static void on_content(struct parser *p, const struct line *l)
{
	_cleanup_(buf_wipe) struct buf content = BUF_INIT;
	struct fact_file *file = file_of(p, l->field[1]);

	if (!base64_decode(l->field[2], &content))
		return;
	file->content = arena_memdup(&p->facts->arena, buf_str(&content), content.len);
	file->content_len = content.len;
}

/* systemctl show: Id=…, LoadState=…, ActiveState=…, UnitFileState=…, an empty line between. */
static void on_unit(struct parser *p, const struct line *l)
{
	struct facts *f = p->facts;
	const char *eq = strchr(l->field[1], '=');
	struct fact_unit *u;

	if (!eq)
		return;
	if (!strncmp(l->field[1], "Id=", 3)) {
		u = arena_push(&f->arena, f->units, f->n_units, p->cap_units);
		u->name = arena_strdup(&f->arena, eq + 1);
		return;
	}
	if (!f->n_units)
		return;
	u = &f->units[f->n_units - 1];
	if (!strcmp(l->field[1], "LoadState=loaded"))
		u->exists = true;
	else if (!strcmp(l->field[1], "ActiveState=active"))
		u->active = true;
	else if (!strcmp(l->field[1], "UnitFileState=enabled"))
		u->enabled = true;
}

static void on_package(struct parser *p, const struct line *l)
{
	struct facts *f = p->facts;
	struct fact_pair *pair;

	if (strcmp(l->field[2], "installed"))
		return;
	pair = arena_push(&f->arena, f->packages, f->n_packages, p->cap_packages);
	pair->key = arena_strdup(&f->arena, l->field[1]);
	pair->value = arena_strdup(&f->arena, l->field[3]);
}

static void on_address(struct parser *p, const struct line *l)
{
	struct facts *f = p->facts;
	struct fact_address *a = arena_push(
		&f->arena, f->addresses, f->n_addresses, p->cap_addresses);

	a->interface = arena_strdup(&f->arena, l->field[1]);
	a->address = arena_strdup(&f->arena, l->field[2]);
	a->mtu = (int)MIN_OF(to_long(l->field[3]), 65536);
}

static void on_scalar(struct facts *f, const struct line *l)
{
	const char *key = l->field[0], *value = l->field[1];

	if (!strcmp(key, "time"))
		f->time = to_time(value);
	else if (!strcmp(key, "kernel"))
		f->kernel = arena_strdup(&f->arena, value);
	else if (!strcmp(key, "hostname"))
		f->hostname = arena_strdup(&f->arena, value);
	else if (!strcmp(key, "arch"))
		f->arch = arena_strdup(&f->arena, value);
	else if (!strcmp(key, "cpus"))
		f->cpus = to_long(value);
	else if (!strcmp(key, "memory_kb"))
		f->memory_kb = to_long(value);
	else if (!strcmp(key, "var_free_kb"))
		f->var_free_kb = to_long(value);
	else if (!strcmp(key, "apparmor"))
		f->apparmor = !strcmp(value, "Y");
	else if (!strcmp(key, "firewall"))
		f->firewall_absent = !strcmp(value, "absent");
	else if (!strcmp(key, "cloud_init")) {
		f->cloud_init_running = !strcmp(value, "running");
		f->cloud_init_failed = !strcmp(value, "failed");
	}
}

static void on_os(struct facts *f, const struct line *l)
{
	f->os_id = arena_strdup(&f->arena, l->field[1]);
	f->os_version = arena_strdup(&f->arena, l->field[2]);
	f->os_codename = arena_strdup(&f->arena, l->field[3]);
}

/* A daemon that runs but does not answer: what it would have said must not be taken for absent. */
static int docker_failed(const struct line *l, struct err *err)
{
	_cleanup_buf_ struct buf what = BUF_INIT, text = BUF_INIT;

	escape_text(&what, l->field[1], MIN_OF(strlen(l->field[1]), (size_t)20), false);
	escape_text(&text, l->field[2], MIN_OF(strlen(l->field[2]), (size_t)300), false);
	return err_set(err, -EIO, "dockerd runs, but does not answer '%s': %s", buf_str(&what),
		text.len ? buf_str(&text) : "it said nothing");
}

static int on_line(struct parser *p, const struct line *l, struct err *err)
{
	static const struct {
		const char *word;
		void (*fn)(struct parser *p, const struct line *l);
	} table[] = {
		{"sysctl", on_sysctl},
		{"stat", on_stat},
		{"sha256", on_sha256},
		{"content", on_content},
		{"unit", on_unit},
		{"package", on_package},
		{"address", on_address},
	};

	if (!strcmp(l->field[0], "json"))
		return facts_docker_parse(p->facts, l->field[1], l->field[2], err);
	if (!strcmp(l->field[0], "docker_failed"))
		return docker_failed(l, err);
	if (!strcmp(l->field[0], "os"))
		on_os(p->facts, l);
	if (!strcmp(l->field[0], "end"))
		p->ended = !strcmp(l->field[1], "ok");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(l->field[0], table[i].word))
			table[i].fn(p, l);
	on_scalar(p->facts, l);
	return 0;
}

static void split(char *text, struct line *ret)
{
	static char empty[] = "";

	ret->n = 0;
	for (size_t i = 0; i < MAX_FIELDS; i++)
		ret->field[i] = empty;
	while (text && ret->n < MAX_FIELDS)
		ret->field[ret->n++] = strsep(&text, "\t");
}

int facts_parse(const char *text, size_t len, struct facts *ret, struct err *err)
{
	struct parser p = {.facts = ret};
	char *copy = arena_strndup(&ret->arena, text, len);
	struct line l;
	size_t lines = 0;
	int r;

	ret->os_id = ret->os_version = ret->os_codename = "";
	ret->kernel = ret->arch = ret->hostname = "";
	for (char *one; (one = strsep(&copy, "\n"));) {
		if (++lines > MAX_LINES)
			return err_set(err, -E2BIG, "the answer has over %d lines", MAX_LINES);
		split(one, &l);
		r = on_line(&p, &l, err);
		if (r < 0)
			return r;
	}
	if (!p.ended)
		return err_set(err, -EBADMSG, "the answer is cut off (no closing line)");
	return 0;
}

void facts_done(struct facts *f)
{
	arena_wipe(&f->arena); /* contents of files may be secrets */
	*f = (struct facts){0};
}
