/* Log lines of the container programs: see log.h.  A line is written by one write(2). */
#include "faas/common/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/quote.h"

static _Atomic int max_level = LOG_INFO;

void log_set_level(enum log_level level)
{
	max_level = (int)level;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_buf_ struct buf line = BUF_INIT;
	va_list ap;

	if ((int)level > max_level)
		return;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	clock_rfc3339(&line, time(NULL));
	buf_addf(&line, " %s ", names[level]);
	escape_text(&line, buf_str(&text), text.len, false);
	buf_addc(&line, '\n');
	if (write(STDERR_FILENO, line.data, line.len) < 0)
		return; /* nobody is left to tell */
}
