/*
 * Errors as values.  A function that can fail returns 0 or a negative code and takes `struct err
 * *err` as its last argument.  The innermost failure makes the message with err_set(); callers on
 * the way up prepend context with err_wrap() ("node 'a': writing '/etc/x': no space left").
 * Nothing here prints, and there is no thread-local last error: results cross threads.
 *
 * Messages follow git's grammar: lower case, no full stop, the fault first, subjects in quotes;
 * after a semicolon what the operator can do about it.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>

#include "lib/base/macro.h"

/* Negative codes beyond errno's range; errno codes (-EIO, -ETIMEDOUT ...) are used as they are. */
enum err_code {
	ERR_SPEC = -1001,    /* the spec is wrong; the message holds all positions */
	ERR_HOSTKEY = -1002, /* host key unknown, changed, revoked: nothing was sent */
	ERR_AUTH = -1003,    /* every authentication method refused */
	ERR_REMOTE = -1004,  /* a remote command failed */
	ERR_LOCKED = -1005,  /* another run holds the lock */
	ERR_PROMISE = -1006, /* what this node waited for failed elsewhere */
	ERR_INTR = -1007,    /* interrupted by a signal */
};

struct err {
	int code;  /* 0: no error */
	char *msg; /* owned; NULL when code is 0 */
};

#define ERR_INIT ((struct err){0})

/* Make an error.  Replaces an earlier one.  @err may be NULL (the caller wants the code only).
 * Returns @code, which must be negative. */
int err_set(struct err *err, int code, const char *fmt, ...) _printf_(3, 4);
/* As err_set(), with ": strerror(-code)" appended. */
int err_errno(struct err *err, int code, const char *fmt, ...) _printf_(3, 4);
/* Prepend "CONTEXT: ".  Returns the code the error already has. */
int err_wrap(struct err *err, const char *fmt, ...) _printf_(2, 3);
/* Move @from to @to (which may be NULL); @from is empty afterwards.  Returns the code. */
int err_move(struct err *to, struct err *from);
/* The message, or "" when there is none.  Borrowed until the error changes. */
const char *err_msg(const struct err *err);
void err_done(struct err *err);

#define _cleanup_err_ _cleanup_(err_done)
