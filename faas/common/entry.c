/*
 * The queue's wire format: see entry.h.  What is read back was written by a gateway, but Redis is a
 * shared place: nothing from there reaches a header line or a URL unchecked.
 */
#include "faas/common/entry.h"

#include "faas/common/name.h"
#include "lib/ext/json.h"

enum field {
	F_ID,
	F_FN,
	F_PATH,
	F_QS,
	F_METHOD,
	F_HEADERS,
	F_BODY,
	F_T,
	/* optional: */
	F_CB,
	F_QUEUE,
	F_ATTEMPTS,
	F_MIN_WAIT,
	F_MAX_WAIT,
	F_CODES,
	F_TRIED,
	F_COUNT
};

static const char *const field_names[F_COUNT] = {"id", "fn", "path", "qs", "method", "headers",
	"body", "t", "cb", "q", "ra", "rmin", "rmax", "rc", "n"};

static void add(struct entry_command *c, const void *p, size_t n)
{
	c->argv[c->argc] = p;
	c->lens[c->argc++] = n;
}

static void add_field(struct entry_command *c, enum field f, const void *p, size_t n)
{
	add(c, field_names[f], strlen(field_names[f]));
	add(c, p, n);
}

static const char *headers_text(const struct entry *e, struct arena *a)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_json_ json_t *list = json_array();

	for (size_t i = 0; i < e->headers_n; i++) {
		json_t *pair = json_object(), *item = json_array();

		json_set_text(pair, "v", e->headers[i].value, strlen(e->headers[i].value));
		json_array_append_new(item, json_string(e->headers[i].name));
		json_array_append(item, json_object_get(pair, "v"));
		json_array_append_new(list, item);
		json_decref(pair);
	}
	json_print(list, &text);
	return arena_strdup(a, buf_str(&text));
}

static void add_number(struct entry_command *c, enum field f, unsigned long n, struct arena *a)
{
	const char *text;

	if (!n)
		return;
	text = arena_printf(a, "%lu", n);
	add_field(c, f, text, strlen(text));
}

static void add_options(struct entry_command *c, const struct entry *e, struct arena *a)
{
	_cleanup_buf_ struct buf codes = BUF_INIT;

	if (e->callback)
		add_field(c, F_CB, e->callback, strlen(e->callback));
	if (e->queue)
		add_field(c, F_QUEUE, e->queue, strlen(e->queue));
	add_number(c, F_ATTEMPTS, e->retry.attempts, a);
	add_number(c, F_MIN_WAIT, (unsigned long)e->retry.min_ms, a);
	add_number(c, F_MAX_WAIT, (unsigned long)e->retry.max_ms, a);
	retry_print_codes(&e->retry, &codes);
	if (codes.len)
		add_field(c, F_CODES, arena_strdup(a, buf_str(&codes)), codes.len);
	add_number(c, F_TRIED, e->tried, a);
}

void entry_encode(
	const struct entry *e, const char *stream, struct arena *a, struct entry_command *ret)
{
	const char *headers = headers_text(e, a);
	const char *t = arena_printf(a, "%llu", (unsigned long long)e->enqueued_ns);

	*ret = (struct entry_command){.queue = e->queue};
	add(ret, "XADD", 4);
	add(ret, stream, strlen(stream));
	add(ret, "*", 1);
	add_field(ret, F_ID, e->call_id, strlen(e->call_id));
	add_field(ret, F_FN, e->fn, strlen(e->fn));
	add_field(ret, F_PATH, e->path, strlen(e->path));
	add_field(ret, F_QS, e->query, strlen(e->query));
	add_field(ret, F_METHOD, e->method, strlen(e->method));
	add_field(ret, F_HEADERS, headers, strlen(headers));
	add_field(ret, F_BODY, e->body_len ? e->body : "", e->body_len);
	add_field(ret, F_T, t, strlen(t));
	add_options(ret, e, a);
}

static int bad(struct err *err, enum field f)
{
	return err_set(
		err, -EBADMSG, "queue entry: field '%s' is missing or malformed", field_names[f]);
}

void entry_command_add(struct entry_command *c, const char *name, const char *value)
{
	if (c->argc + 2 > (int)ARRAY_SIZE(c->argv))
		abort();
	add(c, name, strlen(name));
	add(c, value, strlen(value));
}

bool entry_is_url_text(const char *s)
{
	if (strlen(s) > ENTRY_MAX_URL)
		return false;
	for (const unsigned char *p = (const unsigned char *)s; *p; p++)
		if (*p <= 0x20 || *p == 0x7f || *p == '#')
			return false;
	return true;
}

static int decode_headers(const char *text, struct arena *a, struct entry *ret, struct err *err)
{
	_cleanup_json_ json_t *list = NULL;
	const char *name, *value;
	json_t *item;
	size_t i;

	if (json_parse(text, strlen(text), 4 * ENTRY_MAX_HEADER_BYTES, &list, err) < 0)
		return bad(err, F_HEADERS);
	if (!json_is_array(list) || json_array_size(list) > ENTRY_MAX_HEADERS)
		return bad(err, F_HEADERS);
	ret->headers = arena_array(a, struct entry_header, json_array_size(list) + 1);
	json_array_foreach(list, i, item)
	{
		name = json_string_value(json_array_get(item, 0));
		value = json_string_value(json_array_get(item, 1));
		if (!name || !value || !name_is_header(name) || !name_is_header_value(value))
			return bad(err, F_HEADERS);
		ret->headers[i].name = arena_strdup(a, name);
		ret->headers[i].value = arena_strdup(a, value);
	}
	ret->headers_n = i;
	return 0;
}

