/*
 * The demo function: an HTTP/1.1 server that answers with what it was sent, and that can delay,
 * fail and size its answer on demand.  The lab calls it to see a function work, the tests to see
 * one misbehave, and the benchmarks as a backend that costs next to nothing: one epoll loop per
 * processor, no lock, no allocation and one write per small request.  It needs only libc and is
 * linked statically, so its container image is a single file.
 *
 *   echo [[ADDRESS:]PORT]     default: all addresses, port 8080; port 0 takes a free one
 *   ECHO_THREADS=N            default: one per processor, at most 4
 *
 * What a request may ask for, as ?key=value or as a header "X-Echo-Key: value":
 *   delay=MS     answer later             size=BYTES   answer that many bytes
 *   status=N     answer with that status  chunked=1    answer in chunks
 *   info=1       answer what arrived, as JSON          fail=close   hang up without an answer
 *   file=NAME    answer the secret of that name        env=NAME     answer that variable
 *   log=WORD     write a line to standard output
 * Secrets are looked for in $ECHO_SECRETS, default /var/openfaas/secrets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX       (16u << 10) /* request line and headers */
#define HEADERS_MAX    100
#define IN_MAX         (64u << 10)  /* what one connection reads ahead */
#define BODY_MAX       (64u << 20)  /* one request's body */
#define BODY_TOTAL_MAX (256u << 20) /* all bodies held at one moment; beyond it: 503 */
#define SIZE_MAX_ASKED (1u << 30)
#define NO_SIZE        UINT64_MAX
#define DELAY_MAX      600000u
#define PIECE          (16u << 10) /* one chunk of a chunked answer */
#define CHUNK_LINE_MAX 1024u       /* a chunk-size line with its extensions, or one trailer */
#define TRAILERS_MAX   (8u << 10)
#define SPARE_MAX      256
#define THREADS_MAX    64

/* Times are microseconds of the monotonic clock. */
#define MS             ((uint64_t)1000)
#define SECOND         (1000 * MS)
#define IDLE_TIMEOUT   (180 * SECOND) /* longer than any proxy keeps an idle connection to us */
#define HEAD_TIMEOUT   (30 * SECOND)
#define STALL_TIMEOUT  (60 * SECOND) /* a body or an answer that does not move */
#define LINGER_TIMEOUT (2 * SECOND)
#define DRAIN_TIMEOUT  (5 * SECOND)
#define DRAIN_GRACE                                                                  \
	(500 * MS) /* for a request that is already on its way to an idle connection \
		    */

struct str {
	const char *p;
	size_t n;
};

struct header {
	struct str name, value;
};

/* A parsed head.  All text is borrowed from the connection's buffer until the answer is sent. */
struct request {
	int minor; /* HTTP/1.minor */
	bool keep_alive, expect_continue, has_length, chunked;
	unsigned hosts, encodings;
	uint64_t length;
	struct str method, path, query, content_type;
	const char *why; /* set when parsing fails: what is wrong with it */
	/* what it asks for */
	uint64_t delay_ms, status, size, want_chunked, want_info;
	bool fail_close;
	struct str file, env, log;
	size_t n_headers;
	struct header headers[HEADERS_MAX];
};

/* The state of a chunked request body between two reads. */
struct chunk {
	enum {
		CHUNK_SIZE,
		CHUNK_EXT,
		CHUNK_LF,
		CHUNK_DATA,
		CHUNK_CR,
		CHUNK_END_LF,
		CHUNK_TRAILER
	} at;
	uint64_t left; /* of the current chunk */
	size_t line, trailers;
	bool digits, after_cr;
};

/* An answer on its way out: staged bytes (head, chunk frame), then a piece of the body. */
struct reply {
	char stage[1024];
	size_t stage_len, stage_off;
	const char *piece; /* borrowed: the body or the filler */
	size_t piece_left;
	const char *body; /* NULL: filler */
	uint64_t left;    /* of the body, after this piece */
	bool chunked, first, ended;
};

enum state { READ_HEAD, READ_BODY, DELAYED, WRITE, LINGER };

struct conn {
	struct conn *prev, *next;
	int fd;
	enum state state;
	uint32_t events;
	bool eof, close_after, linger;
	uint64_t deadline,
		timer_key; /* the heap may hold an earlier key: corrected when it fires */
	size_t timer_index;
	size_t in_len, head_len, scanned, next_off;
	uint64_t body_seen;
	char *body; /* owned; NULL while the body fits into in[] */
	size_t body_len, body_cap;
	struct chunk chunk;
	struct reply out;
	struct request rq;
	char in[IN_MAX];
};

struct worker {
	pthread_t thread;
	int ep, listener, stop;
	struct conn *conns, *spare;
	size_t n_conns, n_spare;
	struct conn **timers; /* binary heap by timer_key */
	size_t n_timers, cap_timers;
	uint64_t now, drain_end;
	bool paused, draining;
};

static char filler[64u << 10];
static char hostname[256];
static char greeting[300];
static _Atomic size_t body_total;

static uint64_t clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- text ---- */

static bool str_is(struct str s, const char *word)
{
	return strlen(word) == s.n && !strncasecmp(s.p, word, s.n);
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i], lower = c | 0x20;

		if ((c < '0' || c > '9') && (lower < 'a' || lower > 'z') &&
			(!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.n > 0;
}

/* No control characters; @space says whether blanks and tabs are fine. */
static bool is_text(struct str s, bool space)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == 0x7f || (c <= ' ' && !(space && (c == ' ' || c == '\t'))))
			return false;
	}
	return true;
}

