/*
 * The boundary to jansson: see json.h.  jansson itself caps nesting (2048 levels), refuses bad
 * UTF-8 and \u0000 in strings.  It does not cap memory: "{}," is three bytes and takes 232, or 264
 * when freed memory is wiped; so a text is weighed before it is parsed.
 */
#define JSON_BOUNDARY
#include "lib/ext/json.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The size stands before the memory. */
enum { SIZE_ROOM = 16 };

static void *sized_malloc(size_t n)
{
	size_t *p = n < SIZE_MAX - SIZE_ROOM ? malloc(n + SIZE_ROOM) : NULL;

	if (!p)
		return NULL;
	*p = n;
	return (char *)p + SIZE_ROOM;
}

static void wiping_free(void *p)
{
	size_t *start = p ? (size_t *)(void *)((char *)p - SIZE_ROOM) : NULL;

	if (!start)
		return;
	explicit_bzero(start, *start + SIZE_ROOM);
	free(start);
}

void json_wipe_freed(void)
{
	json_set_alloc_funcs(sized_malloc, wiping_free);
}

/*
 * What jansson 2.14 takes for each part of a text, as glibc hands memory out, with wiping: an
 * object with its first eight buckets, an array with its first eight slots, one more slot of an
 * array, one more member of an object (buckets double: the old ones are freed after), a number, a
 * string or key without its bytes.  tests/unit/test_json.c holds it against what is really taken.
 */
enum {
	WEIGHT_OBJECT = 256,
	WEIGHT_ARRAY = 160,
	WEIGHT_SLOT = 24,
	WEIGHT_MEMBER = 48,
	WEIGHT_NUMBER = 48,
	WEIGHT_STRING = 104,
	WEIGHT_PARSER = 256,
	TOKEN_COPIES = 3, /* of the token being read, while its buffer grows */
};

/* Behind the string whose opening quote is before @p. */
static const char *skip_string(const char *p, const char *end)
{
	for (; p < end && *p != '"'; p++)
		p += *p == '\\' && p + 1 < end;
	return p < end ? p + 1 : end;
}

static const char *skip_number(const char *p, const char *end)
{
	while (p < end && *p && strchr("0123456789+-.eE", *p))
		p++;
	return p;
}

/* At least as much memory as is taken while @text is parsed, and by the value. */
static size_t weigh(const char *text, size_t len)
{
	const char *p = text, *end = text + len, *token;
	size_t sum = WEIGHT_PARSER, longest = 0;

	while (p < end) {
		token = p++;
		switch (*token) {
		case '{': sum += WEIGHT_OBJECT; continue;
		case '[': sum += WEIGHT_ARRAY; continue;
		case ',': sum += WEIGHT_SLOT; continue;
		case ':': sum += WEIGHT_MEMBER; continue;
		case '"':
			p = skip_string(p, end);
			sum += WEIGHT_STRING + (size_t)(p - token);
			break;
		case '-':
		case '0' ... '9':
			p = skip_number(p, end);
			sum += WEIGHT_NUMBER;
			break;
		default: continue;
		}
		longest = MAX_OF(longest, (size_t)(p - token));
	}
	return sum + TOKEN_COPIES * longest;
}

static int parse(
	const char *text, size_t len, size_t max, size_t flags, json_t **ret, struct err *err)
{
	json_error_t e;
	json_t *j;

	if (!text)
		text = "";
	if (len > max)
		return err_set(err, -EFBIG, "more than %zu bytes of JSON", max);
	/* Of a text that is not JSON only the beginning is ever parsed: it weighs less. */
	if (weigh(text, len) > JSON_MEMORY_ROOM + max * JSON_MEMORY_PER_BYTE)
		return err_set(err, -E2BIG,
			"JSON of so many values that it would take over %zu KiB of memory",
			(JSON_MEMORY_ROOM + max * JSON_MEMORY_PER_BYTE) >> 10);
	j = json_loadb(text, len, flags, &e);
	if (!j)
		return err_set(err, -EBADMSG, "not JSON: line %d: %s", e.line, e.text);
	*ret = j;
	return 0;
}

int json_parse(const char *text, size_t len, size_t max, json_t **ret, struct err *err)
{
	return parse(text, len, max, 0, ret, err);
}

int json_parse_unique(const char *text, size_t len, size_t max, json_t **ret, struct err *err)
{
	return parse(text, len, max, JSON_REJECT_DUPLICATES, ret, err);
}

static int print_cb(const char *text, size_t len, void *arg)
{
	buf_add(arg, text, len);
	return 0;
}

void json_print(const json_t *value, struct buf *out)
{
	json_dump_callback(value, print_cb, out,
		JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
}

const char *json_str(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

json_int_t json_int(const json_t *o, const char *key, json_int_t def)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : def;
}

bool json_bool(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

json_t *json_obj(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_object(v) ? v : NULL;
}

json_t *json_arr(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_array(v) ? v : NULL;
}

json_t *json_at(const json_t *o, ...)
{
	json_t *v = (json_t *)o;
	const char *key;
	va_list ap;

	va_start(ap, o);
	while (v && (key = va_arg(ap, const char *)))
		v = json_object_get(v, key);
	va_end(ap);
	return v;
}

void json_set_text(json_t *o, const char *key, const char *text, size_t len)
{
	_cleanup_buf_ struct buf clean = BUF_INIT;
	json_t *s = json_stringn(text, len);

	if (!s) {
		for (size_t i = 0; i < len; i++) {
			if ((unsigned char)text[i] < 0x80)
				buf_addc(&clean, text[i]);
			else
				buf_adds(&clean, "\xef\xbf\xbd");
		}
		s = json_stringn(buf_str(&clean), clean.len);
	}
	json_object_set_new(o, key, s);
}
