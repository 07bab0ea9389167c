/*
 * svarm-probe undo: a program that is run if, and only if, whoever measures does not come to the
 * end: for what must be put back whatever happens to the connection.
 *
 *	svarm-probe undo /usr/bin/docker service scale -d fn_echo=2
 *
 * Says {"armed": true} and waits.  SIGTERM: all is well, it ends, and the program is not run.  Any
 * other end, SIGKILL included, is seen by a process of another session, over a pipe: that one runs
 * the program, up to three times until it succeeds, and ends.
 */
#include "probe/tool/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "probe/tool/tool.h"

enum { TRIES = 3, TRY_SECONDS = 20 };

static int pipe_fd = -1;

static void on_term(int sig)
{
	ssize_t n = write(pipe_fd, "", 1); /* all is well */

	(void)sig;
	(void)n;
	_exit(0);
}

static bool run_program(const char *const *argv)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(TRY_SECONDS);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

/* In the process of the other session. */
static void _noreturn_ watch(int fd, const char *const *argv)
{
	char c;
	ssize_t n;

	while ((n = read(fd, &c, 1)) < 0 && errno == EINTR)
		;
	for (int i = 0; n == 0 && i < TRIES && !run_program(argv); i++)
		clock_sleep(USEC_PER_SEC);
	_exit(0);
}

/* Nothing of ours that somebody waits for the end of. */
static bool let_go(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return false;
	for (int fd = 3; fd < 256; fd++)
		if (fd != keep)
			close(fd);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	return chdir("/") == 0;
}

/* Twice, so that the process that watches is nobody's child that could be waited for. */
static bool start_watching(int fds[2], const char *const *argv)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		if (setsid() < 0 || !let_go(fds[0]))
			_exit(1);
		pid = fork();
		if (pid == 0)
			watch(fds[0], argv);
		_exit(pid < 0);
	}
	close(fds[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

int undo_arm(const char *const *argv)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	if (start_watching(fds, argv))
		return fds[1];
	close(fds[1]);
	return -EAGAIN;
}

int tool_undo(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] != '/') {
		fputs("usage: svarm-probe undo /PROGRAM [ARGUMENT…]\n", stderr);
		return TOOL_USAGE;
	}
	pipe_fd = undo_arm((const char *const *)argv + 1);
	if (pipe_fd < 0) {
		fprintf(stderr, "svarm-probe undo: %s\n", strerror(-pipe_fd));
		return TOOL_FAULT;
	}
	signal(SIGTERM, on_term);
	puts("{\"armed\": true}");
	fflush(stdout);
	for (;;)
		pause();
}
