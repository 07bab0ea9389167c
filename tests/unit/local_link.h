/* A link to this very machine: scripts run in a shell beside the test, as they would on a node. */
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "lib/node/link.h"

struct local_link {
	struct link base;    /* first */
	const char *instead; /* of the script that should run; NULL: that one */
	pid_t pid;           /* of the shell, and what it becomes */
};

struct local_run {
	int in, out, err;
	const char *data;
	size_t len;
	bool eof;
};

static inline int local_send(struct local_run *n, const struct link_exec *e, struct err *err)
{
	ssize_t k;

	if (!n->len && !n->eof) {
		switch (e->input ? e->input(e->arg, &n->data, &n->len, err) : LINK_INPUT_EOF) {
		case LINK_INPUT_DATA:
		case LINK_INPUT_WAIT: break;
		case LINK_INPUT_EOF:
			n->eof = true;
			close(n->in);
			break;
		default: return err->code;
		}
	}
	if (!n->len || n->eof)
		return 0;
	k = write(n->in, n->data, n->len);
	if (k < 0 && errno != EAGAIN)
		n->len = 0; /* nobody reads: the end will tell */
	if (k > 0) {
		n->data += k;
		n->len -= (size_t)k;
	}
	return 0;
}

static inline int local_recv(
	struct local_run *n, const struct link_exec *e, struct link_result *ret, struct err *err)
{
	char data[65536];
	ssize_t k = read(n->err, data, sizeof(data));

	if (k > 0)
		buf_add(&ret->err, data, (size_t)k);
	k = read(n->out, data, sizeof(data));
	if (k > 0)
		return e->output(e->arg, data, (size_t)k, err);
	return k == 0;
}

/* 1: its output has ended. */
static inline int local_turn(
	struct local_run *n, const struct link_exec *e, struct link_result *ret, struct err *err)
{
	struct pollfd fds[] = {
		{.fd = n->out, .events = POLLIN}, {.fd = n->len ? n->in : -1, .events = POLLOUT}};
	int r = local_send(n, e, err);

	if (r < 0)
		return r;
	poll(fds, 2, n->len ? 100 : 5);
	if (e->cancel && __atomic_load_n(e->cancel, __ATOMIC_RELAXED))
		return err_set(err, ERR_INTR, "interrupted");
	return local_recv(n, e, ret, err);
}

static inline int local_exec(
	struct link *base, const struct link_exec *e, struct link_result *ret, struct err *err)
{
	struct local_link *l = (struct local_link *)base;
	int in[2], out[2], errs[2], r, status;
	struct local_run n;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(errs, O_CLOEXEC))
		abort();
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(errs[1], 2);
		execl("/bin/sh", "sh", "-c", l->instead ? l->instead : e->script, (char *)NULL);
		_exit(127);
	}
	__atomic_store_n(&l->pid, pid, __ATOMIC_RELAXED);
	close(in[0]);
	close(out[1]);
	close(errs[1]);
	n = (struct local_run){.in = in[1], .out = out[0], .err = errs[0]};
	fcntl(n.in, F_SETFL, O_NONBLOCK);
	fcntl(n.out, F_SETFL, O_NONBLOCK);
	fcntl(n.err, F_SETFL, O_NONBLOCK);
	while ((r = local_turn(&n, e, ret, err)) == 0)
		;
	if (!n.eof)
		close(n.in);
	close(n.out);
	if (r < 0)
		kill(pid, SIGTERM);
	while (waitpid(pid, &status, 0) < 0)
		;
	if (r > 0)
		local_recv(&n, &(struct link_exec){0}, ret, err);
	close(n.err);
	ret->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return MIN_OF(r, 0);
}

static inline void local_close(struct link *base)
{
	free(base);
}

/* Owned by the caller (link_free). */
static inline struct local_link *local_link_open(const struct spec_node *node)
{
	static const struct link_ops ops = {local_exec, local_close};
	struct local_link *l = xcalloc(1, sizeof(*l));

	l->base.ops = &ops;
	l->base.node = node;
	return l;
}
