/* The growing byte buffer: see buf.h. */
#include "lib/base/buf.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/xalloc.h"

void buf_done(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_done(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buf_reserve(struct buf *b, size_t more)
{
	size_t want;

	if (__builtin_add_overflow(b->len, more, &want) || __builtin_add_overflow(want, 1, &want))
		abort();
	if (want <= b->cap)
		return;
	b->cap = MAX_OF(want, b->cap ? b->cap * 2 : 64);
	b->data = xrealloc(b->data, b->cap);
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		abort();
	buf_reserve(b, (size_t)n);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void buf_consume(struct buf *b, size_t n)
{
	n = MIN_OF(n, b->len);
	if (!n)
		return;
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

void buf_rtrim(struct buf *b)
{
	while (b->len && memchr(" \t\r\n", b->data[b->len - 1], 4))
		b->data[--b->len] = '\0';
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_steal(struct buf *b)
{
	char *s = b->data ? b->data : xstrdup("");

	*b = BUF_INIT;
	return s;
}

static int read_fd(struct buf *b, int fd, const char *path, size_t max, struct err *err)
{
	char chunk[16384];
	ssize_t n;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, -errno, "reading '%s'", path);
		if (n == 0)
			return 0;
		if (b->len + (size_t)n > max)
			return err_set(err, -EFBIG, "'%s' is larger than %zu bytes", path, max);
		buf_add(b, chunk, (size_t)n);
	}
}

int buf_read_file(struct buf *b, const char *path, size_t max, struct err *err)
{
	int fd, r;

	if (!strcmp(path, "-"))
		return read_fd(b, STDIN_FILENO, "standard input", max, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "unable to open '%s'", path);
	r = read_fd(b, fd, path, max, err);
	close(fd);
	return r;
}
