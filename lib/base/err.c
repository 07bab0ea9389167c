/* Errors as values: see err.h. */
#include "lib/base/err.h"

#include <assert.h>

#include "lib/base/xalloc.h"

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;
	char *msg;

	assert(code < 0);
	if (!err)
		return code;
	va_start(ap, fmt);
	msg = xvasprintf(fmt, ap);
	va_end(ap);
	err_done(err);
	err->code = code;
	err->msg = msg;
	return code;
}

int err_errno(struct err *err, int code, const char *fmt, ...)
{
	_cleanup_free_ char *msg = NULL;
	va_list ap;

	va_start(ap, fmt);
	msg = xvasprintf(fmt, ap);
	va_end(ap);
	return err_set(err, code, "%s: %s", msg, strerror(-code));
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	_cleanup_free_ char *context = NULL, *inner = NULL;
	va_list ap;

	if (!err)
		return -EIO;
	assert(err->code < 0);
	va_start(ap, fmt);
	context = xvasprintf(fmt, ap);
	va_end(ap);
	inner = TAKE_PTR(err->msg);
	err->msg = xasprintf("%s: %s", context, inner ? inner : "");
	return err->code;
}

int err_move(struct err *to, struct err *from)
{
	int code = from->code;

	if (!to) {
		err_done(from);
		return code;
	}
	err_done(to);
	*to = *from;
	*from = ERR_INIT;
	return code;
}

const char *err_msg(const struct err *err)
{
	return err && err->msg ? err->msg : "";
}

void err_done(struct err *err)
{
	free(err->msg);
	*err = ERR_INIT;
}