static struct str str_trim(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = (struct str){s.p + 1, s.n - 1};
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Cut the text before @sep off the front of @rest; the whole rest when there is none. */
static struct str str_cut(struct str *rest, char sep)
{
	const char *at = memchr(rest->p, sep, rest->n);
	struct str s = {rest->p, at ? (size_t)(at - rest->p) : rest->n};
	size_t used = at ? s.n + 1 : s.n;

	*rest = (struct str){rest->p + used, rest->n - used};
	return s;
}

static bool parse_number(struct str s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!s.n || s.n > 18)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

/* ---- the request's head: 0 or the status to refuse it with ---- */

static int bad(struct request *rq, int status, const char *why)
{
	rq->why = why;
	return status;
}

static const struct wish {
	const char *key;
	uint64_t min, max;
	size_t where;
	const char *why;
} wishes[] = {
	{"delay", 0, DELAY_MAX, offsetof(struct request, delay_ms), "delay: 0 to 600000 ms"},
	{"status", 200, 599, offsetof(struct request, status), "status: 200 to 599"},
	{"size", 0, SIZE_MAX_ASKED, offsetof(struct request, size), "size: 0 to 1073741824 bytes"},
	{"chunked", 0, 1, offsetof(struct request, want_chunked), "chunked: 0 or 1"},
	{"info", 0, 1, offsetof(struct request, want_info), "info: 0 or 1"},
};

/* A name that leads nowhere else: letters, digits, and -_. not in front. */
static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i], lower = c | 0x20;

		if ((c < '0' || c > '9') && (lower < 'a' || lower > 'z') &&
			(!i || !c || !strchr("-_.", c)))
			return false;
	}
	return s.n > 0 && s.n < 100;
}

static int wish_name(struct request *rq, struct str value, struct str *ret)
{
	if (!is_name(value))
		return bad(rq, 400, "file, env, log: a plain name");
	*ret = value;
	return 0;
}

static int wish(struct request *rq, struct str key, struct str value)
{
	if (str_is(key, "file"))
		return wish_name(rq, value, &rq->file);
	if (str_is(key, "env"))
		return wish_name(rq, value, &rq->env);
	if (str_is(key, "log"))
		return wish_name(rq, value, &rq->log);
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		const struct wish *k = &wishes[i];
		uint64_t *v = (uint64_t *)((char *)rq + k->where);

		if (!str_is(key, k->key))
			continue;
		return parse_number(value, k->max, v) && *v >= k->min ? 0 : bad(rq, 400, k->why);
	}
	if (str_is(key, "fail")) {
		rq->fail_close = str_is(value, "close");
		return rq->fail_close ? 0 : bad(rq, 400, "fail: close");
	}
	return 0;
}

static int wishes_of_query(struct request *rq)
{
	struct str rest = rq->query;
	int r = 0;

	while (rest.n && !r) {
		struct str value = str_cut(&rest, '&');
		struct str key = str_cut(&value, '=');

		r = wish(rq, key, value);
	}
	return r;
}

static void parse_connection(struct request *rq, struct str value)
{
	while (value.n) {
		struct str token = str_trim(str_cut(&value, ','));

		if (str_is(token, "close"))
			rq->keep_alive = false;
		else if (str_is(token, "keep-alive") && rq->minor == 0)
			rq->keep_alive = true;
	}
}

static int parse_length(struct request *rq, struct str value)
{
	uint64_t n;

	if (!parse_number(value, UINT64_MAX, &n) || (rq->has_length && n != rq->length))
		return bad(rq, 400, "bad Content-Length");
	rq->has_length = true;
	rq->length = n;
	return 0;
}

static int take_header(struct request *rq, struct str name, struct str value)
{
	static const char prefix[] = "x-echo-";
	const size_t skip = sizeof(prefix) - 1;

	if (str_is(name, "host"))
		rq->hosts++;
	else if (str_is(name, "content-length"))
		return parse_length(rq, value);
	else if (str_is(name, "content-type") && value.n <= 200)
		rq->content_type = value;
	else if (str_is(name, "connection"))
		parse_connection(rq, value);
	else if (str_is(name, "transfer-encoding")) {
		rq->encodings++;
		rq->chunked = str_is(value, "chunked");
	} else if (str_is(name, "expect")) {
		if (!str_is(value, "100-continue"))
			return bad(rq, 417, "only 100-continue can be expected");
		rq->expect_continue = rq->minor > 0;
	} else if (name.n > skip && !strncasecmp(name.p, prefix, skip))
		return wish(rq, (struct str){name.p + skip, name.n - skip}, value);
	return 0;
}

static int parse_target(struct request *rq, struct str target)
{
	struct str rest = target;

	if (!is_text(target, false) || !target.n)
		return bad(rq, 400, "bad request target");
	if (target.n > 7 && !strncasecmp(target.p, "http://", 7)) {
		const char *slash = memchr(target.p + 7, '/', target.n - 7);

		rest = slash ? (struct str){slash, target.n - (size_t)(slash - target.p)}
			     : (struct str){"/", 1};
	} else if (target.p[0] != '/' && !(str_is(target, "*") && str_is(rq->method, "options"))) {
		return bad(rq, 400, "bad request target");
	}
	rq->path = str_cut(&rest, '?');
	rq->query = rest;
	return 0;
}

