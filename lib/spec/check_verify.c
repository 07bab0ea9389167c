/* Thresholds of the spec: whether they can be read, and where not.  Their texts are kept; whoever
 * judges reads them again. */
#include "lib/spec/checker.h"
#include "lib/spec/source.h"
#include "lib/spec/threshold.h"

static int characters(const char *s, size_t len)
{
	int n = 0;
	uint32_t c;

	for (size_t i = 0; i < len; n++)
		i += MAX_OF(utf8_decode(s + i, len - i, &c), (size_t)1);
	return n;
}

/* The part of @whole that is wrong.  All of it when the text is not written as it is read: with
 * escapes, over several lines, from a variable. */
static struct yaml_span part(
	struct yaml_span whole, const char *text, const struct threshold_fault *f)
{
	int n = characters(text, strlen(text)), written = whole.end.col - whole.start.col;
	struct yaml_span at = whole;

	if (whole.start.line != whole.end.line || (written != n && written != n + 2))
		return whole;
	at.start.col += characters(text, f->at) + (written == n + 2);
	at.end.col = at.start.col + characters(text + f->at, MIN_OF(f->len, strlen(text + f->at)));
	return at;
}

static void check_one(struct checker *k, size_t i)
{
	const char *text = k->draft->c.fail_if[i];
	_cleanup_buf_ struct buf where = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct threshold_fault fault;
	struct threshold t;
	const struct mark *m;

	buf_addf(&where, "verify.fail_if[%zu]", i);
	m = marks_find(k->marks, "%s", buf_str(&where));
	if (!m) { /* a single one, not in a list */
		buf_clear(&where);
		buf_adds(&where, "verify.fail_if");
		m = marks_find(k->marks, "%s", buf_str(&where));
	}
	if ((m && m->bad) || !text || threshold_parse(text, &t, &fault, &err) >= 0)
		return;
	diag_add(k->diag, part(check_place(k, m), text, &fault), buf_str(&where), "%s",
		err_msg(&err));
}

void check_verify(struct checker *k)
{
	for (size_t i = 0; i < k->draft->c.n_fail_if; i++)
		check_one(k, i);
}
