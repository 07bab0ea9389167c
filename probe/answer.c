/* The parser of what health.sh prints: see answer.h. */
#include "probe/answer_parts.h"

#include <arpa/inet.h>
#include <math.h>

#include "lib/ext/json.h"
#include "lib/node/facts_docker.h"

enum {
	MAX_LINES = 20000,
	MAX_CONTAINERS = 256,
	MAX_SYSCTLS = 256,   /* of one namespace */
	MAX_LISTENERS = 256, /* of one namespace */
	MAX_JSON = 4 * 1024 * 1024,
	MAX_PROBE_JSON = 4096,
};

#define PROC "/proc/sys/"

struct parser {
	struct answer *a;
	struct arena *arena;
	bool tasks_read;
	bool in_container; /* the lines that follow belong to the last container */
	bool ended;
};

/* Where the current lines belong to.  Containers move as their array grows. */
static struct netns *netns_of(struct parser *p)
{
	return p->in_container ? &p->a->containers[p->a->n_containers - 1].netns : &p->a->host;
}

static bool is_hex(const char *s, size_t len)
{
	return strlen(s) == len && strspn(s, "0123456789abcdef") == len;
}

static bool is_address(const char *s)
{
	struct in6_addr a;

	return inet_pton(AF_INET, s, &a) == 1 || inet_pton(AF_INET6, s, &a) == 1;
}