static int parse_request_line(struct request *rq, struct str line)
{
	struct str target;

	rq->method = str_cut(&line, ' ');
	target = str_cut(&line, ' ');
	if (!is_token(rq->method) || rq->method.n > 32)
		return bad(rq, 400, "bad method");
	if (line.n != 8 || memcmp(line.p, "HTTP/", 5) != 0 || line.p[6] != '.')
		return bad(rq, 400, "bad request line");
	if (line.p[5] != '1' || (line.p[7] != '0' && line.p[7] != '1'))
		return bad(rq, 505, "HTTP/1.0 and HTTP/1.1 only");
	rq->minor = line.p[7] - '0';
	rq->keep_alive = rq->minor == 1;
	return parse_target(rq, target);
}

/* Framing must be beyond doubt: what two parsers read differently is refused. */
static int check_framing(struct request *rq)
{
	if (rq->hosts > 1 || (rq->minor == 1 && rq->hosts == 0))
		return bad(rq, 400, "exactly one Host header, please");
	if (rq->encodings > 1 || (rq->encodings && (rq->has_length || rq->minor == 0)))
		return bad(rq, 400, "ambiguous body length");
	if (rq->encodings && !rq->chunked)
		return bad(rq, 501, "the only transfer encoding here is chunked");
	if (rq->length > BODY_MAX)
		return bad(rq, 413, "body too large");
	return 0;
}

/* @head ends with an empty line. */
static int parse_head(struct request *rq, struct str head)
{
	struct str line;
	int r;

	memset(rq, 0, offsetof(struct request, headers));
	rq->size = NO_SIZE;
	line = str_cut(&head, '\r');
	r = parse_request_line(rq, line);
	while (!r) {
		struct str name, value;

		if (!head.n || head.p[0] != '\n')
			return bad(rq, 400, "bare CR");
		head = (struct str){head.p + 1, head.n - 1};
		value = str_cut(&head, '\r');
		if (!value.n)
			break;
		if (!memchr(value.p, ':', value.n))
			return bad(rq, 400, "bad header");
		name = str_cut(&value, ':');
		value = str_trim(value);
		if (!is_token(name) || !is_text(value, true))
			return bad(rq, 400, "bad header");
		if (rq->n_headers == HEADERS_MAX)
			return bad(rq, 431, "too many headers");
		rq->headers[rq->n_headers++] = (struct header){name, value};
		r = take_header(rq, name, value);
	}
	if (!r)
		r = check_framing(rq);
	return r ? r : wishes_of_query(rq);
}

/* ---- chunked request bodies ---- */

static int hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool chunk_size_byte(struct chunk *k, unsigned char c)
{
	int digit = hex_digit(c);

	if (digit >= 0) {
		k->left = k->left << 4 | (uint64_t)digit;
		k->digits = true;
		return k->left <= BODY_MAX;
	}
	if (!k->digits)
		return false;
	k->at = c == '\r' ? CHUNK_LF : CHUNK_EXT;
	return c == '\r' || c == ';' || c == ' ' || c == '\t';
}

/* One byte of the trailers, which are read over; they end with an empty line. */
static bool chunk_trailer_byte(struct chunk *k, unsigned char c, bool *ret_end)
{
	if (++k->trailers > TRAILERS_MAX || (k->after_cr != (c == '\n')))
		return false;
	if (c == '\n') {
		*ret_end = k->line == 0;
		k->line = 0;
	} else if (c != '\r') {
		k->line++;
	}
	k->after_cr = c == '\r';
	return true;
}

/* One byte of the framing.  False: broken.  *ret_end: that was the last byte of the body. */
static bool chunk_byte(struct chunk *k, unsigned char c, bool *ret_end)
{
	switch (k->at) {
	case CHUNK_SIZE: return ++k->line <= CHUNK_LINE_MAX && chunk_size_byte(k, c);
	case CHUNK_EXT:
		if (c == '\r')
			k->at = CHUNK_LF;
		return ++k->line <= CHUNK_LINE_MAX && c != '\n';
	case CHUNK_LF:
		k->line = 0;
		k->at = k->left ? CHUNK_DATA : CHUNK_TRAILER;
		return c == '\n';
	case CHUNK_CR: k->at = CHUNK_END_LF; return c == '\r';
	case CHUNK_END_LF:
		k->at = CHUNK_SIZE;
		k->digits = false;
		return c == '\n';
	case CHUNK_TRAILER: return chunk_trailer_byte(k, c, ret_end);
	case CHUNK_DATA: break;
	}
	return false;
}

/* ---- timers ---- */

static void timer_put(struct worker *w, size_t i, struct conn *c)
{
	w->timers[i] = c;
	c->timer_index = i;
}

static void timer_sift(struct worker *w, struct conn *c, size_t i)
{
	for (; i && w->timers[(i - 1) / 2]->timer_key > c->timer_key; i = (i - 1) / 2)
		timer_put(w, i, w->timers[(i - 1) / 2]);
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < w->n_timers &&
			w->timers[child + 1]->timer_key < w->timers[child]->timer_key)
			child++;
		if (child >= w->n_timers || w->timers[child]->timer_key >= c->timer_key)
			break;
		timer_put(w, i, w->timers[child]);
		i = child;
	}
	timer_put(w, i, c);
}

/* A later deadline costs nothing now: the heap learns of it when the earlier one fires. */
static void set_deadline(struct worker *w, struct conn *c, uint64_t from_now)
{
	c->deadline = w->now + from_now;
	if (c->deadline >= c->timer_key)
		return;
	c->timer_key = c->deadline;
	timer_sift(w, c, c->timer_index);
}

