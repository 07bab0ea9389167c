/*
 * Feeds arbitrary bytes to what reads logs: the question (the input's first line as a query) and
 * Docker's framed stream (the rest), which is cut at two different places and must say the same.
 */
#include <stddef.h>
#include <stdint.h>

#include "faas/gateway/log_query.h"
#include "faas/gateway/log_records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_record(void *arg, const struct log_record *r)
{
	buf_addf(arg, "%s|%s|", r->timestamp, r->instance);
	buf_add(arg, r->text, r->text_len);
	return 0;
}

static int feed(const char *text, size_t size, size_t step, struct buf *out)
{
	struct log_demux d = {.on_record = on_record, .arg = out};
	_cleanup_err_ struct err err = ERR_INIT;
	int r = 0;

	for (size_t at = 0; at < size && r == 0; at += step)
		r = log_demux_feed(&d, text + at, MIN_OF(step, size - at), &err);
	if (r < 0 && !err.msg)
		abort(); /* a failure says why */
	if (r < 0 && strlen(log_reason(err.msg)) > strlen(err.msg))
		abort();
	log_demux_done(&d);
	return r;
}

static void try_stream(const char *text, size_t size)
{
	_cleanup_buf_ struct buf whole = BUF_INIT, pieces = BUF_INIT;
	int a = feed(text, size, size + 1, &whole), b = feed(text, size, 3, &pieces);

	if (a != b || whole.len != pieces.len ||
		memcmp(buf_str(&whole), buf_str(&pieces), whole.len) != 0)
		abort();
}

static void try_query(const char *text, size_t size)
{
	_cleanup_buf_ struct buf query = BUF_INIT, path = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct log_query q;

	buf_add(&query, text, size);
	if (log_query_parse(query.data, 1767323045000000000, &q, &err) < 0) {
		if (!err.msg)
			abort();
		return;
	}
	log_query_path(&q, "id", &path);
	for (const char *p = path.data; *p; p++)
		if (*p <= ' ' || *p > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = size ? memchr(text, '\n', size) : NULL;
	size_t first = end ? (size_t)(end - text) : size;

	try_query(text, first);
	try_stream(text + first + (end != NULL), size - first - (end != NULL));
	return 0;
}
