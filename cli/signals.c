/*
 * Signals: see signals.h.  The first request to stop only raises a flag, so that nodes are left
 * between two steps; the terminal is given back before the process ends or is suspended.
 * SIGPIPE is ignored: a closed pipe shows as a failed write, reported like any other.
 */
#include "cli/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "cli/exit.h"
#include "lib/base/clock.h"
#include "lib/run/report.h"

enum { AGAIN_MSEC = 200 };

static bool cancelled, deferred;
static usec_t first_stop; /* when the first signal to stop came; 0: none came */
const bool *const cli_cancel = &cancelled;

bool signals_cancelled(void)
{
	return __atomic_load_n(&cancelled, __ATOMIC_RELAXED);
}

void signals_defer(void)
{
	__atomic_store_n(&deferred, true, __ATOMIC_RELAXED);
}

/* Is @sig the operator's second wish?  timeout(1) and the like send one signal twice in a row. */
static bool is_again(int sig)
{
	usec_t now = clock_now(), first = 0;

	if (__atomic_compare_exchange_n(
		    &first_stop, &first, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return false;
	return sig == SIGINT && now > first + AGAIN_MSEC * USEC_PER_MSEC;
}

static void on_stop(int sig)
{
	bool again = is_again(sig);

	__atomic_store_n(&cancelled, true, __ATOMIC_RELAXED);
	if (!again && __atomic_load_n(&deferred, __ATOMIC_RELAXED))
		return;
	reporter_live_restore();
	_exit(EXIT_INTERRUPTED);
}

static void on_suspend(int sig)
{
	reporter_live_restore();
	raise(SIGSTOP);
}

/* abort(): the default action follows when this returns. */
static void on_abort(int sig)
{
	reporter_live_restore();
}

static void handle(int sig, void (*handler)(int))
{
	struct sigaction before, sa = {.sa_handler = handler, .sa_flags = SA_RESTART};

	sigemptyset(&sa.sa_mask);
	/* What the caller ignores (nohup, a background job of a plain sh) stays ignored. */
	if (sigaction(sig, NULL, &before) == 0 && before.sa_handler == SIG_IGN &&
		handler != SIG_IGN)
		return;
	sigaction(sig, &sa, NULL);
}

/* A closed standard descriptor would be taken by the next open(), and our output would go there. */
static void keep_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* Opened the wrong way round, so that its use fails as on a closed one. */
		int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", flags) != fd)
			_exit(EXIT_LOCAL);
	}
}

void signals_init(void)
{
	keep_standard_fds();
	handle(SIGPIPE, SIG_IGN);
	handle(SIGINT, on_stop);
	handle(SIGTERM, on_stop);
	handle(SIGHUP, on_stop);
	handle(SIGTSTP, on_suspend);
	handle(SIGABRT, on_abort);
}
