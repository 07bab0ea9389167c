/*
 * libssh behind the small interface of ssh.h.  libssh is used in its non-blocking mode throughout:
 * each of its calls is repeated until it stops saying "again", with our own bounded wait between.
 * That is what makes deadlines and the cancel flag work; libssh's own timeouts see neither.
 */
#include "lib/ext/ssh.h"

#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h> /* ssh_send_keepalive() */

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"

/* Longest stretch of waiting between two looks at the cancel flag. */
#define SLICE       (100 * USEC_PER_MSEC)
/* Input handed to libssh at once: several packets, so that one send() carries them. */
#define WRITE_CHUNK (256 * 1024)
#define NO_EXEC     "the server refused to run a command"

struct ssh_conn {
	ssh_session session;
	ssh_event event; /* NULL until the handshake is over */
	struct ssh_counter_struct counter;
	uint64_t seen_bytes; /* counter.in_bytes when `heard` was set */

	ssh_channel channel; /* the running command, or NULL */
	struct ssh_channel_callbacks_struct callbacks;
	ssh_sink *sink;
	void *sink_arg;
	bool exec_pending; /* the exec request is not answered yet */
	bool wrote_eof;
	bool closing; /* the command is being forgotten: ignore what it still says */
	struct ssh_state state;
};

/* ---- errors ---- */

/* Make an error of libssh's last one, which may quote the server. */
static int err_ssh(struct ssh_conn *c, struct err *err, int code, const char *what)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *msg = ssh_get_error(c->session);

	escape_text(&text, msg, strnlen(msg, 300), false);
	return err_set(err, code, "%s: %s", what, *msg ? buf_str(&text) : "no reason given");
}

/* True when the last error is a broken connection rather than a disagreement. */
static bool is_reset(struct ssh_conn *c)
{
	const char *msg = ssh_get_error(c->session);

	return strncmp(msg, "Socket error", 12) == 0 || strstr(msg, "error on socket") ||
	       strstr(msg, "Remote channel is closed");
}

/* ---- waiting ---- */

int ssh_bounds_check(const struct ssh_bounds *b, struct err *err)
{
	if (b->cancel && __atomic_load_n(b->cancel, __ATOMIC_RELAXED))
		return err_set(err, ERR_INTR, "interrupted");
	if (b->until && clock_now() >= b->until)
		return err_set(err, -ETIMEDOUT, "timed out");
	return 0;
}

