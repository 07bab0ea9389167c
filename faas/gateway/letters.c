/*
 * Looking after the queues: see letters.h.  Entries may hold 10 MB each and many are looked at, so
 * a script within Redis goes through them one by one, a few in each run, and bodies leave it only
 * when they are asked for.
 */
#include "faas/gateway/letters.h"

#include <getopt.h>

#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "faas/common/probe.h"
#include "lib/base/base64.h"
#include "lib/base/clock.h"

enum {
	SCAN = 20, /* entries in one run of the script */
	DEFAULT_LIMIT = 100,
	MAX_LIMIT = 100000,
	CONSUMER_MS = 60000, /* a worker that has not been heard of for so long does not count */
};

/*
 * KEYS: the set of names, the common stream, the dead letters; ARGV: group, CONSUMER_MS.
 * [number of dead, oldest dead, newest dead, then for each queue
 * [name, entries, pending, workers, oldest id, oldest id that no worker has taken]]
 */
static const char status_script[] =
	"local function first(key)\n"
	"  local e = redis.call('XRANGE', key, '-', '+', 'COUNT', 1)[1]\n"
	"  return e and e[1] or ''\n"
	"end\n"
	"local last = redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]\n"
	"local out = {redis.call('XLEN', KEYS[3]), first(KEYS[3]), last and last[1] or ''}\n"
	"local function untaken(key)\n"
	"  local g = redis.pcall('XINFO', 'GROUPS', key)\n"
	"  for i = 1, g.err and 0 or #g do\n"
	"    local f = {}\n"
	"    for k = 1, #g[i], 2 do f[g[i][k]] = g[i][k + 1] end\n"
	"    if f.name == ARGV[1] then\n"
	"      local e = redis.call('XRANGE', key, '(' .. f['last-delivered-id'], '+',\n"
	"        'COUNT', 1)[1]\n"
	"      return e and e[1] or ''\n"
	"    end\n"
	"  end\n"
	"  return first(key)\n"
	"end\n"
	"local function add(name, key)\n"
	"  local pending, workers = 0, 0\n"
	"  local p = redis.pcall('XPENDING', key, ARGV[1])\n"
	"  if not p.err then pending = p[1] end\n"
	"  local c = redis.pcall('XINFO', 'CONSUMERS', key, ARGV[1])\n"
	"  for i = 1, c.err and 0 or #c do\n"
	"    for k = 1, #c[i], 2 do\n"
	"      if c[i][k] == 'idle' and c[i][k + 1] < tonumber(ARGV[2]) then\n"
	"        workers = workers + 1\n"
	"      end\n"
	"    end\n"
	"  end\n"
	"  out[#out + 1] = {name, redis.call('XLEN', key), pending, workers, first(key),\n"
	"    untaken(key)}\n"
	"end\n"
	"add('', KEYS[2])\n"
	"local names = redis.call('SMEMBERS', KEYS[1])\n"
	"table.sort(names)\n"
	"for _, name in ipairs(names) do add(name, KEYS[2] .. ':' .. name) end\n"
	"return out\n";

/*
 * Walk through the dead letters.  KEYS: they, the common stream, the set of names; ARGV: what to do
 * (list, replay, purge), where to begin, where to end, a function or "", entries to look at,
 * entries to do it to, how many names there may be, and whether to list bodies ("1").  List goes
 * backwards.  [where to go on, or "" at the end; how many; those listed]
 */
