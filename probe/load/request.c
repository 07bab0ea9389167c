/* A request as text: see request.h. */
#include "probe/load/request.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"

/* Cut the next line out of the text at @at, and step over it; NULL when it holds a NUL byte. */
static char *next_line(struct buf *text, size_t *at)
{
	char *line = text->data + *at;
	char *end = memchr(line, '\n', text->len - *at);
	size_t len = end ? (size_t)(end - line) : text->len - *at;

	*at += end ? len + 1 : len;
	if (memchr(line, '\0', len))
		return NULL;
	line[len] = '\0';
	if (len && line[len - 1] == '\r')
		line[len - 1] = '\0';
	return line;
}

int request_parse(struct request *r, struct err *err)
{
	size_t at = 0, cap = 0;
	char *line, *blank;

	buf_adds(&r->text, ""); /* data is not NULL */
	line = next_line(&r->text, &at);
	blank = line ? strchr(line, ' ') : NULL;
	if (!blank || blank == line)
		return err_set(err, -EINVAL, "the request does not begin with 'METHOD URL'");
	*blank = '\0';
	r->rq.method = line;
	r->url = blank + 1;
	while (at < r->text.len) {
		line = next_line(&r->text, &at);
		if (!line)
			return err_set(err, -EINVAL, "the request's head holds a NUL byte");
		if (!*line)
			break;
		xgrow(r->headers, r->rq.n_headers, cap);
		r->headers[r->rq.n_headers++] = line;
	}
	r->rq.headers = r->headers;
	r->rq.body_len = r->text.len - at;
	r->rq.body = r->rq.body_len ? r->text.data + at : NULL;
	return 0;
}

void request_done(struct request *r)
{
	buf_wipe(&r->text);
	free(r->headers);
	r->headers = NULL;
}