/* Blanks become single ones: "1024\t65000" is what the spec calls "1024 65000". */
static char *single_blanks(struct arena *arena, const char *s)
{
	char *out = arena_strdup(arena, s), *to = out;

	for (const char *c = out; *c; c++) {
		if (*c != ' ' && *c != '\t')
			*to++ = *c;
		else if (to > out && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > out && to[-1] == ' ')
		to--;
	*to = '\0';
	return out;
}

/* "/proc/sys/net/core/somaxconn:65535" */
static void on_sysctl(struct parser *p, char *line)
{
	struct netns *ns = netns_of(p);
	char *colon = strchr(line, ':');
	struct fact_pair *pair;

	if (!colon || ns->n_sysctls == MAX_SYSCTLS)
		return;
	*colon = '\0';
	pair = arena_push(p->arena, ns->sysctls, ns->n_sysctls, ns->cap_sysctls);
	pair->key = arena_strdup(p->arena, line + strlen(PROC));
	pair->value = single_blanks(p->arena, colon + 1);
}

bool answer_number(const char *s, long most, long *ret)
{
	char *end;
	long v;

	if (!s || *s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtol(s, &end, 10);
	if (errno || *end || v > most)
		return false;
	*ret = v;
	return true;
}

/* "LISTEN 0 511 [::]:80 [::]:*": state, Recv-Q, Send-Q, local address, peer. */
static void on_listener(struct parser *p, char *line)
{
	struct netns *ns = netns_of(p);
	char *field[4] = {0}, *colon, *rest = line;
	struct listener *l;
	long backlog, port;
	size_t n = 0;

	for (char *word; n < ARRAY_SIZE(field) && (word = strsep(&rest, " \t"));)
		if (*word)
			field[n++] = word;
	colon = n == ARRAY_SIZE(field) ? strrchr(field[3], ':') : NULL;
	if (!colon || ns->n_listeners == MAX_LISTENERS)
		return;
	if (!answer_number(field[2], 1L << 31, &backlog) || !answer_number(colon + 1, 65535, &port))
		return;
	*colon = '\0';
	l = arena_push(p->arena, ns->listeners, ns->n_listeners, ns->cap_listeners);
	l->address = arena_strdup(p->arena, field[3]);
	l->port = (int)port;
	l->backlog = backlog;
}

/* ---- docker ---- */

/* Of the drivers that keep files, json-file alone has no limit of its own. */
static bool is_endless(const json_t *root)
{
	const json_t *log = json_at(root, "HostConfig", "LogConfig", NULL);
	const char *type = json_str(log, "Type");

	return type && !strcmp(type, "json-file") && !json_str(json_obj(log, "Config"), "max-size");
}

/* GET /containers/ID/json.  Returns whether it is one of ours. */
static bool read_container(struct parser *p, const json_t *root)
{
	struct answer *a = p->a;
	const char *id = json_str(root, "Id");
	const char *service = json_str(
		json_at(root, "Config", "Labels", NULL), "com.docker.swarm.service.name");
	const char *address = json_str(
		json_at(root, "NetworkSettings", "Networks", "svarm", NULL), "IPAddress");
	struct container *c;

	if (!id || !is_hex(id, 64) || !service || a->n_containers == MAX_CONTAINERS)
		return false;
	c = arena_push(p->arena, a->containers, a->n_containers, a->cap_containers);
	c->id = arena_strdup(p->arena, id);
	c->service = arena_strdup(p->arena, service);
	c->endless_log = is_endless(root);
	c->address = address && is_address(address) ? arena_strdup(p->arena, address) : NULL;
	return true;
}

static void on_json(struct parser *p, const char *name, const char *text)
{
	_cleanup_json_ json_t *root = NULL;

	/* Whatever this is, what follows is not about the container before. */
	p->in_container = false;
	if (!strcmp(name, "container") || !strcmp(name, "tasks")) {
		if (json_parse(text, strlen(text), MAX_JSON, &root, NULL) < 0)
			p->a->docker = DOCKER_GARBLED;
		else if (!strcmp(name, "container"))
			p->in_container = read_container(p, root);
		else if (!p->tasks_read)
			answer_tasks(p->a, root);
		p->tasks_read |= !strcmp(name, "tasks");
		return;
	}
	if (facts_docker_parse(&p->a->facts, name, text, NULL) < 0)
		p->a->docker = DOCKER_GARBLED;
}

static void on_docker(struct parser *p, const char *word)
{
	static const struct {
		const char *word;
		enum docker_state state;
	} words[] = {
		{"absent", DOCKER_ABSENT},
		{"stopped", DOCKER_STOPPED},
		{"silent", DOCKER_SILENT},
		{"answers", DOCKER_ANSWERS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i].word))
			p->a->docker = words[i].state;
}

/* ---- lines ---- */

static void on_ran(struct parser *p, const char *number, const char *text)
{
	long n;

	if (answer_number(number, 1000000, &n) && (size_t)n < p->a->n_ran)
		p->a->ran[n] = arena_strdup(p->arena, text);
}

static void on_line(struct parser *p, char *line)
{
	const char *word, *first, *second;

	if (!strncmp(line, PROC, strlen(PROC))) {
		on_sysctl(p, line);
		return;
	}
	if (!strncmp(line, "LISTEN ", 7)) {
		on_listener(p, line);
		return;
	}
	word = strsep(&line, "\t");
	first = line ? strsep(&line, "\t") : "";
	second = line ? line : "";
	if (!strcmp(word, "time"))
		p->a->time = strtod(first, NULL);
	else if (!strcmp(word, "docker"))
		on_docker(p, first);
	else if (!strcmp(word, "json"))
		on_json(p, first, second);
	else if (!strcmp(word, "ran"))
		on_ran(p, first, second);
	else if (!strcmp(word, "log"))
		answer_log(p->a, first, second);
	else if (answer_system(p->a, word, first, second))
		;
	else if (!strcmp(word, "end"))
		p->ended = !strcmp(first, "ok");
}

int answer_parse(const char *text, size_t len, struct answer *ret, struct err *err)
{
	struct parser p = {.a = ret, .arena = &ret->facts.arena};
	char *copy = arena_strndup(p.arena, text, len);
	size_t lines = 0;

	ret->load.memory_stall = ret->load.disk_stall = -1;
	ret->ran = arena_array(p.arena, const char *, ret->n_ran + 1);
	for (char *line; (line = strsep(&copy, "\n"));) {
		if (++lines > MAX_LINES)
			return err_set(err, -E2BIG, "the answer has over %d lines", MAX_LINES);
		on_line(&p, line);
	}
	/* What is no time at all, or of no use as one. */
	if (!isfinite(ret->time) || ret->time < 0 || ret->time > 1e11)
		ret->time = 0;
	if (!p.ended)
		return err_set(err, -EBADMSG, "the answer is cut off (no closing line)");
	return 0;
}

void answer_done(struct answer *a)
{
	facts_done(&a->facts);
	*a = (struct answer){0};
}

/* ---- lookups ---- */

const char *netns_sysctl(const struct netns *ns, const char *key)
{
	for (size_t i = 0; i < ns->n_sysctls; i++) {
		const char *k = key, *path = ns->sysctls[i].key;

		while (*k && (*k == *path || (*k == '.' && *path == '/')))
			k++, path++;
		if (!*k && !*path)
			return ns->sysctls[i].value;
	}
	return NULL;
}

void sysctl_path(struct buf *out, const char *key)
{
	buf_adds(out, PROC);
	for (; *key; key++)
		buf_addc(out, *key == '.' ? '/' : *key);
}

/* ---- probes that ran in containers ---- */

int action_limit(enum action_kind kind)
{
	static const int limits[N_ACTIONS] = {
		[ACTION_REDIS] = LIMIT_REDIS,
		[ACTION_STORE] = LIMIT_REDIS,
		[ACTION_ASYNC] = LIMIT_ASYNC,
		[ACTION_QUEUE] = LIMIT_REDIS,
		[ACTION_PEER] = LIMIT_PEER,
	};

	return limits[kind];
}

static const char *no_answer(const struct action *a, struct arena *arena)
{
	return arena_printf(arena, "no answer within %d s", action_limit(a->kind));
}

static int packet_size(const json_t *root, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(root, name));

	return n > 0 && n <= 65536 ? (int)n : 0;
}

void action_read(struct action *a, const char *text, struct arena *arena)
{
	_cleanup_json_ json_t *root = NULL;
	const char *error;
	double ms;

	a->done = true;
	a->ok = false;
	if (json_parse(text, strlen(text), MAX_PROBE_JSON, &root, NULL) < 0 ||
		!json_is_object(root)) {
		a->error = *text ? arena_strdup(arena, text) : no_answer(a, arena);
		return;
	}
	a->ok = json_bool(root, "ok");
	a->mtu = packet_size(root, "mtu");
	a->passes = MIN_OF(packet_size(root, "passes"), a->mtu);
	ms = json_number_value(json_object_get(root, "ms"));
	if (isfinite(ms) && ms > 0)
		a->seconds = MIN_OF(ms, 1e6) / 1000;
	if (a->ok) {
		a->said = arena_strdup(arena, text);
		return;
	}
	error = json_str(root, "error");
	a->error = arena_strdup(arena, error ? error : "failed without saying why");
}
