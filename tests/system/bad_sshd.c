/*
 * Servers that misbehave, for tests/system/ssh.t: `bad_sshd MODE [HOST_KEY]` listens on a free
 * loopback port, prints it, and serves connections one after the other until it is killed.
 *
 *     garbage    not SSH at all             silent     accepts, says nothing
 *     lines      endless lines, no banner   close      hangs up at once
 *     longline   one endless line           half       a banner, then silence
 *
 * Modes that let anybody in, then misbehave with the command:
 *
 *     nostatus   output, then closes the channel without an exit status
 *     hangup     output, then drops the connection
 *     refuse     refuses to run anything
 *     mute       agrees, then neither answers nor reads
 *     signal     ends by a signal nobody has heard of, its name full of control characters
 *     flood      writes without end and never starts a shell
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libssh/libssh.h>
#include <libssh/server.h>

static const char *mode;

static void say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		_exit(0);
}

/* The modes below SSH. */
static void serve_raw(int fd)
{
	char junk[4096];

	if (strcmp(mode, "close") == 0)
		return;
	if (strcmp(mode, "garbage") == 0)
		say(fd, "HTTP/1.0 400 \033[31mBad\033[0m Request\r\n\r\n");
	if (strcmp(mode, "half") == 0)
		say(fd, "SSH-2.0-Half\r\n");
	memset(junk, 'x', sizeof(junk));
	if (strcmp(mode, "lines") == 0)
		for (size_t i = 79; i < sizeof(junk); i += 80)
			junk[i] = '\n';
	while (strcmp(mode, "lines") == 0 || strcmp(mode, "longline") == 0)
		if (write(fd, junk, sizeof(junk)) < 0)
			return;
	while (read(fd, junk, sizeof(junk)) > 0)
		;
}

/* Say yes to everything up to the request to run a command; returns its channel. */
static ssh_channel accept_all(ssh_session s)
{
	ssh_channel channel = NULL;
	ssh_message m;

	while ((m = ssh_message_get(s))) {
		int type = ssh_message_type(m);

		if (type == SSH_REQUEST_AUTH) {
			if (ssh_message_subtype(m) == SSH_AUTH_METHOD_PUBLICKEY)
				ssh_message_auth_reply_success(m, 0);
			else
				ssh_message_reply_default(m);
		} else if (type == SSH_REQUEST_CHANNEL_OPEN) {
			channel = ssh_message_channel_request_open_reply_accept(m);
		} else if (type == SSH_REQUEST_CHANNEL) {
			if (strcmp(mode, "refuse") == 0)
				ssh_message_reply_default(m);
			else
				ssh_message_channel_request_reply_success(m);
			ssh_message_free(m);
			return channel;
		} else if (type == SSH_REQUEST_SERVICE) {
			ssh_message_service_reply_success(m);
		} else {
			ssh_message_reply_default(m);
		}
		ssh_message_free(m);
	}
	return NULL;
}

static void flood(ssh_channel c)
{
	char junk[4096];

	memset(junk, 'x', sizeof(junk));
	while (ssh_channel_write(c, junk, sizeof(junk)) > 0)
		;
}

static void misbehave(ssh_session s, ssh_channel c, int fd)
{
	static const char out[] = "\001\002some output\n";

	if (strcmp(mode, "mute") == 0)
		pause();
	if (strcmp(mode, "flood") == 0)
		flood(c);
	if (strcmp(mode, "refuse") != 0)
		ssh_channel_write(c, out, sizeof(out) - 1);
	if (strcmp(mode, "hangup") == 0) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	if (strcmp(mode, "signal") == 0)
		ssh_channel_request_send_exit_signal(c, "\033[2J\n", 0, "\007\033]0;owned\007", "");
	if (strcmp(mode, "refuse") != 0)
		ssh_channel_close(c);
	ssh_message_free(ssh_message_get(s)); /* until the client hangs up */
}

static void serve_ssh(int fd, const char *host_key)
{
	ssh_bind b = ssh_bind_new();
	ssh_session s = ssh_new();
	ssh_channel c;

	ssh_bind_options_set(b, SSH_BIND_OPTIONS_HOSTKEY, host_key);
	if (ssh_bind_accept_fd(b, s, fd) != SSH_OK || ssh_handle_key_exchange(s) != SSH_OK)
		return;
	c = accept_all(s);
	if (c)
		misbehave(s, c, fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	if (argc < 2)
		return 2;
	mode = argv[1];
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	if (bind(l, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(l, 16) < 0)
		return 1;
	getsockname(l, (struct sockaddr *)&sa, &len);
	printf("%d\n", ntohs(sa.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(l, NULL, NULL);

		if (fd < 0 || fork() > 0) {
			close(fd);
			continue;
		}
		close(l);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		if (argc > 2)
			serve_ssh(fd, argv[2]);
		else
			serve_raw(fd);
		_exit(0);
	}
}