static bool timer_add(struct worker *w, struct conn *c)
{
	if (w->n_timers == w->cap_timers) {
		size_t cap = w->cap_timers ? 2 * w->cap_timers : 64;
		struct conn **t = realloc(w->timers, cap * sizeof(*t));

		if (!t)
			return false;
		w->timers = t;
		w->cap_timers = cap;
	}
	timer_sift(w, c, w->n_timers++);
	return true;
}

static void timer_remove(struct worker *w, struct conn *c)
{
	struct conn *last = w->timers[--w->n_timers];

	if (last != c)
		timer_sift(w, last, c->timer_index);
}

/* ---- the answer ---- */

static const char *reason(uint64_t status)
{
	switch (status) {
	case 200: return "OK";
	case 201: return "Created";
	case 202: return "Accepted";
	case 204: return "No Content";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 404: return "Not Found";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 417: return "Expectation Failed";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 503: return "Service Unavailable";
	case 505: return "HTTP Version Not Supported";
	}
	return "Status";
}

static void stage(struct reply *out, const char *text, size_t n)
{
	memcpy(out->stage + out->stage_len, text, n);
	out->stage_len += n;
}

static void stage_text(struct reply *out, const char *text)
{
	stage(out, text, strlen(text));
}

static void stage_number(struct reply *out, uint64_t v, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	stage(out, digits + at, sizeof(digits) - at);
}

/* Line up the next piece of the body; false when everything is on its way. */
static bool next_piece(struct reply *out)
{
	size_t n = out->left;

	if (out->ended)
		return false;
	if (!out->body && n > sizeof(filler))
		n = sizeof(filler);
	if (out->chunked) {
		n = n > PIECE ? PIECE : n;
		if (!out->first)
			stage_text(out, "\r\n");
		stage_number(out, n, 16);
		stage_text(out, n ? "\r\n" : "\r\n\r\n");
	}
	out->first = false;
	out->ended = n == 0 || (n == out->left && !out->chunked);
	out->piece = out->body ? out->body : filler;
	out->piece_left = n;
	out->body = out->body ? out->body + n : NULL;
	out->left -= n;
	return true;
}

/* Begin an answer of @n bytes at @body (NULL: filler). */
static void reply_begin(struct worker *w, struct conn *c, uint64_t status, struct str type,
	const char *body, uint64_t n)
{
	const bool http10 = c->rq.minor == 0, chunked = c->rq.want_chunked;
	const bool bodiless = status == 204 || status == 304;
	struct reply *out = &c->out;

	if (w->draining || !c->rq.keep_alive || (chunked && http10))
		c->close_after = true;
	out->stage_len = out->stage_off = 0;
	stage_text(out, "HTTP/1.1 ");
	stage_number(out, status, 10);
	stage_text(out, " ");
	stage_text(out, reason(status));
	stage_text(out, "\r\nContent-Type: ");
	stage(out, type.p, type.n);
	if (chunked && !http10 && !bodiless) {
		stage_text(out, "\r\nTransfer-Encoding: chunked");
	} else if (!chunked && !bodiless) {
		stage_text(out, "\r\nContent-Length: ");
		stage_number(out, n, 10);
	}
	if (c->close_after)
		stage_text(out, "\r\nConnection: close");
	else if (http10)
		stage_text(out, "\r\nConnection: keep-alive");
	stage_text(out, "\r\n\r\n");

	out->first = true;
	out->body = body;
	out->left = n;
	out->piece = filler;
	out->piece_left = 0;
	out->chunked = chunked && !http10;
	out->ended = bodiless || str_is(c->rq.method, "head");
	next_piece(out);
	c->state = WRITE;
	set_deadline(w, c, STALL_TIMEOUT);
}

static void json_string(FILE *f, struct str s, bool lower)
{
	fputc('"', f);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];

		if (lower && ch >= 'A' && ch <= 'Z')
			ch |= 0x20;
		if (ch == '"' || ch == '\\')
			fprintf(f, "\\%c", ch);
		else if (ch < ' ' || ch >= 0x7f)
			fprintf(f, "\\u%04x", ch); /* bytes beyond ASCII read as Latin-1 */
		else
			fputc(ch, f);
	}
	fputc('"', f);
}

static bool same_name(struct header a, struct header b)
{
	return a.name.n == b.name.n && !strncasecmp(a.name.p, b.name.p, a.name.n);
}

/* A repeated header becomes one member with the values joined by ", ". */
static void json_headers(FILE *f, const struct request *rq)
{
	const char *sep = "";

	for (size_t i = 0; i < rq->n_headers; i++) {
		char joined[HEAD_MAX + 2 * HEADERS_MAX];
		size_t n = 0, j;

		for (j = 0; j < i && !same_name(rq->headers[i], rq->headers[j]); j++)
			;
		if (j < i)
			continue;
		for (; j < rq->n_headers; j++) {
			struct str value = rq->headers[j].value;

			if (!same_name(rq->headers[i], rq->headers[j]))
				continue;
			if (j > i)
				n = (size_t)((char *)mempcpy(joined + n, ", ", 2) - joined);
			n = (size_t)((char *)mempcpy(joined + n, value.p, value.n) - joined);
		}
		fputs(sep, f);
		json_string(f, rq->headers[i].name, true);
		fputs(": ", f);
		json_string(f, (struct str){joined, n}, false);
		sep = ", ";
	}
}

