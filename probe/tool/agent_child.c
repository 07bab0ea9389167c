/*
 * A command of the agent: its own session, its input in memory, its output in pipes; in the network
 * namespace of a container when it asks for that.  It is killed when the agent dies, however that
 * happens.  Tools are the program that runs already, by /proc/self/exe: its file is long gone.
 */
#include "probe/tool/agent_child.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_NO_START = 127 };

static void close_pair(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* A descriptor that reads as @data. */
static int open_input(const void *data, size_t len, struct err *err)
{
	int fd = len ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		return err_errno(err, -errno, "unable to make the input");
	while (done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno != EINTR) {
			err_errno(err, -errno, "unable to write the input");
			close(fd);
			return err ? err->code : -EIO;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* ---- in the new process ---- */

static void _noreturn_ give_up(const char *what, const char *which)
{
	dprintf(STDERR_FILENO, "unable to %s '%s': %s\n", what, which, strerror(errno));
	_exit(EXIT_NO_START);
}

static int read_all(int fd, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	return 0;
}

/* The first process of container @id; 0 after a message of docker's. */
static long pid_of_container(const char *id)
{
	char text[32] = "";
	int out[2], status = 0;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		give_up("ask docker for", id);
	pid = fork();
	if (pid < 0)
		give_up("ask docker for", id);
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		execlp("docker", "docker", "inspect", "--type", "container", "--format",
			"{{.State.Pid}}", id, (char *)NULL);
		give_up("run", "docker");
	}
	close(out[1]);
	if (read_all(out[0], text, sizeof(text)) < 0)
		give_up("ask docker for", id);
	close(out[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? strtol(text, NULL, 10) : 0;
}

static void enter_container(const char *id)
{
	char path[64];
	long pid = pid_of_container(id);
	int fd;

	if (pid <= 0) {
		dprintf(STDERR_FILENO, "container '%s' does not run\n", id);
		_exit(EXIT_NO_START);
	}
	snprintf(path, sizeof(path), "/proc/%ld/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		give_up("enter", path);
	close(fd);
}

static void _noreturn_ run(const struct agent_frame_start *s, pid_t parent)
{
	const char *argv[AGENT_FRAME_MAX_ARGS + 2] = {"svarm-probe"};
	sigset_t none;
	bool tool = !strchr(s->argv[0], '/');

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_NO_START);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (s->container)
		enter_container(s->container);
	memcpy(argv + 1, s->argv, sizeof(s->argv));
	if (tool)
		execv("/proc/self/exe", (char *const *)argv);
	else
		execv(s->argv[0], (char *const *)s->argv);
	give_up("run", s->argv[0]);
}

/* ---- in the agent ---- */

int child_start(const struct agent_frame_start *s, pid_t *ret_pid, int ret_fds[2], struct err *err)
{
	int in, out[2] = {-1, -1}, errs[2] = {-1, -1}, r = 0;
	pid_t parent = getpid(), pid = -1;

	in = open_input(s->input, s->input_len, err);
	if (in < 0)
		return in;
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(errs, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		r = err_errno(err, -errno, "unable to start '%s'", s->argv[0]);
	if (pid == 0) {
		setsid();
		if (dup2(in, 0) < 0 || dup2(out[1], 1) < 0 || dup2(errs[1], 2) < 0)
			_exit(EXIT_NO_START);
		run(s, parent);
	}
	close(in);
	if (r < 0) {
		close_pair(out);
		close_pair(errs);
		return r;
	}
	close(out[1]);
	close(errs[1]);
	*ret_pid = pid;
	ret_fds[0] = out[0];
	ret_fds[1] = errs[0];
	return 0;
}