static const char walk_script[] =
	"local todo, at, till, fn, bodies = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[8] == '1'\n"
	"local n, out = 0, {}\n"
	"local function replay(e, f)\n"
	"  local to, q, fields = KEYS[2], f.q or '', {}\n"
	"  if #q <= 63 and q ~= 'default' and string.match(q, '^%w[%w_-]*$')\n"
	"    and string.match(q, '%w$')\n"
	"    and (redis.call('SISMEMBER', KEYS[3], q) == 1\n"
	"      or redis.call('SCARD', KEYS[3]) < tonumber(ARGV[7])) then\n"
	"    redis.call('SADD', KEYS[3], q)\n"
	"    to = KEYS[2] .. ':' .. q\n"
	"  end\n"
	"  for k = 1, math.min(#e[2], 200), 2 do\n"
	"    local name = e[2][k]\n"
	"    if name ~= 'reason' and name ~= 'status' and name ~= 'attempts' and name ~= 'n' then\n"
	"      fields[#fields + 1] = name\n"
	"      fields[#fields + 1] = e[2][k + 1]\n"
	"    end\n"
	"  end\n"
	"  if #fields == 0 then fields = {'empty', '1'} end\n"
	"  redis.call('XADD', to, '*', unpack(fields))\n"
	"  redis.call('XDEL', KEYS[1], e[1])\n"
	"end\n"
	"local function list(e, f)\n"
	"  out[#out + 1] = {e[1], f.id or '', f.fn or '', f.q or '', f.reason or '',\n"
	"    f.status or '', f.attempts or '', f.method or '', f.path or '', f.t or '',\n"
	"    #(f.body or ''), bodies and f.body or ''}\n"
	"end\n"
	"for _ = 1, tonumber(ARGV[5]) do\n"
	"  if n == tonumber(ARGV[6]) then break end\n"
	"  local e = redis.call(todo == 'list' and 'XREVRANGE' or 'XRANGE', KEYS[1], at, till,\n"
	"    'COUNT', 1)[1]\n"
	"  if not e then return {'', n, out} end\n"
	"  at = '(' .. e[1]\n"
	"  local f = {}\n"
	"  for k = 1, #e[2], 2 do f[e[2][k]] = e[2][k + 1] end\n"
	"  if fn == '' or f.fn == fn then\n"
	"    n = n + 1\n"
	"    if todo == 'list' then list(e, f)\n"
	"    elseif todo == 'replay' then replay(e, f)\n"
	"    else redis.call('XDEL', KEYS[1], e[1]) end\n"
	"  end\n"
	"end\n"
	"return {at, n, out}\n";

struct options {
	const char *todo;     /* list, replay, purge */
	const char *function; /* "": any */
	const char *id;       /* NULL: all */
	long limit;
	bool all, bodies;
};

/* ---- status ---- */

static long long integer_at(const redisReply *r, size_t i)
{
	const redisReply *n = redis_at(r, i);

	return n && n->type == REDIS_REPLY_INTEGER ? n->integer : 0;
}

static void set_str(json_t *o, const char *key, const redisReply *r, size_t i)
{
	const redisReply *s = redis_at(r, i);

	json_set_text(o, key, redis_is_str(s) ? s->str : "", redis_is_str(s) ? s->len : 0);
}

static bool is_empty(const redisReply *s)
{
	return !redis_is_str(s) || !s->len;
}

/* Milliseconds since the entry with the id @id came; null for none. */
static json_t *age_of(const redisReply *id)
{
	struct timespec ts;
	long long then, now;

	if (is_empty(id))
		return json_null();
	clock_gettime(CLOCK_REALTIME, &ts);
	then = strtoll(id->str, NULL, 10);
	now = (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	return json_integer(now > then ? now - then : 0);
}

static json_t *queue_of(const redisReply *r)
{
	json_t *q = json_object();
	long long depth = integer_at(r, 1), pending = integer_at(r, 2);

	if (is_empty(redis_at(r, 0)))
		json_object_set_new(q, "name", json_string(QUEUE_DEFAULT));
	else
		set_str(q, "name", r, 0);
	json_object_set_new(q, "depth", json_integer(depth));
	json_object_set_new(q, "pending", json_integer(pending));
	json_object_set_new(q, "waiting", json_integer(depth > pending ? depth - pending : 0));
	json_object_set_new(q, "consumers", json_integer(integer_at(r, 3)));
	json_object_set_new(q, "oldest_ms", age_of(redis_at(r, 4)));
	json_object_set_new(q, "oldest_waiting_ms", age_of(redis_at(r, 5)));
	return q;
}

int letters_status(struct redis *c, json_t *out, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	json_t *queues = json_array();
	int r;

	json_object_set_new(out, "queues", queues);
	r = redis_call(c, &reply, err, "EVAL %s 3 %s %s %s %s %d", status_script, KEY_QUEUES,
		KEY_QUEUE, KEY_DEAD, QUEUE_GROUP, CONSUMER_MS);
	if (r < 0)
		return r;
	json_object_set_new(out, "dead", json_integer(integer_at(reply, 0)));
	json_object_set_new(out, "oldest_dead_ms", age_of(redis_at(reply, 1)));
	json_object_set_new(out, "newest_dead_ms", age_of(redis_at(reply, 2)));
	for (size_t i = 3; redis_at(reply, i); i++)
		json_array_append_new(queues, queue_of(redis_at(reply, i)));
	return 0;
}

/* ---- dead letters ---- */

static void set_number(json_t *o, const char *key, const redisReply *r, size_t i)
{
	const redisReply *s = redis_at(r, i);

	json_object_set_new(o, key, json_integer(redis_is_str(s) ? strtoll(s->str, NULL, 10) : 0));
}

/* The time in seconds @seconds as text. */
static void set_time(json_t *o, const char *key, long long seconds)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (seconds <= 0)
		return;
	clock_rfc3339(&text, (time_t)seconds);
	json_object_set_new(o, key, json_string(buf_str(&text)));
}

