/*
 * A growing byte buffer that is always NUL-terminated, so `data` can be used as a string.  It may
 * hold NUL bytes; `len` is the truth.  buf_steal() hands the memory to the caller.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/macro.h"

struct buf {
	char *data; /* owned; never NULL after the first append, use buf_str() before */
	size_t len;
	size_t cap;
};

#define BUF_INIT ((struct buf){0})

void buf_done(struct buf *b);
/* As buf_done(), after overwriting the memory: for secrets. */
void buf_wipe(struct buf *b);
/* Forget the content, keep the memory. */
void buf_clear(struct buf *b);
/* Make room for @more bytes at once, so that adding them moves nothing: a secret leaves no copy. */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) _printf_(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) _printf_(2, 0);
/* Remove @n bytes from the front. */
void buf_consume(struct buf *b, size_t n);
/* Drop trailing white space. */
void buf_rtrim(struct buf *b);
/* The content as a string; "" when nothing was ever added.  Borrowed until the next change. */
const char *buf_str(const struct buf *b);
/* The content as a heap string owned by the caller; the buffer is empty afterwards. */
char *buf_steal(struct buf *b);

/* Read a whole file of at most @max bytes; a longer one is -EFBIG.  "-" is standard input. */
int buf_read_file(struct buf *b, const char *path, size_t max, struct err *err) _must_check_;

#define _cleanup_buf_ _cleanup_(buf_done)