/* Field @f as a string in @a; NULL when absent or when it holds a NUL byte. */
static const char *text_of(const redisReply *const *v, enum field f, struct arena *a)
{
	if (!v[f] || memchr(v[f]->str, '\0', v[f]->len))
		return NULL;
	return arena_strndup(a, v[f]->str, v[f]->len);
}

static int decode_words(
	const redisReply *const *v, struct arena *a, struct entry *ret, struct err *err)
{
	const char *t;
	char *end;

	ret->call_id = text_of(v, F_ID, a);
	if (!ret->call_id || !name_is_call_id(ret->call_id))
		return bad(err, F_ID);
	ret->fn = text_of(v, F_FN, a);
	if (!ret->fn || !name_is_function(ret->fn))
		return bad(err, F_FN);
	ret->path = text_of(v, F_PATH, a);
	if (!ret->path || ret->path[0] != '/' || !entry_is_url_text(ret->path))
		return bad(err, F_PATH);
	ret->query = text_of(v, F_QS, a);
	if (!ret->query || !entry_is_url_text(ret->query))
		return bad(err, F_QS);
	ret->method = text_of(v, F_METHOD, a);
	if (!ret->method || !name_is_header(ret->method) || strlen(ret->method) > 16)
		return bad(err, F_METHOD);
	t = text_of(v, F_T, a);
	if (!t || !*t)
		return bad(err, F_T);
	errno = 0;
	ret->enqueued_ns = strtoull(t, &end, 10);
	return errno || *end || *t == '-' ? bad(err, F_T) : 0;
}

/* Field @f as a number from 1 to @max; 0 when it is absent. */
static int decode_number(const redisReply *const *v, enum field f, unsigned long max,
	struct arena *a, unsigned long *ret, struct err *err)
{
	const char *text = text_of(v, f, a);

	*ret = 0;
	if (!v[f])
		return 0;
	if (!text || !*text || strlen(text) > 9 || text[strspn(text, "0123456789")])
		return bad(err, f);
	*ret = strtoul(text, NULL, 10);
	return *ret < 1 || *ret > max ? bad(err, f) : 0;
}

static int decode_options(
	const redisReply *const *v, struct arena *a, struct entry *ret, struct err *err)
{
	const char *codes = text_of(v, F_CODES, a);
	unsigned long attempts, min, max, tried;
	int r;

	ret->callback = text_of(v, F_CB, a);
	if (v[F_CB] && (!ret->callback || !name_is_callback_url(ret->callback)))
		return bad(err, F_CB);
	ret->queue = text_of(v, F_QUEUE, a);
	if (v[F_QUEUE] && (!ret->queue || !name_is_queue(ret->queue)))
		return bad(err, F_QUEUE);
	if (v[F_CODES] && (!codes || !retry_parse_codes(codes, &ret->retry)))
		return bad(err, F_CODES);
	r = decode_number(v, F_ATTEMPTS, RETRY_MAX_ATTEMPTS, a, &attempts, err);
	if (r == 0)
		r = decode_number(v, F_MIN_WAIT, RETRY_MAX_WAIT_MS, a, &min, err);
	if (r == 0)
		r = decode_number(v, F_MAX_WAIT, RETRY_MAX_WAIT_MS, a, &max, err);
	if (r == 0)
		r = decode_number(v, F_TRIED, ENTRY_MAX_TRIED, a, &tried, err);
	if (r < 0)
		return r;
	ret->retry.attempts = (unsigned)attempts;
	ret->retry.min_ms = (long)min;
	ret->retry.max_ms = (long)max;
	ret->tried = (unsigned)tried;
	return 0;
}

int entry_decode(const redisReply *fields, struct arena *a, struct entry *ret, struct err *err)
{
	const redisReply *v[F_COUNT] = {NULL};
	struct entry e = {0};
	const char *headers;
	int r;

	if (!fields || fields->type != REDIS_REPLY_ARRAY || fields->elements % 2)
		return err_set(err, -EBADMSG, "queue entry: not a list of fields");
	for (size_t i = 0; i + 1 < fields->elements; i += 2) {
		const redisReply *k = fields->element[i], *val = fields->element[i + 1];

		if (!k || !val || k->type != REDIS_REPLY_STRING || val->type != REDIS_REPLY_STRING)
			return err_set(err, -EBADMSG, "queue entry: not a list of fields");
		for (int f = 0; f < F_COUNT; f++)
			if (!strcmp(k->str, field_names[f]))
				v[f] = val;
	}
	r = decode_words(v, a, &e, err);
	if (r == 0)
		r = decode_options(v, a, &e, err);
	if (r < 0)
		return r;
	headers = text_of(v, F_HEADERS, a);
	if (!headers)
		return bad(err, F_HEADERS);
	r = decode_headers(headers, a, &e, err);
	if (r < 0)
		return r;
	if (!v[F_BODY] || v[F_BODY]->len > ENTRY_MAX_BODY)
		return bad(err, F_BODY);
	e.body = arena_memdup(a, v[F_BODY]->str, v[F_BODY]->len);
	e.body_len = v[F_BODY]->len;
	*ret = e;
	return 0;
}