static json_t *letter_of(const redisReply *r, bool bodies)
{
	const redisReply *id = redis_at(r, 0), *t = redis_at(r, 9), *body = redis_at(r, 11);
	_cleanup_buf_ struct buf text = BUF_INIT;
	json_t *o = json_object();

	set_str(o, "id", r, 0);
	set_str(o, "call_id", r, 1);
	set_str(o, "function", r, 2);
	if (is_empty(redis_at(r, 3)))
		json_object_set_new(o, "queue", json_string(QUEUE_DEFAULT));
	else
		set_str(o, "queue", r, 3);
	set_str(o, "reason", r, 4);
	set_number(o, "status", r, 5);
	set_number(o, "attempts", r, 6);
	set_str(o, "method", r, 7);
	set_str(o, "path", r, 8);
	set_time(o, "accepted", redis_is_str(t) ? strtoll(t->str, NULL, 10) / 1000000000 : 0);
	set_time(o, "died", redis_is_str(id) ? strtoll(id->str, NULL, 10) / 1000 : 0);
	json_object_set_new(o, "bytes", json_integer(integer_at(r, 10)));
	if (bodies && redis_is_str(body)) {
		base64_encode(body->str, body->len, &text);
		json_object_set_new(o, "body", json_string(buf_str(&text)));
	}
	return o;
}

/* One run of the walk from *@at (48 bytes), which is moved on ("" at the end), to @till, for @most
 * letters at most. */
static int walk(struct redis *c, const struct options *o, char *at, const char *till, long most,
	redisReply **ret, struct err *err)
{
	const redisReply *next;
	int r;

	r = redis_call(c, ret, err, "EVAL %s 3 %s %s %s %s %s %s %s %d %ld %d %s", walk_script,
		KEY_DEAD, KEY_QUEUE, KEY_QUEUES, o->todo, at, till, o->function,
		o->bodies ? 1 : SCAN, most, QUEUE_MAX_NAMES, o->bodies ? "1" : "0");
	if (r < 0)
		return r;
	next = redis_at(*ret, 0);
	if (!redis_is_str(next) || next->len >= 48)
		return err_set(err, -EBADMSG, "redis: not what the script returns");
	snprintf(at, 48, "%s", next->str);
	return 0;
}

/* Printed one by one: with their bodies they need not fit into memory together. */
static int dead(struct redis *c, const struct options *o, struct err *err)
{
	char at[48] = "+";
	long left = o->limit;
	int r = 0;

	printf("{\"dead\":[");
	while (r == 0 && left > 0 && *at) {
		_cleanup_reply_ redisReply *reply = NULL;
		const redisReply *one;

		r = walk(c, o, at, "-", left, &reply, err);
		for (size_t i = 0; r == 0 && (one = redis_at(redis_at(reply, 2), i)); i++) {
			_cleanup_json_ json_t *letter = letter_of(one, o->bodies);
			_cleanup_buf_ struct buf text = BUF_INIT;

			json_print(letter, &text);
			printf("%s%s", left == o->limit ? "" : ",", buf_str(&text));
			left--;
		}
	}
	printf("],\"more\":%s,", r == 0 && *at ? "true" : "false");
	return r;
}

static bool is_letter_id(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && n < 20 && s[n] == '-' && s[n + 1] && strlen(s) < 42 &&
	       !s[n + 1 + strspn(s + n + 1, "0123456789")];
}

