/*
 * svarm-probe agent: runs what svarm asks for on this node, several commands at once, over standard
 * input and output (probe/bench/agent_frame.h).  It outlives neither its connection nor a silent
 * svarm, and nothing it started outlives it.
 *
 * One thread, one poll().  A command whose output nobody takes stops in its write: no more is read
 * from it while much waits to be sent.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/xalloc.h"
#include "probe/bench/agent_frame.h"
#include "probe/tool/agent_child.h"
#include "probe/tool/tool.h"

enum {
	MAX_CHILDREN = 64,
	MAX_WAITING = 1024 * 1024, /* output that waits to be sent */
	PIECE = 32 * 1024,
};
#define SILENCE (60 * USEC_PER_SEC) /* svarm says something every ten */
#define GRACE   (USEC_PER_SEC / 2)  /* between SIGTERM and SIGKILL */
#define LINGER  (USEC_PER_SEC)      /* for output of a command that has ended */

struct child {
	unsigned long id;
	pid_t pid;  /* 0: this place is free */
	int fds[2]; /* its output and errors; -1: ended */
	usec_t kill_at;
	bool exited;
	int status;
};

struct agent {
	struct child children[MAX_CHILDREN];
	struct agent_frame_reader in;
	struct buf out;
	usec_t heard;
	bool over;
};

static void on_child(int sig)
{
	/* Only there to end poll(). */
	(void)sig;
}

static void say(struct agent *a, const char *word, unsigned long id, const char *text)
{
	agent_frame_add(&a->out, word, id, text, strlen(text));
}

static void say_end(struct agent *a, unsigned long id, int status)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", status);
	say(a, "end", id, text);
}

/* ---- commands ---- */

static struct child *find(struct agent *a, unsigned long id)
{
	for (size_t i = 0; i < MAX_CHILDREN; i++)
		if (a->children[i].pid && a->children[i].id == id)
			return &a->children[i];
	return NULL;
}

static struct child *find_free(struct agent *a)
{
	for (size_t i = 0; i < MAX_CHILDREN; i++)
		if (!a->children[i].pid)
			return &a->children[i];
	return NULL;
}

static int try_start(struct agent *a, const struct agent_frame *f, struct err *err)
{
	struct child *c = find_free(a);
	struct agent_frame_start s;
	int r;

	r = agent_frame_parse_start(f, &s, err);
	if (r < 0)
		return r;
	if (!c)
		return err_set(err, -EAGAIN, "more than %d commands at once", MAX_CHILDREN);
	if (find(a, f->id))
		return err_set(err, -EEXIST, "there is a command %lu", f->id);
	r = child_start(&s, &c->pid, c->fds, err);
	if (r < 0) {
		c->pid = 0;
		return r;
	}
	c->id = f->id;
	c->exited = false;
	c->kill_at = clock_now() + s.msec * USEC_PER_MSEC;
	for (int i = 0; i < 2; i++)
		fcntl(c->fds[i], F_SETFL, O_NONBLOCK);
	return 0;
}

static void start(struct agent *a, const struct agent_frame *f)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (try_start(a, f, &err) >= 0)
		return;
	say(a, "err", f->id, err_msg(&err));
	say_end(a, f->id, 127);
}

static void stop(struct agent *a, unsigned long id)
{
	struct child *c = find(a, id);

	if (!c || c->exited)
		return;
	kill(-c->pid, SIGTERM);
	c->kill_at = MIN_OF(c->kill_at, clock_now() + GRACE);
}

static void take_frames(struct agent *a)
{
	struct agent_frame f;
	int r;

	while ((r = agent_frame_next(&a->in, &f, NULL)) > 0) {
		if (!strcmp(f.word, "start"))
			start(a, &f);
		else if (!strcmp(f.word, "stop"))
			stop(a, f.id);
	}
	if (r < 0)
		a->over = true;
}

/* ---- bytes ---- */

static void read_commands(struct agent *a)
{
	char data[PIECE];
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		a->over = true;
		return;
	}
	a->heard = clock_now();
	agent_frame_feed(&a->in, data, (size_t)n);
	take_frames(a);
}

static void write_answers(struct agent *a)
{
	ssize_t n = write(STDOUT_FILENO, a->out.data, a->out.len);

	if (n > 0)
		buf_consume(&a->out, (size_t)n);
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		a->over = true;
}

static void read_child(struct agent *a, struct child *c, int which)
{
	char data[PIECE];
	ssize_t n = read(c->fds[which], data, sizeof(data));

	if (n > 0) {
		agent_frame_add(&a->out, which ? "err" : "out", c->id, data, (size_t)n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(c->fds[which]);
		c->fds[which] = -1;
	}
}

/* ---- ends ---- */

static void reap(struct agent *a)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < MAX_CHILDREN; i++) {
			struct child *c = &a->children[i];

			if (c->pid != pid || c->exited)
				continue;
			c->exited = true;
			c->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							: WEXITSTATUS(status);
			/* What it left behind would hold the pipes open. */
			kill(-pid, SIGKILL);
			c->kill_at = clock_now() + LINGER;
		}
	}
}

