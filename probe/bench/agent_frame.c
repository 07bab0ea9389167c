/* Frames between svarm and its agent: see agent_frame.h.  Both ends take the other for hostile. */
#include "probe/bench/agent_frame.h"

#include <ctype.h>
#include <string.h>

enum { MAX_HEAD = 64 };

void agent_frame_reader_done(struct agent_frame_reader *r)
{
	buf_done(&r->in);
}

void agent_frame_feed(struct agent_frame_reader *r, const char *data, size_t len)
{
	if (r->at) {
		buf_consume(&r->in, r->at);
		r->at = 0;
	}
	buf_add(&r->in, data, len);
}

/* Read digits at *@p, which must be followed by @end: at most nine, without a superfluous 0. */
static bool take_number(const char **p, char end, unsigned long *ret)
{
	const char *s = *p;
	unsigned long value = 0;

	for (; isdigit((unsigned char)*s); s++) {
		if (s - *p == 9)
			return false;
		value = value * 10 + (unsigned long)(*s - '0');
	}
	if (s == *p || *s != end || (**p == '0' && s - *p > 1))
		return false;
	*p = s + 1;
	*ret = value;
	return true;
}

/* The line at the front, which ends in a newline. */
static bool parse_head(const char *p, struct agent_frame *ret)
{
	size_t n = 0;
	unsigned long len;

	while (n < AGENT_FRAME_MAX_WORD && p[n] >= 'a' && p[n] <= 'z')
		n++;
	if (!n || p[n] != ' ')
		return false;
	memcpy(ret->word, p, n);
	ret->word[n] = '\0';
	p += n + 1;
	if (!take_number(&p, ' ', &ret->id) || !take_number(&p, '\n', &len))
		return false;
	ret->len = len;
	return true;
}

int agent_frame_next(struct agent_frame_reader *r, struct agent_frame *ret, struct err *err)
{
	const char *start = buf_str(&r->in) + r->at;
	const size_t have = r->in.len - r->at;
	const char *nl = have ? memchr(start, '\n', MIN_OF(have, (size_t)MAX_HEAD)) : NULL;
	struct agent_frame f = {0};
	size_t head;

	if (!nl && have < MAX_HEAD)
		return 0;
	if (!nl || !parse_head(start, &f))
		return err_set(err, -EBADMSG, "what came is no frame");
	if (f.len > r->max)
		return err_set(err, -EBADMSG, "a frame of %zu bytes; at most %zu are expected",
			f.len, r->max);
	head = (size_t)(nl - start) + 1;
	if (have - head < f.len)
		return 0;
	f.data = nl + 1;
	r->at += head + f.len;
	*ret = f;
	return 1;
}

void agent_frame_add(
	struct buf *out, const char *word, unsigned long id, const void *data, size_t len)
{
	buf_addf(out, "%s %lu %zu\n", word, id, len);
	buf_add(out, data, len);
}

void agent_frame_add_start(struct buf *out, unsigned long id, const struct agent_frame_start *s)
{
	_cleanup_(buf_wipe) struct buf text = BUF_INIT;
	size_t args = 0;

	while (s->argv[args])
		args++;
	buf_addf(&text, "%lu %s %zu\n", s->msec, s->container ? s->container : "-", args);
	for (size_t i = 0; i < args; i++)
		buf_add(&text, s->argv[i], strlen(s->argv[i]) + 1);
	buf_reserve(&text, s->input_len);
	buf_add(&text, s->input, s->input_len);
	buf_reserve(out, text.len + MAX_HEAD);
	agent_frame_add(out, "start", id, text.data, text.len);
}

bool agent_frame_is_container(const char *id)
{
	return strspn(id, "0123456789abcdef") == 64 && !id[64];
}

static bool take_container(const char **p, struct agent_frame_start *ret)
{
	size_t n = strcspn(*p, " \n");

	if ((*p)[n] != ' ')
		return false;
	if (n == 1 && **p == '-') {
		*p += 2;
		return true;
	}
	if (n != 64)
		return false;
	memcpy(ret->id_text, *p, 64);
	ret->id_text[64] = '\0';
	ret->container = ret->id_text;
	*p += 65;
	return agent_frame_is_container(ret->id_text);
}

static bool take_args(
	const char **p, const char *end, unsigned long n, struct agent_frame_start *ret)
{
	if (!n || n > AGENT_FRAME_MAX_ARGS)
		return false;
	for (unsigned long i = 0; i < n; i++) {
		const char *nul = memchr(*p, '\0', (size_t)(end - *p));

		if (!nul)
			return false;
		ret->argv[i] = *p;
		*p = nul + 1;
	}
	return ret->argv[0][0] != '\0';
}

int agent_frame_parse_start(
	const struct agent_frame *f, struct agent_frame_start *ret, struct err *err)
{
	const char *p = f->data, *end = f->data + f->len;
	unsigned long args;

	*ret = (struct agent_frame_start){0};
	if (!f->len || !memchr(p, '\n', f->len) || !take_number(&p, ' ', &ret->msec) ||
		!ret->msec || !take_container(&p, ret) || !take_number(&p, '\n', &args) ||
		!take_args(&p, end, args, ret))
		return err_set(err, -EBADMSG, "a command that is none");
	ret->input = p;
	ret->input_len = (size_t)(end - p);
	return 0;
}

int agent_frame_status(const struct agent_frame *f)
{
	char text[8] = "";
	const char *p = text;
	unsigned long status;

	if (f->len >= sizeof(text) - 1)
		return -1;
	memcpy(text, f->data, f->len);
	text[f->len] = '\n';
	return take_number(&p, '\n', &status) && status < 256 ? (int)status : -1;
}
