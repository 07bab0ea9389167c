/*
 * The boundary to jansson: see json.h.  jansson itself caps nesting (2048 levels), refuses bad
 * UTF-8 and \u0000 in strings.
 */
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

int json_parse(const char *text, size_t len, size_t max, json_t **ret, struct err *err)
{
	json_error_t e;
	json_t *j;

	if (len > max)
		return err_set(err, -EFBIG, "more than %zu bytes of JSON", max);
	j = json_loadb(text ? text : "", len, 0, &e);
	if (!j)
		return err_set(err, -EBADMSG, "not JSON: line %d: %s", e.line, e.text);
	*ret = j;
	return 0;
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