static bool info_compose(struct conn *c)
{
	const struct request *rq = &c->rq;
	FILE *f = open_memstream(&c->body, &c->body_len);

	if (!f)
		return false;
	fputs("{\"method\": ", f);
	json_string(f, rq->method, false);
	fputs(", \"path\": ", f);
	json_string(f, rq->path, false);
	fputs(", \"query\": ", f);
	json_string(f, rq->query, false);
	fputs(", \"hostname\": ", f);
	json_string(f, (struct str){hostname, strlen(hostname)}, false);
	fprintf(f, ", \"body_length\": %llu, \"headers\": {", (unsigned long long)c->body_seen);
	json_headers(f, rq);
	fputs("}}\n", f);
	return fclose(f) == 0;
}

static bool show_file(FILE *f, struct str name)
{
	const char *folder = getenv("ECHO_SECRETS");
	char path[512], piece[4096];
	FILE *from;
	size_t n;

	snprintf(path, sizeof(path), "%s/%.*s", folder ? folder : "/var/openfaas/secrets",
		(int)name.n, name.p);
	from = fopen(path, "re");
	if (!from)
		return false;
	while ((n = fread(piece, 1, sizeof(piece), from)) > 0)
		fwrite(piece, 1, n, f);
	return fclose(from) == 0;
}

static bool show_variable(FILE *f, struct str name)
{
	char key[128];
	const char *value;

	snprintf(key, sizeof(key), "%.*s", (int)name.n, name.p);
	value = getenv(key);
	if (value)
		fputs(value, f);
	return value != NULL;
}

/* The secret or the variable that was asked for; false when there is none. */
static bool shown_compose(struct conn *c)
{
	FILE *f = open_memstream(&c->body, &c->body_len);
	bool found;

	if (!f)
		return false;
	found = c->rq.file.n ? show_file(f, c->rq.file) : show_variable(f, c->rq.env);
	return fclose(f) == 0 && found;
}

static struct str text(const char *s)
{
	return (struct str){s, strlen(s)};
}

/* Say what is wrong and hang up: where the next request would begin is no longer known. */
static void refuse(struct worker *w, struct conn *c, int status, const char *why)
{
	c->close_after = c->linger = true;
	c->rq.want_chunked = 0;
	reply_begin(w, c, (uint64_t)status, text("text/plain"), why, strlen(why));
}

/* The two paths a platform asks whether a function is alive and wants calls. */
static bool is_probe(const struct request *rq)
{
	return str_is(rq->path, "/_/health") || str_is(rq->path, "/_/ready");
}

/* The request is complete, and its delay, if any, is over. */
static void respond(struct worker *w, struct conn *c)
{
	const struct request *rq = &c->rq;
	uint64_t status = rq->status ? rq->status : 200;
	struct str type = rq->content_type.n && c->body_seen ? rq->content_type
							     : text("text/plain");

	if (rq->log.n)
		dprintf(STDOUT_FILENO, "echo: %.*s\n", (int)rq->log.n, rq->log.p);
	if (is_probe(rq)) {
		reply_begin(w, c, w->draining ? 503 : 200, text("text/plain"), "ok\n", 3);
	} else if (rq->size != NO_SIZE) {
		reply_begin(w, c, status, text("text/plain"), NULL, rq->size);
	} else if (rq->want_info) {
		if (info_compose(c))
			reply_begin(w, c, status, text("application/json"), c->body, c->body_len);
		else
			refuse(w, c, 503, "out of memory");
	} else if (rq->file.n || rq->env.n) {
		if (shown_compose(c))
			reply_begin(w, c, status, text("text/plain"), c->body, c->body_len);
		else
			reply_begin(w, c, 404, text("text/plain"), "no such thing\n", 14);
	} else if (c->body) {
		reply_begin(w, c, status, type, c->body, c->body_len);
	} else if (c->body_seen) {
		reply_begin(w, c, status, type, c->in + c->head_len, c->body_seen);
	} else {
		reply_begin(w, c, status, type, greeting, strlen(greeting));
	}
}

/* ---- one connection ---- */

enum step { AGAIN, BLOCKED, GONE };

static void body_free(struct conn *c)
{
	free(c->body);
	atomic_fetch_sub(&body_total, c->body_cap);
	c->body = NULL;
	c->body_len = c->body_cap = 0;
}

static bool body_reserve(struct conn *c, size_t want)
{
	size_t cap = c->body_cap ? c->body_cap : 2 * IN_MAX;
	char *p;

	while (cap < want)
		cap *= 2;
	if (cap == c->body_cap)
		return true;
	if (atomic_fetch_add(&body_total, cap - c->body_cap) + cap - c->body_cap > BODY_TOTAL_MAX ||
		!(p = realloc(c->body, cap))) {
		atomic_fetch_sub(&body_total, cap - c->body_cap);
		return false;
	}
	c->body = p;
	c->body_cap = cap;
	return true;
}

/* An answer that does not repeat the body needs no copy of it. */
static bool wants_body(const struct request *rq)
{
	return rq->size == NO_SIZE && !rq->want_info && !rq->fail_close && !rq->file.n &&
	       !rq->env.n && !is_probe(rq);
}

/* 0 or the status to refuse the request with. */
static int body_add(struct conn *c, const char *p, size_t n)
{
	if (c->body_seen + n > BODY_MAX)
		return bad(&c->rq, 413, "body too large");
	c->body_seen += n;
	if (!wants_body(&c->rq))
		return 0;
	if (!body_reserve(c, c->body_len + n))
		return bad(&c->rq, 503, "too many large bodies at once");
	memcpy(c->body + c->body_len, p, n);
	c->body_len += n;
	return 0;
}

