/*
 * One command over the real link.
 *
 * The exec request is a fixed line of shell.  It reads the script, of a length that is the only
 * thing that varies, from standard input and evaluates it; what follows on standard input is the
 * script's data.  dd is used because it reads exactly that many bytes, whoever's dd it is; the
 * script ends in a mark, so that one cut short by a dying connection is never run in part.
 * The shell first writes two bytes to stdout and stderr: what came before them is noise of login
 * files or sudo's complaint, and if they never come there is no root shell to speak of.
 *
 * Input is written as the channel takes it while output is drained, in one loop: neither side can
 * block the other.
 */
#include "lib/node/link_ssh.h"

#include "lib/base/quote.h"

/* Nothing but plain text between the single quotes, no '!' and no newline: the login shell that
 * passes it on may be csh or fish. */
#define COMMAND                                                                                  \
	"exec %ssh -c 'printf \"\\001\\002\"; printf \"\\001\\002\" >&2; "                       \
	"svarm_=$(dd bs=%zu count=1 iflag=fullblock status=none); case $svarm_ in *\"#svarm\") " \
	"eval \"$svarm_\";; *) echo incomplete script >&2; exit 125;; esac'"
#define SCRIPT_MARK "\n#svarm"
#define START_MARK  "\001\002"

#define IDLE_TIMEOUT (60 * USEC_PER_SEC)
#define MAX_OUTPUT   ((size_t)1 << 20)
#define MAX_NOISE    ((size_t)4096)
/* Login files may greet at length, but not for ever. */
#define MAX_PRELUDE  ((size_t)1 << 20)
/* How often a caller whose input waits for a promise is asked again. */
#define ASK_AGAIN    (10 * USEC_PER_MSEC)
/* A daemon that keeps stdout open does not keep a finished command from being finished. */
#define LINGER       (2 * USEC_PER_SEC)
/* Bytes written before output gets its turn. */
#define WRITE_TURN   ((size_t)4 << 20)

/* stdout or stderr of the command. */
struct stream {
	struct buf *to;
	struct buf noise; /* what came before the start mark, capped */
	size_t max;       /* 0: no cap */
	size_t before;    /* bytes of noise, kept or not */
	size_t marked;    /* bytes of the start mark seen */
	bool overflow;
};

struct run {
	struct link_ssh *l;
	const struct link_exec *e;
	struct link_result *ret;
	struct stream out, err;
	struct buf chunk; /* stdout for link_exec.output */

	struct buf script; /* with its mark */
	const char *data;  /* what is being sent */
	size_t len;
	enum { SEND_DATA, SEND_WAIT, SEND_OVER } sending;
	usec_t ask_at; /* SEND_WAIT: when to ask the caller again */

	struct ssh_bounds bounds; /* deadline and cancel flag */
	usec_t started;
	usec_t progress; /* when bytes last went either way */
	usec_t pinged;   /* when the unanswered sign of life was asked for; 0: none */
	size_t received;
};

static void run_done(struct run *n)
{
	buf_done(&n->out.noise);
	buf_done(&n->err.noise);
	buf_wipe(&n->chunk); /* join tokens pass through */
	buf_done(&n->script);
}

/* ---- output ---- */

static void take_noise(struct stream *s, char c)
{
	s->before++;
	if (s->noise.len < MAX_NOISE)
		buf_addc(&s->noise, c);
}

static void on_output(void *arg, bool is_stderr, const char *data, size_t len)
{
	struct run *n = arg;
	struct stream *s = is_stderr ? &n->err : &n->out;

	for (; len && s->marked < strlen(START_MARK); data++, len--) {
		if (*data == START_MARK[s->marked]) {
			s->marked++;
		} else {
			s->marked = *data == START_MARK[0];
			if (!s->marked)
				take_noise(s, *data);
		}
	}
	if (!len)
		return;
	if (s->max && len > s->max - MIN_OF(s->to->len, s->max)) {
		s->overflow = true;
		len = s->max - MIN_OF(s->to->len, s->max);
	}
	buf_add(s->to, data, len);
}