static void finish(struct agent *a, struct child *c)
{
	for (int i = 0; i < 2; i++)
		if (c->fds[i] >= 0)
			close(c->fds[i]);
	say_end(a, c->id, c->status);
	c->pid = 0;
}

static void check_child(struct agent *a, struct child *c, usec_t now)
{
	bool late = now >= c->kill_at;

	if (c->exited && (late || (c->fds[0] < 0 && c->fds[1] < 0)))
		finish(a, c);
	else if (!c->exited && late)
		kill(-c->pid, SIGKILL);
}

static void kill_all(struct agent *a)
{
	for (size_t i = 0; i < MAX_CHILDREN; i++) {
		if (!a->children[i].pid || a->children[i].exited)
			continue;
		kill(-a->children[i].pid, SIGKILL);
		/* One that was only just started leads no group yet. */
		kill(a->children[i].pid, SIGKILL);
	}
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* ---- the loop ---- */

/* When something is due that no descriptor tells of; in milliseconds from now. */
static int next_due(const struct agent *a, usec_t now)
{
	usec_t due = now + USEC_PER_SEC;

	for (size_t i = 0; i < MAX_CHILDREN; i++)
		if (a->children[i].pid)
			due = MIN_OF(due, MAX_OF(a->children[i].kill_at, now + USEC_PER_MSEC));
	return (int)((due - now) / USEC_PER_MSEC) + 1;
}

/* Which descriptors to wait for: the child of entry i is owners[i]. */
static nfds_t list_fds(struct agent *a, struct pollfd *fds, struct child **owners)
{
	nfds_t n = 0;

	fds[n++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	fds[n++] = (struct pollfd){.fd = STDOUT_FILENO, .events = a->out.len ? POLLOUT : 0};
	for (size_t i = 0; i < MAX_CHILDREN && a->out.len < MAX_WAITING; i++) {
		struct child *c = &a->children[i];

		for (int k = 0; c->pid && k < 2; k++) {
			if (c->fds[k] < 0)
				continue;
			owners[n] = c;
			fds[n++] = (struct pollfd){.fd = c->fds[k], .events = POLLIN};
		}
	}
	return n;
}

static void turn(struct agent *a, const sigset_t *unblocked)
{
	struct pollfd fds[2 + 2 * MAX_CHILDREN];
	struct child *owners[2 + 2 * MAX_CHILDREN];
	nfds_t n = list_fds(a, fds, owners);
	int wait = next_due(a, clock_now());
	struct timespec timeout = {wait / 1000, wait % 1000 * 1000000L};
	usec_t now;

	if (ppoll(fds, n, &timeout, unblocked) < 0)
		n = 0;
	for (nfds_t i = 2; i < n; i++)
		if (fds[i].revents)
			read_child(a, owners[i], fds[i].fd == owners[i]->fds[1]);
	if (n && fds[0].revents)
		read_commands(a);
	if (n && fds[1].revents & (POLLERR | POLLNVAL))
		a->over = true;
	reap(a);
	now = clock_now();
	for (size_t i = 0; i < MAX_CHILDREN; i++)
		if (a->children[i].pid)
			check_child(a, &a->children[i], now);
	if (a->out.len)
		write_answers(a);
	if (now - a->heard >= SILENCE)
		a->over = true;
}

static void run(struct agent *a)
{
	/* What a core file would hold are headers and bodies of calls: secrets. */
	const struct rlimit no_core = {0};
	sigset_t child, unblocked;

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, on_child);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &unblocked);
	fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
	fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LC_ALL", "C", 1);
	a->in.max = AGENT_FRAME_MAX_START;
	a->heard = clock_now();
	say(a, "hello", 0, "svarm-agent 1");
	while (!a->over)
		turn(a, &unblocked);
	kill_all(a);
}

/* The file this was started from, in a folder made for it. */
static void delete_own(const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/svarm-probe", dir);
	unlink(path);
	rmdir(dir);
}

int tool_agent(int argc, char **argv)
{
	struct agent *a;

	if (argc > 2) {
		fputs("usage: svarm-probe agent [FOLDER TO DELETE]\n", stderr);
		return 2;
	}
	if (argc == 2)
		delete_own(argv[1]);
	a = xcalloc(1, sizeof(*a));
	run(a);
	agent_frame_reader_done(&a->in);
	buf_done(&a->out);
	free(a);
	return 0;
}