/* The newest id now: what dies while letters are replayed is not replayed with them. */
static int newest(struct redis *c, char *ret, struct err *err)
{
	struct options o = {.todo = "list", .function = ""};
	_cleanup_reply_ redisReply *reply = NULL;
	char at[48] = "+";
	const redisReply *id;
	int r = walk(c, &o, at, "-", 1, &reply, err);

	if (r < 0)
		return r;
	id = redis_at(redis_at(redis_at(reply, 2), 0), 0);
	snprintf(ret, 48, "%s", redis_is_str(id) && id->len < 48 ? id->str : "0-0");
	return 0;
}

/* Replay or purge. */
static int work_off(
	struct redis *c, const struct options *o, const char *count, json_t *out, struct err *err)
{
	char at[48] = "-", till[48];
	long long n = 0;
	int r = 0;

	if (o->id) {
		snprintf(at, sizeof(at), "%s", o->id);
		snprintf(till, sizeof(till), "%s", o->id);
	} else {
		r = newest(c, till, err);
	}
	while (r == 0 && *at) {
		_cleanup_reply_ redisReply *reply = NULL;

		r = walk(c, o, at, till, MAX_LIMIT, &reply, err);
		n += r == 0 ? integer_at(reply, 1) : 0;
		if (o->id)
			break;
	}
	json_object_set_new(out, count, json_integer(n));
	if (r == 0 && o->id && !n)
		return err_set(err, -ENOENT, "no dead letter '%s'", o->id);
	return r;
}

/* ---- the command line ---- */

static int usage(void)
{
	fprintf(stderr, "usage:\n"
			"  queue status\n"
			"  queue dead [--limit N] [--function NAME] [--bodies]\n"
			"  queue replay ID | --all | --function NAME\n"
			"  queue purge ID | --all | --function NAME\n");
	return 2;
}

static bool parse(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {{"limit", required_argument, NULL, 'l'},
		{"function", required_argument, NULL, 'f'}, {"bodies", no_argument, NULL, 'b'},
		{"all", no_argument, NULL, 'a'}, {NULL, 0, NULL, 0}};
	char *end = NULL;
	int k;

	*o = (struct options){.function = "", .limit = DEFAULT_LIMIT};
	while ((k = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (k == 'l')
			o->limit = strtol(optarg, &end, 10);
		else if (k == 'f')
			o->function = optarg;
		else if (k == 'b')
			o->bodies = true;
		else if (k == 'a')
			o->all = true;
		else
			return false;
	}
	o->id = optind < argc ? argv[optind++] : NULL;
	return optind == argc && o->limit >= 0 && o->limit <= MAX_LIMIT && !(end && *end) &&
	       (!*o->function || name_is_function(o->function)) && (!o->id || is_letter_id(o->id));
}

/* Exactly one way to say which. */
static bool chosen(const struct options *o)
{
	return (o->id != NULL) + o->all + (*o->function != '\0') == 1 && !o->bodies;
}

static int run(const char *name, struct options *o, json_t *out, struct err *err)
{
	_cleanup_redis_ struct redis *c = NULL;
	int r = probe_open_redis(&c, err);

	o->todo = !strcmp(name, "dead") ? "list" : name;
	if (!strcmp(name, "dead") && r < 0)
		printf("{\"dead\":[],\"more\":false,");
	if (r < 0)
		return r;
	if (!strcmp(name, "status"))
		return letters_status(c, out, err);
	if (!strcmp(name, "dead"))
		return dead(c, o, err);
	return work_off(c, o, !strcmp(name, "replay") ? "replayed" : "purged", out, err);
}

static bool is_right(const char *name, const struct options *o)
{
	if (!strcmp(name, "status"))
		return !o->id && !o->all && !*o->function;
	if (!strcmp(name, "dead"))
		return !o->id && !o->all;
	return (!strcmp(name, "replay") || !strcmp(name, "purge")) && chosen(o);
}

int letters_main(int argc, char **argv)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_json_ json_t *out = json_object();
	_cleanup_err_ struct err err = ERR_INIT;
	struct options o;
	int r;

	if (argc < 1 || !parse(argc, argv, &o) || !is_right(argv[0], &o))
		return usage();
	r = run(argv[0], &o, out, &err);
	json_object_set_new(out, "ok", json_boolean(r == 0));
	if (r < 0)
		json_set_text(out, "error", err_msg(&err), strlen(err_msg(&err)));
	json_print(out, &text);
	/* dead() has begun the object */
	puts(buf_str(&text) + (!strcmp(argv[0], "dead") ? 1 : 0));
	return r < 0 ? 1 : 0;
}