/* The bytes from head_len to @upto have been used. */
static void drop_used(struct conn *c, size_t upto)
{
	memmove(c->in + c->head_len, c->in + upto, c->in_len - upto);
	c->in_len -= upto - c->head_len;
}

/* 1: the body is complete, 0: more must come, above: the status to refuse with. */
static int read_sized(struct conn *c)
{
	size_t have = c->in_len - c->head_len;
	int r;

	if (!c->body_seen && c->rq.length <= IN_MAX - c->head_len) {
		if (have < c->rq.length)
			return 0;
		c->body_seen = c->rq.length;
		c->next_off = c->head_len + c->rq.length;
		return 1;
	}
	if (have > c->rq.length - c->body_seen)
		have = c->rq.length - c->body_seen;
	r = body_add(c, c->in + c->head_len, have);
	if (r)
		return r;
	drop_used(c, c->head_len + have);
	return c->body_seen == c->rq.length;
}

static int read_chunks(struct conn *c)
{
	struct chunk *k = &c->chunk;
	size_t at = c->head_len;
	bool end = false;
	int r = 0;

	while (at < c->in_len && !end && !r) {
		if (k->at == CHUNK_DATA) {
			size_t n = c->in_len - at < k->left ? c->in_len - at : k->left;

			r = body_add(c, c->in + at, n);
			at += n;
			k->left -= n;
			if (!k->left)
				k->at = CHUNK_CR;
		} else if (!chunk_byte(k, (unsigned char)c->in[at++], &end)) {
			r = bad(&c->rq, 400, "broken chunk");
		}
	}
	drop_used(c, at);
	return r ? r : end;
}

static enum step step_read_body(struct worker *w, struct conn *c)
{
	int r = c->rq.chunked ? read_chunks(c) : read_sized(c);

	if (r > 1) {
		refuse(w, c, r, c->rq.why);
		return AGAIN;
	}
	if (!r) {
		set_deadline(w, c, STALL_TIMEOUT);
		return c->eof ? GONE : BLOCKED;
	}
	if (c->rq.delay_ms) {
		c->state = DELAYED;
		set_deadline(w, c, c->rq.delay_ms * MS);
		return BLOCKED;
	}
	if (c->rq.fail_close)
		return GONE;
	respond(w, c);
	return AGAIN;
}

/* No complete head yet: wait, or see already that none will come. */
static enum step head_incomplete(struct worker *w, struct conn *c)
{
	const char *lf = memchr(c->in + c->scanned, '\n', c->in_len - c->scanned);
	bool first_line = !memchr(c->in, '\n', c->in_len < HEAD_MAX ? c->in_len : HEAD_MAX);

	memset(&c->rq, 0, offsetof(struct request, headers));
	if (lf && (lf == c->in || lf[-1] != '\r')) {
		refuse(w, c, 400, "bare LF");
		return AGAIN;
	}
	if (c->in_len >= HEAD_MAX) {
		refuse(w, c, first_line ? 414 : 431, "head too large");
		return AGAIN;
	}
	if (c->eof)
		return GONE;
	if (!c->scanned && c->in_len)
		set_deadline(w, c, HEAD_TIMEOUT);
	c->scanned = c->in_len;
	return BLOCKED;
}

static enum step step_read_head(struct worker *w, struct conn *c)
{
	size_t from = c->scanned > 3 ? c->scanned - 3 : 0;
	const char *end;
	int r;

	while (!c->scanned && c->in_len >= 2 && !memcmp(c->in, "\r\n", 2)) /* RFC 9112, 2.2 */
		drop_used(c, 2);
	end = memmem(c->in + from, c->in_len - from, "\r\n\r\n", 4);
	if (!end || end + 4 > c->in + HEAD_MAX)
		return head_incomplete(w, c);
	c->head_len = (size_t)(end + 4 - c->in);
	c->next_off = c->head_len;
	r = parse_head(&c->rq, (struct str){c->in, c->head_len});
	if (r) {
		refuse(w, c, r, c->rq.why);
		return AGAIN;
	}
	if (c->rq.expect_continue && c->in_len == c->head_len &&
		send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL) != 25)
		return GONE;
	memset(&c->chunk, 0, sizeof(c->chunk));
	c->state = READ_BODY;
	return AGAIN;
}

/* The answer is out: make room for the next request, which may have arrived already. */
static enum step next_request(struct worker *w, struct conn *c)
{
	if (c->close_after) {
		if (!c->linger && c->in_len == c->next_off)
			return GONE;
		/* Closing with unread input would reset the connection under the answer. */
		shutdown(c->fd, SHUT_WR);
		c->state = LINGER;
		set_deadline(w, c, LINGER_TIMEOUT);
		return AGAIN;
	}
	if (c->body)
		body_free(c);
	c->in_len -= c->next_off;
	if (c->in_len)
		memmove(c->in, c->in + c->next_off, c->in_len);
	c->head_len = c->next_off = c->scanned = 0;
	c->body_seen = 0;
	c->state = READ_HEAD;
	set_deadline(w, c, w->draining ? DRAIN_GRACE : IDLE_TIMEOUT);
	return AGAIN;
}

static enum step step_write(struct worker *w, struct conn *c)
{
	struct reply *out = &c->out;