/* Hand stdout on, when the caller takes it as it comes. */
static int deliver(struct run *n, struct err *err)
{
	int r = 0;

	if (n->chunk.len && n->e->output)
		r = n->e->output(n->e->arg, n->chunk.data, n->chunk.len, err);
	if (n->chunk.len)
		buf_clear(&n->chunk);
	if (r < 0)
		return r;
	if (n->out.before > MAX_PRELUDE || n->err.before > MAX_PRELUDE)
		return err_set(err, ERR_REMOTE,
			"the node wrote more than %zu bytes before it started our shell",
			MAX_PRELUDE);
	if (n->out.overflow || n->err.overflow)
		return err_set(err, ERR_REMOTE, "the command wrote more than %zu bytes to %s",
			n->out.overflow ? n->out.max : n->err.max,
			n->out.overflow ? "stdout" : "stderr");
	return 0;
}

/* ---- input ---- */

/* Find out what to send next: sets n->data and n->len, or n->sending. */
static int next_input(struct run *n, struct err *err)
{
	enum link_input got = LINK_INPUT_EOF;

	if (n->e->input)
		got = n->e->input(n->e->arg, &n->data, &n->len, err);
	switch (got) {
	case LINK_INPUT_DATA: n->sending = SEND_DATA; return 0;
	case LINK_INPUT_WAIT:
		n->sending = SEND_WAIT;
		n->ask_at = clock_now() + ASK_AGAIN;
		return 0;
	case LINK_INPUT_EOF: n->sending = SEND_OVER; return ssh_exec_write_eof(n->l->conn, err);
	default: break;
	}
	/* LINK_INPUT_ABORT: the caller has set the error. */
	return err && err->code < 0 ? err->code : -ECANCELED;
}

static int send_input(struct run *n, struct err *err)
{
	size_t sent = 0;
	ssize_t k;
	int r;

	while (n->sending != SEND_OVER && sent < WRITE_TURN) {
		if (n->len == 0) {
			if (n->sending == SEND_WAIT && clock_now() < n->ask_at)
				return 0;
			r = next_input(n, err);
			if (r < 0)
				return r;
			continue;
		}
		if (!ssh_exec_state(n->l->conn).can_write)
			return 0;
		k = ssh_exec_write(n->l->conn, n->data, n->len, err);
		if (k <= 0)
			return (int)k;
		n->data += k;
		n->len -= (size_t)k;
		sent += (size_t)k;
		n->progress = clock_now();
	}
	return 0;
}

/* ---- limits ---- */

static int too_long(struct err *err, const char *what, usec_t limit)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	clock_format(&text, limit);
	return err_set(err, -ETIMEDOUT, "%s %s", what, buf_str(&text));
}

/* Ask a silent node for a sign of life, and give it up for dead when there is none. */
static int check_alive(struct run *n, const struct ssh_state *s, usec_t now, struct err *err)
{
	const usec_t every = n->l->keepalive;

	if (n->pinged && s->heard >= n->pinged)
		n->pinged = 0;
	if (n->pinged && now - n->pinged >= 2 * every) {
		n->l->broken = true;
		return too_long(
			err, "connection lost: no sign of life from the node for", now - s->heard);
	}
	if (!n->pinged && now - s->heard >= every) {
		n->pinged = now;
		ssh_exec_keepalive(n->l->conn);
	}
	return 0;
}

static int check_limits(struct run *n, const struct ssh_state *s, struct err *err)
{
	const usec_t idle = n->e->idle_timeout ? n->e->idle_timeout : IDLE_TIMEOUT;
	const usec_t now = clock_now();
	int r;

	if (s->received != n->received || n->sending == SEND_WAIT) {
		n->received = s->received;
		n->progress = now;
	}
	r = ssh_bounds_check(&n->bounds, err);
	if (r == -ETIMEDOUT)
		return too_long(err, "the command took longer than", n->e->deadline);
	if (r < 0)
		return r;
	if (now - n->progress >= idle)
		return too_long(err, "the command gave no output for", idle);
	return check_alive(n, s, now, err);
}

static bool is_over(const struct run *n, const struct ssh_state *s)
{
	if (s->closed)
		return true;
	return s->status >= 0 && (s->eof || clock_now() - n->progress >= LINGER);
}