int ssh_bounds_poll(const struct ssh_bounds *b, int fd, short events, usec_t max, struct err *err)
{
	const usec_t stop = clock_now() + max;
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		usec_t now, left;
		int r;

		r = ssh_bounds_check(b, err);
		if (r < 0)
			return r;
		now = clock_now();
		if (now >= stop)
			return 0;
		left = MIN_OF(stop - now, SLICE);
		if (b->until)
			left = MIN_OF(left, b->until - MIN_OF(now, b->until));
		r = poll(&p, fd >= 0, (int)((left + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
		if (r > 0)
			return 1;
		if (r < 0 && errno != EINTR)
			return err_errno(err, -errno, "waiting for the network");
	}
}

/* sshd leaves Nagle's algorithm on: without an acknowledgement at once, the second of two small
 * packets comes 40 ms late.  The kernel forgets this wish, so it is renewed before every wait. */
static void ack_at_once(struct ssh_conn *c)
{
	const int on = 1;

	setsockopt(ssh_get_fd(c->session), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/*
 * Wait until libssh can get on with a call that said "again".  When the server has hung up, some
 * of libssh's calls say so for ever: that is -ECONNRESET.
 */
static int wait_again(struct ssh_conn *c, const struct ssh_bounds *b, struct err *err)
{
	int flags = ssh_get_poll_flags(c->session);
	int r;

	if (ssh_get_fd(c->session) < 0)
		return err_ssh(c, err, -ECONNRESET, "connection closed");
	ack_at_once(c);
	r = ssh_bounds_poll(b, ssh_get_fd(c->session),
		(short)(POLLIN | (flags & SSH_WRITE_PENDING ? POLLOUT : 0)), SLICE, err);
	return r < 0 ? r : 0;
}

/* ---- opening ---- */

static pthread_once_t lib_once = PTHREAD_ONCE_INIT;

static void lib_init(void)
{
	ssh_init();
	ssh_set_log_level(SSH_LOG_NOLOG);
}

static bool cpu_has_aes(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("aes");
#elif defined(__aarch64__)
	return getauxval(AT_HWCAP) & (1UL << 3);
#else
	return false;
#endif
}

#define CIPHERS_AES "aes128-gcm@openssh.com,aes256-gcm@openssh.com"
#define CIPHERS_CTR "aes256-ctr,aes192-ctr,aes128-ctr"
#define CHACHA      "chacha20-poly1305@openssh.com"
#define KEX                                                                                     \
	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384," \
	"ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"       \
	"diffie-hellman-group14-sha256"

static int set_options(
	struct ssh_conn *c, int fd, const char *user, const char *host_keys, struct err *err)
{
	const char *ciphers = cpu_has_aes() ? CIPHERS_AES "," CHACHA "," CIPHERS_CTR
					    : CHACHA "," CIPHERS_AES "," CIPHERS_CTR;
	const bool no = false;
	const socket_t sock = fd;
	const long timeout = 30;
	int r = 0;

	/* known_hosts is ours to read (known_hosts.h), and ~/.ssh/config may run programs. */
	r |= ssh_options_set(c->session, SSH_OPTIONS_PROCESS_CONFIG, &no);
	r |= ssh_options_set(c->session, SSH_OPTIONS_HOST, "node");
	r |= ssh_options_set(c->session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	r |= ssh_options_set(c->session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
	r |= ssh_options_set(c->session, SSH_OPTIONS_USER, user);
	r |= ssh_options_set(c->session, SSH_OPTIONS_FD, &sock);
	r |= ssh_options_set(c->session, SSH_OPTIONS_TIMEOUT, &timeout);
	r |= ssh_options_set(c->session, SSH_OPTIONS_KEY_EXCHANGE, KEX);
	r |= ssh_options_set(c->session, SSH_OPTIONS_HOSTKEYS, host_keys);
	r |= ssh_options_set(c->session, SSH_OPTIONS_CIPHERS_C_S, ciphers);
	r |= ssh_options_set(c->session, SSH_OPTIONS_CIPHERS_S_C, ciphers);
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 10, 0)
	const int rsa_min = 2048;

	r |= ssh_options_set(c->session, SSH_OPTIONS_RSA_MIN_SIZE, &rsa_min);
#endif
	return r ? err_ssh(c, err, -EINVAL, "setting up libssh") : 0;
}

static int handshake(struct ssh_conn *c, const struct ssh_bounds *b, struct err *err)
{
	int rc, r;

	while ((rc = ssh_connect(c->session)) == SSH_AGAIN) {
		r = wait_again(c, b, err);
		if (r < 0)
			return err_wrap(err, "ssh handshake");
	}
	if (rc == SSH_OK)
		return 0;
	if (is_reset(c))
		return err_ssh(c, err, -ECONNRESET, "connection closed during the ssh handshake");
	/* libssh's words when the two sides share no algorithm of a kind; kind 1 or its name. */
	if (strstr(ssh_get_error(c->session), "server host key"))
		return err_ssh(c, err, -ENOMSG, "ssh handshake");
	return err_ssh(c, err, -EPROTO, "ssh handshake");
}

int ssh_conn_open(int fd, const char *user, const char *host_keys, const struct ssh_bounds *b,
	struct ssh_conn **ret, struct err *err)
{
	struct ssh_conn *c = xcalloc(1, sizeof(*c));
	int r;

	pthread_once(&lib_once, lib_init);
	c->session = ssh_new();
	if (!c->session)
		abort(); /* out of memory */
	ssh_set_blocking(c->session, 0);
	ssh_set_counters(c->session, &c->counter, NULL);

	r = set_options(c, fd, user, host_keys, err);
	if (r < 0) {
		close(fd);
		goto fail;
	}
	r = handshake(c, b, err);
	if (r < 0)
		goto fail;

	/* libssh made the socket blocking; it writes only after POLLOUT, so it never meets EAGAIN,
	 * and a peer that stops reading cannot hold us inside send(). */
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	c->event = ssh_event_new();
	if (!c->event || ssh_event_add_session(c->event, c->session) != SSH_OK) {
		r = err_ssh(c, err, -EIO, "setting up libssh");
		goto fail;
	}
	c->state.heard = clock_now();
	*ret = c;
	return 0;
fail:
	ssh_conn_free(c);
	return r;
}

void ssh_conn_free(struct ssh_conn *c)
{
	int fd;

	if (!c)
		return;
	ssh_exec_end(c);
	if (c->event) {
		ssh_event_remove_session(c->event, c->session);
		ssh_event_free(c->event);
	}
	/* -1 when libssh closed it already, after an error of the socket. */
	fd = ssh_get_fd(c->session);
	ssh_disconnect(c->session);
	ssh_free(c->session);
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 10, 0)
	/* Since 0.10 a socket we brought along stays ours. */
	if (fd >= 0)
		close(fd);
#else
	(void)fd;
#endif
	free(c);
}

int ssh_conn_host_key(struct ssh_conn *c, struct ssh_host_key *ret, struct err *err)
{
	unsigned char *hash = NULL;
	char *base64 = NULL, *print = NULL;
	ssh_key key = NULL;
	size_t len = 0;
	int r = 0;

	if (ssh_get_server_publickey(c->session, &key) != SSH_OK ||
		ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) != 0 ||
		ssh_pki_export_pubkey_base64(key, &base64) != SSH_OK ||
		!(print = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len))) {
		r = err_ssh(c, err, -EPROTO, "reading the host key");
	} else {
		*ret = (struct ssh_host_key){.type = ssh_key_type_to_char(ssh_key_type(key)),
			.base64 = xstrdup(base64),
			.fingerprint = xstrdup(print)};
	}
	ssh_string_free_char(print);
	ssh_string_free_char(base64);
	ssh_clean_pubkey_hash(&hash);
	ssh_key_free(key);
	return r;
}

void ssh_host_key_done(struct ssh_host_key *k)
{
	free(k->base64);
	free(k->fingerprint);
	*k = (struct ssh_host_key){0};
}

/* ---- authentication ---- */

/* libssh asks for the passphrase of a key: remember that, and decline. */
static int no_passphrase(const char *prompt, char *buf, size_t len, int echo, int verify, void *arg)
{
	*(bool *)arg = true;
	return -1;
}

/* Why the server ended the connection rather than saying no. */
static int auth_failed(struct ssh_conn *c, struct err *err)
{
	if (strstr(ssh_get_error(c->session), "Too many authentication failures"))
		return err_set(err, ERR_AUTH, "the server hung up after too many refused keys");
	return err_wrap(err, "authenticating");
}

/* Turn libssh's answer into ours.  Negative when the connection is gone. */
static int auth_result(struct ssh_conn *c, int rc, enum ssh_offer *ret, struct err *err)
{
	switch (rc) {
	case SSH_AUTH_SUCCESS: *ret = SSH_OFFER_ACCEPTED; return 0;
	case SSH_AUTH_DENIED: *ret = SSH_OFFER_REFUSED; return 0;
	case SSH_AUTH_PARTIAL: *ret = SSH_OFFER_PARTIAL; return 0;
	}
	err_ssh(c, err, is_reset(c) ? -ECONNRESET : -EPROTO, "the server gave up");
	return auth_failed(c, err);
}

int ssh_conn_auth_file(struct ssh_conn *c, const char *path, const struct ssh_bounds *b,
	enum ssh_offer *ret, const char **ret_why, struct err *err)
{
	bool encrypted = false;
	ssh_key key = NULL;
	int rc, r = 0;

	*ret = SSH_OFFER_SKIPPED;
	if (access(path, R_OK) < 0) {
		*ret_why = errno == ENOENT ? "no such file" : "not readable";
		return 0;
	}
	rc = ssh_pki_import_privkey_file(path, NULL, no_passphrase, &encrypted, &key);
	if (rc != SSH_OK) {
		*ret_why = encrypted ? "encrypted: add it to the agent with ssh-add"
				     : "not a private key this libssh can use";
		return 0;
	}
	while ((rc = ssh_userauth_publickey(c->session, NULL, key)) == SSH_AUTH_AGAIN) {
		r = wait_again(c, b, err);
		if (r < 0)
			break;
	}
	ssh_key_free(key);
	return rc == SSH_AUTH_AGAIN ? err_wrap(err, "authenticating")
				    : auth_result(c, rc, ret, err);
}

/* A socket that nobody listens on would cost libssh nothing, but us the reason. */
static bool agent_listens(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	bool ok;
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return false;
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	ok = connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0;
	close(fd);
	return ok;
}

int ssh_conn_auth_agent(struct ssh_conn *c, const struct ssh_bounds *b, enum ssh_offer *ret,
	const char **ret_why, struct err *err)
{
	const char *path = getenv("SSH_AUTH_SOCK");
	int rc, r;

	*ret = SSH_OFFER_SKIPPED;
	if (!path || !*path) {
		*ret_why = "SSH_AUTH_SOCK is not set";
		return 0;
	}
	if (!agent_listens(path)) {
		*ret_why = "nobody answers at SSH_AUTH_SOCK";
		return 0;
	}
	while ((rc = ssh_userauth_agent(c->session, NULL)) == SSH_AUTH_AGAIN) {
		r = wait_again(c, b, err);
		if (r < 0)
			return auth_failed(c, err);
	}
	return auth_result(c, rc, ret, err);
}

/* ---- a running command ---- */

static int on_data(ssh_session session, ssh_channel channel, void *data, uint32_t len,
	int is_stderr, void *arg)
{
	struct ssh_conn *c = arg;

	if (!c->closing) {
		c->state.received += len;
		c->sink(c->sink_arg, is_stderr, data, len);
	}
	return (int)len;
}

static void on_eof(ssh_session session, ssh_channel channel, void *arg)
{
	((struct ssh_conn *)arg)->state.eof = true;
}

static void on_close(ssh_session session, ssh_channel channel, void *arg)
{
	((struct ssh_conn *)arg)->state.closed = true;
}

static void on_exit_status(ssh_session session, ssh_channel channel, int status, void *arg)
{
	((struct ssh_conn *)arg)->state.status = status & 0xff;
}

static void on_exit_signal(ssh_session session, ssh_channel channel, const char *name, int core,
	const char *msg, const char *lang, void *arg)
{
	static const char names[][5] = {"", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS",
		"FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM"};
	struct ssh_conn *c = arg;

	c->state.status = 128;
	for (size_t i = 1; i < ARRAY_SIZE(names); i++)
		if (strcmp(name, names[i]) == 0)
			c->state.status = 128 + (int)i;
}

/* Notice bytes that came in, of whatever kind. */
static void note_traffic(struct ssh_conn *c)
{
	if (c->counter.in_bytes == c->seen_bytes)
		return;
	c->seen_bytes = c->counter.in_bytes;
	c->state.heard = clock_now();
}

static int open_channel(struct ssh_conn *c, const struct ssh_bounds *b, struct err *err)
{
	int rc, r;

	c->channel = ssh_channel_new(c->session);
	if (!c->channel)
		return err_ssh(c, err, -ECONNRESET, "opening a channel");
	while ((rc = ssh_channel_open_session(c->channel)) == SSH_AGAIN) {
		r = wait_again(c, b, err);
		if (r < 0)
			return err_wrap(err, "opening a channel");
	}
	if (rc != SSH_OK)
		return err_ssh(c, err, is_reset(c) ? -ECONNRESET : -EPROTO, "opening a channel");
	return 0;
}

int ssh_exec_start(struct ssh_conn *c, const char *command, ssh_sink *sink, void *arg,
	const struct ssh_bounds *b, struct err *err)
{
	int rc, r;

	assert(!c->channel);
	c->state = (struct ssh_state){.status = -1, .heard = clock_now()};
	c->sink = sink;
	c->sink_arg = arg;
	c->wrote_eof = c->closing = false;
	r = open_channel(c, b, err);
	if (r < 0) {
		ssh_exec_end(c);
		return r;
	}
	c->callbacks = (struct ssh_channel_callbacks_struct){
		.userdata = c,
		.channel_data_function = on_data,
		.channel_eof_function = on_eof,
		.channel_close_function = on_close,
		.channel_exit_status_function = on_exit_status,
		.channel_exit_signal_function = on_exit_signal,
	};
	ssh_callbacks_init(&c->callbacks);
	ssh_add_channel_callbacks(c->channel, &c->callbacks);
	rc = ssh_channel_request_exec(c->channel, command);
	c->exec_pending = rc == SSH_AGAIN;
	if (rc == SSH_ERROR) {
		r = err_ssh(c, err, is_reset(c) ? -ECONNRESET : -EPROTO, NO_EXEC);
		ssh_exec_end(c);
		return r;
	}
	return 0;
}

static bool channel_usable(const struct ssh_conn *c)
{
	return c->channel && !c->state.closed && !c->wrote_eof && ssh_channel_is_open(c->channel);
}

struct ssh_state ssh_exec_state(const struct ssh_conn *c)
{
	struct ssh_state s = c->state;

	s.can_write = channel_usable(c) && !(ssh_get_status(c->session) & SSH_WRITE_PENDING) &&
		      ssh_channel_window_size(c->channel) > 0;
	return s;
}

/* The connection broke (or not, when the command was over anyway). */
static int lost(struct ssh_conn *c, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *msg;

	if (c->state.closed)
		return 0;
	msg = ssh_get_disconnect_message(c->session);
	if (!msg)
		return err_ssh(c, err, -ECONNRESET, "connection lost");
	escape_text(&text, msg, strnlen(msg, 300), false);
	return err_set(err, -ECONNRESET, "connection lost: the server says: %s", buf_str(&text));
}

ssize_t ssh_exec_write(struct ssh_conn *c, const void *data, size_t len, struct err *err)
{
	int n;

	if (!channel_usable(c))
		return 0;
	len = MIN_OF(len, (size_t)ssh_channel_window_size(c->channel));
	len = MIN_OF(len, (size_t)WRITE_CHUNK);
	if (len == 0)
		return 0;
	n = ssh_channel_write(c->channel, data, (uint32_t)len);
	note_traffic(c);
	if (n >= 0)
		return n;
	return ssh_is_connected(c->session) && !channel_usable(c) ? 0 : lost(c, err);
}

int ssh_exec_write_eof(struct ssh_conn *c, struct err *err)
{
	if (!channel_usable(c))
		return 0;
	c->wrote_eof = true;
	return ssh_channel_send_eof(c->channel) == SSH_ERROR ? lost(c, err) : 0;
}

/* Has the server agreed to run the command?  It answers before any output. */
static int check_exec_answer(struct ssh_conn *c, struct err *err)
{
	int rc;

	if (!c->exec_pending)
		return 0;
	rc = ssh_channel_request_exec(c->channel, "");
	c->exec_pending = rc == SSH_AGAIN;
	if (rc != SSH_ERROR)
		return 0;
	if (is_reset(c) || !ssh_is_connected(c->session))
		return lost(c, err);
	return err_ssh(c, err, -EPROTO, NO_EXEC);
}

int ssh_exec_pump(struct ssh_conn *c, usec_t max, struct err *err)
{
	int rc, r;

	max = MIN_OF(max, SLICE);
	ack_at_once(c);
	rc = ssh_event_dopoll(c->event, (int)((max + USEC_PER_MSEC - 1) / USEC_PER_MSEC));
	note_traffic(c);
	if (rc == SSH_ERROR || !ssh_is_connected(c->session))
		return lost(c, err);
	r = check_exec_answer(c, err);
	note_traffic(c);
	return r;
}

void ssh_exec_keepalive(struct ssh_conn *c)
{
	/* The first call may only collect the answer to an earlier one. */
	ssh_send_keepalive(c->session);
	ssh_send_keepalive(c->session);
	note_traffic(c);
}

void ssh_exec_end(struct ssh_conn *c)
{
	if (!c->channel)
		return;
	c->closing = true;
	if (c->callbacks.size)
		ssh_remove_channel_callbacks(c->channel, &c->callbacks);
	ssh_channel_close(c->channel);
	ssh_channel_free(c->channel);
	c->channel = NULL;
	c->exec_pending = false;
}

/* ---- known_hosts ---- */

bool ssh_hashed_host_matches(const char *hashed, const char *host)
{
	/* libssh compares hashes only as part of reading a whole line: give it one. */
	static const char key[] =
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g";
	_cleanup_free_ char *line = xasprintf("%s %s", hashed, key);
	struct ssh_knownhosts_entry *entry = NULL;

	if (ssh_known_hosts_parse_line(host, line, &entry) != SSH_OK)
		return false;
	ssh_knownhosts_entry_free(entry);
	return true;
}