	for (;;) {
		struct iovec iov[2] = {
			{out->stage + out->stage_off, out->stage_len - out->stage_off},
			{(void *)(uintptr_t)out->piece, out->piece_left}};
		struct msghdr msg = {.msg_iov = iov, .msg_iovlen = out->piece_left ? 2 : 1};
		size_t from_stage;
		ssize_t n;

		if (!iov[0].iov_len && !out->piece_left) {
			out->stage_len = out->stage_off = 0;
			if (!next_piece(out))
				return next_request(w, c);
			continue;
		}
		n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? BLOCKED : GONE;
		from_stage = (size_t)n < iov[0].iov_len ? (size_t)n : iov[0].iov_len;
		out->stage_off += from_stage;
		out->piece += (size_t)n - from_stage;
		out->piece_left -= (size_t)n - from_stage;
		set_deadline(w, c, STALL_TIMEOUT);
	}
}

static enum step step_linger(struct conn *c)
{
	c->in_len = c->head_len = 0;
	return c->eof ? GONE : BLOCKED;
}

static enum step conn_step(struct worker *w, struct conn *c)
{
	switch (c->state) {
	case READ_HEAD: return step_read_head(w, c);
	case READ_BODY: return step_read_body(w, c);
	case DELAYED: return BLOCKED;
	case WRITE: return step_write(w, c);
	case LINGER: return step_linger(c);
	}
	return GONE;
}

static void conn_close(struct worker *w, struct conn *c)
{
	timer_remove(w, c);
	close(c->fd);
	body_free(c);
	if (c->prev)
		c->prev->next = c->next;
	else
		w->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	w->n_conns--;
	if (w->n_spare == SPARE_MAX) {
		free(c);
		return;
	}
	c->next = w->spare;
	w->spare = c;
	w->n_spare++;
}

/* Go on with a connection as far as it gets, then wait for what it needs. */
static void conn_run(struct worker *w, struct conn *c)
{
	uint32_t events;
	enum step step;

	do
		step = conn_step(w, c);
	while (step == AGAIN);
	if (step == GONE) {
		conn_close(w, c);
		return;
	}
	events = c->state == WRITE ? EPOLLOUT : c->state == DELAYED ? 0 : EPOLLIN;
	if (events != c->events) {
		struct epoll_event ev = {.events = events, .data.ptr = c};

		c->events = events;
		epoll_ctl(w->ep, EPOLL_CTL_MOD, c->fd, &ev);
	}
}

static void conn_read(struct worker *w, struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->in_len, IN_MAX - c->in_len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		conn_close(w, c);
		return;
	}
	c->eof = n == 0;
	c->in_len += (size_t)n;
	conn_run(w, c);
}

static void conn_event(struct worker *w, struct conn *c, uint32_t events)
{
	if (c->events & EPOLLIN)
		conn_read(w, c); /* tells an error from an end */
	else if (events & (EPOLLERR | EPOLLHUP))
		conn_close(w, c);
	else
		conn_run(w, c);
}

static void conn_timeout(struct worker *w, struct conn *c)
{
	if (c->state != DELAYED || c->rq.fail_close) {
		conn_close(w, c);
		return;
	}
	respond(w, c);
	conn_run(w, c);
}

static bool conn_open(struct worker *w, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};
	struct conn *c = w->spare;
	const int one = 1;

	if (c) {
		w->spare = c->next;
		w->n_spare--;
	} else {
		c = malloc(sizeof(*c));
	}
	if (!c)
		return false;
	memset(c, 0, offsetof(struct conn, rq));
	c->fd = fd;
	c->events = ev.events;
	c->deadline = c->timer_key = w->now + (w->draining ? DRAIN_GRACE : IDLE_TIMEOUT);
	ev.data.ptr = c;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(w->ep, EPOLL_CTL_ADD, fd, &ev) < 0 || !timer_add(w, c)) {
		free(c);
		return false;
	}
	c->next = w->conns;
	if (c->next)
		c->next->prev = c;
	w->conns = c;
	w->n_conns++;
	return true;
}

/* ---- one loop per processor ---- */

static void listen_for(struct worker *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = &w->listener};

	epoll_ctl(w->ep, EPOLL_CTL_MOD, w->listener, &ev);
	w->paused = !events;
}

static void accept_all(struct worker *w)
{
	for (int i = 0; i < 256 && w->listener >= 0; i++) {
		int fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (fd < 0 && errno == EAGAIN)
			return;
		if (fd >= 0 && conn_open(w, fd))
			continue;
		if (fd >= 0)
			close(fd);
		listen_for(w, 0); /* out of descriptors or memory: try again in a moment */
		return;
	}
}

/* SIGTERM came: take what the kernel has accepted for us, then no more. */
static void drain_begin(struct worker *w)
{
	w->draining = true;
	w->drain_end = w->now + DRAIN_TIMEOUT;
	accept_all(w);
	close(w->listener);
	w->listener = -1; /* this round of events may still name it */
	w->paused = false;
	epoll_ctl(w->ep, EPOLL_CTL_DEL, w->stop, NULL);
	for (struct conn *c = w->conns; c; c = c->next)
		if (c->state == READ_HEAD && !c->in_len)
			set_deadline(w, c, DRAIN_GRACE);
}

static void run_timers(struct worker *w)
{
	while (w->n_timers && w->timers[0]->timer_key <= w->now) {
		struct conn *c = w->timers[0];

		if (c->deadline <= w->now) {
			c->timer_key = UINT64_MAX; /* whatever comes next is earlier */
			timer_sift(w, c, 0);
			conn_timeout(w, c);
		} else {
			c->timer_key = c->deadline;
			timer_sift(w, c, 0);
		}
	}
}