static int run_loop(struct run *n, struct err *err)
{
	for (;;) {
		struct ssh_state s;
		int r;

		r = send_input(n, err);
		if (r < 0)
			return r;
		r = ssh_exec_pump(
			n->l->conn, n->sending == SEND_WAIT ? ASK_AGAIN : USEC_PER_SEC, err);
		if (r < 0)
			return r;
		r = deliver(n, err);
		if (r < 0)
			return r;
		s = ssh_exec_state(n->l->conn);
		if (is_over(n, &s))
			return 0;
		r = check_limits(n, &s, err);
		if (r < 0)
			return r;
	}
}

/* ---- the whole ---- */

/* The first line of what a login shell or sudo said instead of starting ours. */
static void describe_noise(const struct run *n, struct buf *out)
{
	const struct buf *said = n->err.noise.len ? &n->err.noise : &n->out.noise;
	const char *text = buf_str(said);

	escape_text(out, text, MIN_OF(strcspn(text, "\n"), (size_t)200), false);
}

/* The command ended without our shell having started. */
static int no_shell(const struct run *n, struct err *err)
{
	_cleanup_buf_ struct buf said = BUF_INIT;
	const char *user = n->l->base.node->user;

	describe_noise(n, &said);
	if (strcmp(user, "root") != 0 && strstr(buf_str(&n->err.noise), "sudo"))
		return err_set(err, -EPERM,
			"user '%s' needs passwordless sudo on the node (%s); or connect as root",
			user, buf_str(&said));
	return err_set(err, ERR_REMOTE, "the node did not start a shell for user '%s': %s", user,
		said.len ? buf_str(&said) : "it said nothing");
}

static int run_result(struct run *n, struct err *err)
{
	n->ret->status = ssh_exec_state(n->l->conn).status;
	if (n->out.marked < strlen(START_MARK))
		return no_shell(n, err);
	if (n->ret->status < 0)
		return err_set(err, ERR_REMOTE,
			"the node ended the command without an exit status; its outcome is "
			"unknown");
	return 0;
}

static void run_init(struct run *n)
{
	const struct link_exec *e = n->e;
	const size_t max = e->max_output ? e->max_output : MAX_OUTPUT;

	buf_addf(&n->script, "%s" SCRIPT_MARK, e->script);
	n->data = n->script.data;
	n->len = n->script.len;
	n->out.to = e->output ? &n->chunk : &n->ret->out;
	n->out.max = e->output ? 0 : max;
	n->err.to = &n->ret->err;
	n->err.max = max;
	n->started = n->progress = clock_now();
	n->bounds.until = e->deadline ? n->started + e->deadline : 0;
	n->bounds.cancel = e->cancel;
}

static int run_command(struct run *n, struct err *err)
{
	const bool root = strcmp(n->l->base.node->user, "root") == 0;
	_cleanup_buf_ struct buf command = BUF_INIT;
	struct ssh_bounds opening = n->bounds;
	int r;

	if (!opening.until)
		opening.until = n->started + 3 * n->l->keepalive;
	buf_addf(&command, COMMAND, root ? "" : "sudo -n ", n->script.len);
	r = ssh_exec_start(n->l->conn, buf_str(&command), on_output, n, &opening, err);
	if (r < 0)
		return r;
	r = run_loop(n, err);
	if (r == 0)
		r = run_result(n, err);
	ssh_exec_end(n->l->conn);
	return r;
}

int link_ssh_exec(
	struct link *base, const struct link_exec *e, struct link_result *ret, struct err *err)
{
	_cleanup_(run_done) struct run n = {.l = (struct link_ssh *)base, .e = e, .ret = ret};
	_cleanup_err_ struct err own = ERR_INIT;
	int r;

	if (n.l->broken)
		return err_set(err, -ECONNRESET, "the connection was lost earlier");
	run_init(&n);
	r = run_command(&n, &own);
	if (r == 0)
		return 0;
	if (r == -ECONNRESET)
		n.l->broken = true;
	if (n.l->broken)
		return err_set(err, r, "%s; whether the command ran is unknown", err_msg(&own));
	return err_move(err, &own);
}
