/*
 * What Redis and the queues say of themselves, in a few numbers: they fit into one short line
 * however many queues there are.  `svarm health` judges them; nothing is judged here.
 */
#include "faas/gateway/letters.h"
#include "faas/gateway/probes.h"
#include "lib/base/xalloc.h"

/* The value of "\r\nNAME:VALUE\r\n" in what INFO answers. */
static bool info_value(const redisReply *info, const char *name, const char **ret, size_t *ret_len)
{
	const size_t len = strlen(name);

	for (const char *line = info->str; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) != 0 || line[len] != ':')
			continue;
		*ret = line + len + 1;
		*ret_len = strcspn(*ret, "\r\n");
		return true;
	}
	return false;
}

static void add_text(json_t *out, const redisReply *info, const char *name)
{
	const char *value;
	size_t len;

	if (info_value(info, name, &value, &len))
		json_set_text(out, name, value, len);
}

static void add_number(json_t *out, const redisReply *info, const char *name)
{
	const char *value;
	size_t len;

	if (info_value(info, name, &value, &len))
		json_object_set_new(out, name, json_integer(strtoll(value, NULL, 10)));
}

int probe_store(char **argv, json_t *out, struct err *err)
{
	static const char *const texts[] = {"maxmemory_policy", "aof_last_write_status",
		"aof_last_bgrewrite_status", "rdb_last_bgsave_status"};
	static const char *const numbers[] = {
		"used_memory", "maxmemory", "evicted_keys", "aof_enabled", "loading"};
	_cleanup_redis_ struct redis *c = NULL;
	_cleanup_reply_ redisReply *info = NULL;
	int r = probe_open_redis(&c, err);

	if (r >= 0)
		r = redis_call(c, &info, err, "INFO");
	if (r < 0)
		return r;
	if (!redis_is_str(info))
		return err_set(err, -EBADMSG, "what INFO answered is no text");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		add_text(out, info, texts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		add_number(out, info, numbers[i]);
	return 0;
}

/* ---- workers ---- */

/*
 * Which workers live.  Redis counts a worker as a consumer only once it has taken a call, so they
 * are known by their connections: one asks for calls, another looks for new queues every second,
 * whether there is anything to do or not.
 */
enum { MAX_CLIENTS = 4096, HEARD_SECONDS = 10 };

struct client {
	const char *address; /* without the port; borrowed */
	size_t len;
	bool asks; /* for calls */
	bool heard;
};

/* The value of " NAME=VALUE" in a line of CLIENT LIST; "" when it has none. */
static const char *client_value(const char *line, const char *name, size_t *ret_len)
{
	const size_t len = strlen(name);
	const char *end = strchrnul(line, '\n');

	for (const char *p = line; p && p < end; p = memchr(p, ' ', (size_t)(end - p))) {
		p += *p == ' ';
		if (strncmp(p, name, len) != 0 || p[len] != '=')
			continue;
		*ret_len = strcspn(p + len + 1, " \n");
		return p + len + 1;
	}
	*ret_len = 0;
	return "";
}

static struct client *client_at(struct client *all, size_t *n, const char *address, size_t len)
{
	for (size_t i = 0; i < *n; i++)
		if (all[i].len == len && !memcmp(all[i].address, address, len))
			return &all[i];
	if (*n == MAX_CLIENTS)
		return NULL;
	all[*n] = (struct client){.address = address, .len = len};
	return &all[(*n)++];
}

static void read_client(const char *line, struct client *all, size_t *n)
{
	size_t len, cmd_len, unused;
	const char *address = client_value(line, "addr", &len);
	const char *cmd = client_value(line, "cmd", &cmd_len);
	const char *idle = client_value(line, "idle", &unused);
	const char *port = len ? memrchr(address, ':', len) : NULL;
	struct client *c = port ? client_at(all, n, address, (size_t)(port - address)) : NULL;

	if (!c)
		return;
	c->asks |= cmd_len == strlen("xreadgroup") && !strncmp(cmd, "xreadgroup", cmd_len);
	c->heard |= strtol(idle, NULL, 10) < HEARD_SECONDS;
}

static int count_workers(struct redis *c, json_int_t *ret, struct err *err)
{
	_cleanup_free_ struct client *all = xcalloc(MAX_CLIENTS, sizeof(*all));
	_cleanup_reply_ redisReply *list = NULL;
	size_t n = 0;
	int r = redis_call(c, &list, err, "CLIENT LIST TYPE normal");

	if (r < 0)
		return r;
	for (const char *line = redis_is_str(list) ? list->str : ""; *line;) {
		read_client(line, all, &n);
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	*ret = 0;
	for (size_t i = 0; i < n; i++)
		*ret += all[i].asks && all[i].heard;
	return 0;
}

/* ---- queues ---- */

static void set_int(json_t *o, const char *key, json_int_t value)
{
	json_object_set_new(o, key, json_integer(value));
}

/* The sums over all queues, and which one has waited longest. */
static void sum_up(const json_t *status, json_t *out)
{
	const json_t *queues = json_object_get(status, "queues"), *q, *longest = NULL;
	json_int_t waiting = 0, pending = 0, age = 0;
	size_t i;

	json_array_foreach(queues, i, q)
	{
		const json_int_t ms = json_int(q, "oldest_waiting_ms", -1);

		waiting += json_int(q, "waiting", 0);
		pending += json_int(q, "pending", 0);
		if (ms >= 0 && (!longest || ms > age)) {
			longest = q;
			age = ms;
		}
	}
	set_int(out, "queues", (json_int_t)json_array_size(queues));
	set_int(out, "waiting", waiting);
	set_int(out, "pending", pending);
	if (!longest)
		return;
	set_int(out, "oldest_waiting_ms", age);
	json_object_set(out, "queue", json_object_get(longest, "name"));
}

int probe_queue(char **argv, json_t *out, struct err *err)
{
	_cleanup_redis_ struct redis *c = NULL;
	_cleanup_json_ json_t *status = json_object();
	json_int_t workers;
	int r = probe_open_redis(&c, err);

	if (r >= 0)
		r = letters_status(c, status, err);
	if (r >= 0)
		r = count_workers(c, &workers, err);
	if (r < 0)
		return r;
	sum_up(status, out);
	set_int(out, "workers", workers);
	set_int(out, "dead", json_int(status, "dead", 0));
	set_int(out, "newest_dead_ms", json_int(status, "newest_dead_ms", -1));
	return 0;
}