static int wait_ms(const struct worker *w)
{
	uint64_t until = w->now + 3600 * SECOND;

	if (w->n_timers && w->timers[0]->timer_key < until)
		until = w->timers[0]->timer_key;
	if (w->paused && until > w->now + 100 * MS)
		until = w->now + 100 * MS;
	if (w->draining && until > w->drain_end)
		until = w->drain_end;
	return until <= w->now ? 0 : (int)((until - w->now + MS - 1) / MS);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct epoll_event ev[256];

	w->now = clock_us();
	while (!w->draining || (w->n_conns && w->now < w->drain_end)) {
		int n = epoll_wait(w->ep, ev, 256, wait_ms(w));

		w->now = clock_us();
		if (w->paused)
			listen_for(w, EPOLLIN);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == &w->listener)
				accept_all(w);
			else if (ev[i].data.ptr == &w->stop)
				drain_begin(w);
			else
				conn_event(w, ev[i].data.ptr, ev[i].events);
		}
		run_timers(w);
	}
	while (w->conns)
		conn_close(w, w->conns);
	return NULL;
}

/* ---- start and end ---- */

/* "[ADDRESS:]PORT"; without an address: all of them, IPv6 included where the kernel has it. */
static bool parse_listen(const char *arg, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	const char *colon = strrchr(arg, ':');
	struct sockaddr_in *in4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	char address[INET_ADDRSTRLEN];
	uint64_t port;

	memset(ret, 0, sizeof(*ret));
	if (!parse_number(text(colon ? colon + 1 : arg), 65535, &port))
		return false;
	if (!colon) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		*ret_len = sizeof(*in6);
		return true;
	}
	snprintf(address, sizeof(address), "%.*s", (int)(colon - arg), arg);
	in4->sin_family = AF_INET;
	in4->sin_port = htons((uint16_t)port);
	*ret_len = sizeof(*in4);
	return inet_pton(AF_INET, address, &in4->sin_addr) == 1;
}

/* Every loop has a listening socket of its own on the same port: the kernel spreads connections. */
static int open_listener(struct sockaddr_storage *at, socklen_t *len)
{
	const int one = 1, zero = 0;
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 && at->ss_family == AF_INET6) { /* no IPv6 in this kernel */
		struct sockaddr_in in4 = {
			.sin_family = AF_INET, .sin_port = ((struct sockaddr_in6 *)at)->sin6_port};

		memcpy(at, &in4, sizeof(in4));
		*len = sizeof(in4);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	}
	if (fd < 0)
		return -errno;
	if (at->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0 ||
		bind(fd, (struct sockaddr *)at, *len) < 0 || listen(fd, 65535) < 0 ||
		getsockname(fd, (struct sockaddr *)at, len) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static int worker_open(struct worker *w, struct sockaddr_storage *at, socklen_t *len)
{
	struct epoll_event listener = {.events = EPOLLIN, .data.ptr = &w->listener};
	struct epoll_event stop = {.events = EPOLLIN, .data.ptr = &w->stop};

	w->listener = open_listener(at, len);
	if (w->listener < 0)
		return w->listener;
	w->ep = epoll_create1(EPOLL_CLOEXEC);
	w->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->ep < 0 || w->stop < 0 ||
		epoll_ctl(w->ep, EPOLL_CTL_ADD, w->listener, &listener) < 0 ||
		epoll_ctl(w->ep, EPOLL_CTL_ADD, w->stop, &stop) < 0)
		return -errno;
	return 0;
}

static unsigned count_threads(void)
{
	const char *s = getenv("ECHO_THREADS");
	cpu_set_t cpus;
	uint64_t n;
	int have;

	if (s && parse_number(text(s), THREADS_MAX, &n) && n)
		return (unsigned)n;
	have = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
	return have > 4 ? 4 : have < 1 ? 1 : (unsigned)have;
}

static void prepare(void)
{
	struct rlimit files;

	memset(filler, 'x', sizeof(filler));
	if (gethostname(hostname, sizeof(hostname) - 1) < 0)
		memcpy(hostname, "unknown", 8);
	snprintf(greeting, sizeof(greeting), "echo on %s\n", hostname);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS_MAX];
	const unsigned n_workers = count_threads();
	const uint64_t one = 1;
	struct sockaddr_storage at;
	socklen_t len;
	sigset_t stop;
	int sig, r;

	if (argc > 2 || !parse_listen(argc == 2 ? argv[1] : "8080", &at, &len)) {
		fprintf(stderr, "usage: echo [[ADDRESS:]PORT]\n");
		return 2;
	}
	prepare();
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	for (unsigned i = 0; i < n_workers; i++) {
		r = worker_open(&workers[i], &at, &len);
		if (r == 0)
			r = -pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]);
		if (r < 0) {
			fprintf(stderr, "echo: cannot listen: %s\n", strerror(-r));
			return 1;
		}
	}
	fprintf(stderr, "echo: listening on port %d, %u threads\n",
		ntohs(((struct sockaddr_in *)&at)->sin_port), n_workers);
	sigwait(&stop, &sig);
	for (unsigned i = 0; i < n_workers; i++)
		if (write(workers[i].stop, &one, sizeof(one)) < 0)
			return 1;
	for (unsigned i = 0; i < n_workers; i++)
		pthread_join(workers[i].thread, NULL);
	return 0;
}
