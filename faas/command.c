/*
 * One command of the operator's own (a secret's `cmd:` reference), run here with a deadline.  It
 * gets a process group of its own, so that giving up ends everything it has started.
 */
#include "faas/parts.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/quote.h"

enum { MAX_COMPLAINT = 2000 };

struct command {
	pid_t pid;
	int out, complaint; /* read ends; -1 once closed */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- starting ---- */

static int spawn(const char *command, int out, int complaint, pid_t *ret_pid)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, some;
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, complaint, STDERR_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	sigemptyset(&some);
	sigaddset(&some, SIGPIPE);
	sigaddset(&some, SIGINT);
	posix_spawnattr_setsigdefault(&attr, &some);
	r = posix_spawn(ret_pid, "/bin/sh", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

static int start(const char *command, struct command *ret, struct err *err)
{
	int out[2] = {-1, -1}, complaint[2] = {-1, -1};
	int r = 0;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(complaint, O_CLOEXEC) < 0)
		r = -errno;
	if (r == 0)
		r = spawn(command, out[1], complaint[1], &ret->pid);
	close_fd(&out[1]);
	close_fd(&complaint[1]);
	ret->out = out[0];
	ret->complaint = complaint[0];
	return r < 0 ? err_errno(err, r, "unable to run a command") : 0;
}

/* ---- following ---- */

/* Read once from *fd; at most @max bytes are kept.  1 when there was more than that. */
static int drain(int *fd, struct buf *to, size_t max)
{
	char chunk[4096];
	ssize_t n = read(*fd, chunk, sizeof(chunk));
	size_t keep;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		close_fd(fd);
		return 0;
	}
	keep = MIN_OF((size_t)n, max - to->len);
	buf_add(to, chunk, keep);
	explicit_bzero(chunk, sizeof(chunk));
	return keep < (size_t)n;
}

/* Until it closes its output. */
static int follow(struct command *cmd, usec_t until, size_t max, struct buf *out,
	struct buf *complaint, struct err *err)
{
	while (cmd->out >= 0) {
		struct pollfd p[] = {
			{.fd = cmd->out, .events = POLLIN},
			{.fd = cmd->complaint, .events = POLLIN},
		};
		const usec_t now = clock_now();

		if (now >= until)
			return err_set(err, -ETIMEDOUT, "the command did not end in time");
		if (poll(p, ARRAY_SIZE(p), (int)((until - now) / USEC_PER_MSEC) + 1) < 0) {
			if (errno == EINTR)
				continue;
			return err_errno(err, -errno, "waiting for the command");
		}
		if (p[1].revents)
			drain(&cmd->complaint, complaint, MAX_COMPLAINT);
		if (p[0].revents && drain(&cmd->out, out, max))
			return err_set(err, -EFBIG, "the command wrote more than %zu bytes", max);
	}
	return 0;
}

/* Its end, which may come a little after the end of its output. */
static int reap(struct command *cmd, usec_t until, int *ret_status, struct err *err)
{
	pid_t pid;

	for (;;) {
		pid = waitpid(cmd->pid, ret_status, WNOHANG);
		if (pid == cmd->pid) {
			cmd->pid = 0;
			return 0;
		}
		if (pid < 0 && errno != EINTR)
			return err_errno(err, -errno, "waiting for the command");
		if (clock_now() >= until)
			return err_set(err, -ETIMEDOUT, "the command did not end in time");
		clock_sleep(2 * USEC_PER_MSEC);
	}
}

static int judge(int status, const struct buf *complaint, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	escape_text(&shown, buf_str(complaint), complaint->len, true);
	buf_rtrim(&shown);
	if (WIFSIGNALED(status))
		return err_set(err, -EIO, "the command was ended by signal %d%s%s",
			WTERMSIG(status), shown.len ? ": " : "", buf_str(&shown));
	return err_set(err, -EIO, "the command ended with status %d%s%s", WEXITSTATUS(status),
		shown.len ? ": " : "", buf_str(&shown));
}

static void give_up(struct command *cmd)
{
	if (cmd->pid > 0) {
		kill(-cmd->pid, SIGKILL);
		while (waitpid(cmd->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_fd(&cmd->out);
	close_fd(&cmd->complaint);
}

int command_output(
	const char *command, usec_t deadline, size_t max, struct buf *ret, struct err *err)
{
	_cleanup_(give_up) struct command cmd = {.out = -1, .complaint = -1};
	_cleanup_buf_ struct buf complaint = BUF_INIT;
	const usec_t until = clock_now() + deadline;
	int status = 0;
	int r;

	r = start(command, &cmd, err);
	if (r < 0)
		return r;
	r = follow(&cmd, until, ret->len + max, ret, &complaint, err);
	if (r < 0)
		return r;
	r = reap(&cmd, until, &status, err);
	if (r < 0)
		return r;
	if (cmd.complaint >= 0 && fcntl(cmd.complaint, F_SETFL, O_NONBLOCK) == 0)
		drain(&cmd.complaint, &complaint, MAX_COMPLAINT);
	return judge(status, &complaint, err);
}
