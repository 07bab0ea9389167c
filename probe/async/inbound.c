/* The callbacks' parser: see inbound.h. */
#include "probe/async/inbound.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/macro.h"

void inbound_begin(struct inbound *in)
{
	static const char status[] = "HTTP/1.1 200 OK\r\n";

	memset(in, 0, offsetof(struct inbound, rest));
	in->line_read = false;
	in->line_len = 0;
	response_begin(&in->rest, false);
	response_feed(&in->rest, status, sizeof(status) - 1);
}

/* "METHOD /PATH HTTP/1.x": the path is everything between the two blanks. */
static bool read_request_line(struct inbound *in)
{
	size_t len = MIN_OF(in->line_len, sizeof(in->path) - 1);
	char *path, *end;

	in->path[len] = '\0';
	path = strchr(in->path, ' ');
	end = path ? strchr(path + 1, ' ') : NULL;
	if (!end || path == in->path || path[1] != '/' || strncmp(end + 1, "HTTP/1.", 7))
		return false;
	*end = '\0';
	memmove(in->path, path + 1, strlen(path + 1) + 1);
	return true;
}

/* A byte of the request line, which is gathered where the path will be. */
static void feed_request_line(struct inbound *in, char c)
{
	if (c != '\n') {
		if (in->line_len < sizeof(in->path) - 1)
			in->path[in->line_len] = c;
		if (++in->line_len > RESPONSE_LINE)
			in->state = INBOUND_BROKEN;
		return;
	}
	in->line_read = read_request_line(in);
	in->line_len = 0;
	if (!in->line_read)
		in->state = INBOUND_BROKEN;
}

static void read_header(struct inbound *in)
{
	static const char name[] = "X-Function-Status:";
	const char *value = in->line + sizeof(name) - 1;

	if (in->line_len >= sizeof(in->line))
		return; /* longer than that one is */
	in->line[in->line_len] = '\0';
	if (strncasecmp(in->line, name, sizeof(name) - 1))
		return;
	value += strspn(value, " \t");
	if (strspn(value, "0123456789") == 3)
		in->function_status = (int)strtol(value, NULL, 10);
}

/* A byte of the headers or of the chunks' framing. */
static void feed_byte(struct inbound *in, char c)
{
	bool header = in->rest.state == RESPONSE_HEADERS;

	if (header && c == '\n') {
		read_header(in);
		in->line_len = 0;
	} else if (header) {
		if (in->line_len < sizeof(in->line))
			in->line[in->line_len] = c;
		in->line_len++;
	}
	response_feed(&in->rest, &c, 1);
}

static size_t feed_body(struct inbound *in, const char *data, size_t len)
{
	size_t n = (size_t)MIN_OF((uint64_t)len, in->rest.left);

	if (in->body_len < sizeof(in->body))
		memcpy(in->body + in->body_len, data, MIN_OF(n, sizeof(in->body) - in->body_len));
	in->body_len += n;
	response_feed(&in->rest, data, n);
	return n;
}

static void look(struct inbound *in)
{
	switch (in->rest.state) {
	case RESPONSE_DONE: in->state = INBOUND_DONE; break;
	case RESPONSE_BROKEN: in->state = INBOUND_BROKEN; break;
	case RESPONSE_UNTIL_CLOSE: /* a request without a length has no body … */
		in->state = in->rest.encoded ? INBOUND_BROKEN : INBOUND_DONE;
		in->rest.keep = true;
		break;
	default: break;
	}
}

size_t inbound_feed(struct inbound *in, const char *data, size_t len)
{
	size_t used = 0;

	while (used < len && in->state == INBOUND_MORE) {
		if (!in->line_read) {
			feed_request_line(in, data[used++]);
			continue;
		}
		if (in->rest.state == RESPONSE_SIZED || in->rest.state == RESPONSE_CHUNK)
			used += feed_body(in, data + used, len - used);
		else
			feed_byte(in, data[used++]);
		look(in);
	}
	return used;
}
