/* The stage: namespace, folder, nginx processes: see stage.h. */
#include "probe/tool/stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/xalloc.h"
#include "probe/tool/undo.h"

enum { DOWN_BYTES = 10 * 1024 * 1024, START_MSEC = 10000 };

/* ---- namespace and folder ---- */

static int raise_loopback(struct err *err)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return r < 0 ? err_errno(err, r, "raising the loopback of the stage") : 0;
}

static int write_file(
	const struct stage *s, const char *name, const char *text, size_t len, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", s->dir, name);
	FILE *f = fopen(path, "we");
	bool ok = f && fwrite(text, 1, len, f) == len;

	if (f && fclose(f) != 0)
		ok = false;
	return ok ? 0 : err_errno(err, errno ? -errno : -EIO, "writing '%s'", path);
}

static int make_download(const struct stage *s, struct err *err)
{
	_cleanup_free_ char *zeros = xcalloc(1, DOWN_BYTES);

	return write_file(s, "down", zeros, DOWN_BYTES, err);
}

static int start_back(struct stage *s, struct err *err);

int stage_open(const char *nginx, const char *below, struct stage *ret, struct err *err)
{
	char *dir = xasprintf("%s/svarm-stage.XXXXXX", below);
	int r;

	ret->nginx = nginx;
	if (!mkdtemp(dir)) {
		r = err_errno(err, -errno, "making a folder below '%s'", below);
		free(dir);
		return r;
	}
	ret->dir = dir;
	/* Whoever measures may be killed, and the folder is large. */
	ret->undo = undo_arm((const char *const[]){"/bin/rm", "-rf", "--", dir, NULL});
	if (ret->undo < 0)
		return err_errno(err, ret->undo, "watching over '%s'", dir);
	if (unshare(CLONE_NEWNET) < 0)
		return err_errno(err, -errno, "making a network namespace");
	r = raise_loopback(err);
	if (r == 0)
		r = make_download(ret, err);
	return r < 0 ? r : start_back(ret, err);
}

/* nginx makes no folders deeper than one, and the names are its own and ours. */
static void remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *inner = xasprintf("%s/%s", path, entry->d_name);

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlink(inner) < 0 && errno == EISDIR)
			remove_folder(inner);
	}
	if (dir)
		closedir(dir);
	(void)rmdir(path);
}

/* ---- nginx ---- */

static void stop(pid_t *pid)
{
	if (*pid <= 0)
		return;
	(void)kill(*pid, SIGTERM);
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
}

void stage_close(struct stage *s)
{
	stop(&s->front);
	stop(&s->back);
	if (s->dir)
		remove_folder(s->dir);
	if (s->undo > 0) {
		(void)!write(s->undo, "", 1); /* there is nothing left to do */
		close(s->undo);
	}
	free(s->dir);
	*s = (struct stage){0};
}

static void exec_nginx(const struct stage *s, const char *conf)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (null >= 0)
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
	execl(s->nginx, s->nginx, "-p", s->dir, "-c", conf, (char *)NULL);
	_exit(127);
}

/* A whole answer: the master listens before there is a worker. */
static bool answers(int port)
{
	static const char question[] = "GET /hi HTTP/1.0\r\n\r\n";
	const struct timeval limit = {.tv_sec = 1};
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;
	bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
		  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
		  send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) > 0 &&
		  recv(fd, &byte, 1, 0) == 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

static int start(struct stage *s, const char *conf, int port, pid_t *ret, struct err *err)
{
	usec_t end = clock_now() + START_MSEC * USEC_PER_MSEC;
	int status;

	*ret = fork();
	if (*ret < 0)
		return err_errno(err, -errno, "starting nginx");
	if (*ret == 0)
		exec_nginx(s, conf);
	while (!answers(port)) {
		if (waitpid(*ret, &status, WNOHANG) == *ret) {
			*ret = 0;
			return err_set(err, -ENOEXEC, "'%s' does not run with the stage's %s",
				s->nginx, conf);
		}
		if (clock_now() > end)
			return err_set(err, -ETIMEDOUT, "nginx takes no connections");
		clock_sleep(5 * USEC_PER_MSEC);
	}
	return 0;
}

/* What both have: one worker, files of their own, nothing logged. */
static void conf_head(const struct stage *s, const char *name, struct buf *out)
{
	buf_addf(out,
		"daemon off;\nuser root;\nworker_processes 1;\nworker_rlimit_nofile 20000;\n"
		"pid %s/%s.pid;\nerror_log %s/%s.log crit;\n"
		"events {\n\tworker_connections 8192;\n}\nhttp {\n"
		"\taccess_log off;\n\tkeepalive_requests 10000000;\n\tclient_max_body_size 50m;\n"
		"\tclient_body_temp_path %s/%s-body;\n\tproxy_temp_path %s/%s-proxy;\n"
		"\tfastcgi_temp_path %s/t1;\n\tuwsgi_temp_path %s/t2;\n\tscgi_temp_path %s/t3;\n",
		s->dir, name, s->dir, name, s->dir, name, s->dir, name, s->dir, s->dir, s->dir);
}

/* An upload is read whole before it is answered: that is what a second proxying makes sure of. */
static int start_back(struct stage *s, struct err *err)
{
	_cleanup_buf_ struct buf conf = BUF_INIT;
	int r;

	conf_head(s, "back", &conf);
	buf_addf(&conf,
		"\tclient_body_buffer_size 32m;\n\tserver {\n"
		"\t\tlisten %d backlog=4096;\n"
		"\t\tlocation = /hi {\n\t\t\treturn 200 \"ok\\n\";\n\t\t}\n"
		"\t\tlocation = /down {\n\t\t\troot %s;\n\t\t}\n"
		"\t\tlocation = /up {\n\t\t\tproxy_method GET;\n\t\t\tproxy_pass_request_body "
		"off;\n"
		"\t\t\tproxy_set_header Content-Length \"\";\n"
		"\t\t\tproxy_pass http://127.0.0.1:%d/hi;\n\t\t}\n\t}\n}\n",
		STAGE_BACK, s->dir, STAGE_BACK);
	r = write_file(s, "back.conf", buf_str(&conf), conf.len, err);
	return r < 0 ? r : start(s, "back.conf", STAGE_BACK, &s->back, err);
}

static void conf_front(const struct stage *s, const struct front *f, struct buf *out)
{
	conf_head(s, "front", out);
	if (f->body_buffer)
		buf_addf(out, "\tclient_body_buffer_size %u;\n", f->body_buffer);
	if (f->proxy_buffers)
		buf_adds(out, "\tproxy_buffer_size 16k;\n\tproxy_buffers 16 64k;\n"
			      "\tproxy_busy_buffers_size 128k;\n\tproxy_max_temp_file_size 0;\n");
	buf_addf(out, "\tupstream back {\n\t\tserver 127.0.0.1:%d;\n", STAGE_BACK);
	if (f->keepalive)
		buf_addf(out, "\t\tkeepalive %u;\n", f->keepalive);
	buf_addf(out, "\t}\n\tserver {\n\t\tlisten 127.0.0.1:%d", STAGE_FRONT);
	if (f->backlog)
		buf_addf(out, " backlog=%u", f->backlog);
	buf_adds(out, ";\n\t\tlocation / {\n\t\t\tproxy_pass http://back;\n");
	if (f->keepalive)
		buf_adds(out, "\t\t\tproxy_http_version 1.1;\n"
			      "\t\t\tproxy_set_header Connection \"\";\n");
	buf_adds(out, "\t\t}\n\t}\n}\n");
}

int stage_front(struct stage *s, const struct front *f, struct err *err)
{
	_cleanup_buf_ struct buf conf = BUF_INIT;
	int r;

	stop(&s->front);
	conf_front(s, f, &conf);
	r = write_file(s, "front.conf", buf_str(&conf), conf.len, err);
	return r < 0 ? r : start(s, "front.conf", STAGE_FRONT, &s->front, err);
}

int stage_stall_front(struct stage *s, unsigned msec, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/task/%d/children", s->front, s->front);
	_cleanup_buf_ struct buf children = BUF_INIT;
	pid_t pids[8];
	size_t n = 0;
	int r;

	r = buf_read_file(&children, path, 4096, err);
	if (r < 0)
		return err_wrap(err, "finding the workers of the stage's nginx");
	for (char *at = children.data; at && n < ARRAY_SIZE(pids);) {
		char *end;
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		pids[n++] = (pid_t)pid;
		at = end;
	}
	if (!n)
		return err_set(err, -ESRCH, "the stage's nginx has no workers");
	for (size_t i = 0; i < n; i++)
		(void)kill(pids[i], SIGSTOP);
	clock_sleep(msec * USEC_PER_MSEC);
	for (size_t i = 0; i < n; i++)
		(void)kill(pids[i], SIGCONT);
	return 0;
}

/* ---- the kernel's side ---- */

int stage_set(const char *setting, const char *value, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("/proc/sys/net/%s", setting);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(value);
	int r = fd < 0 || write(fd, value, len) != (ssize_t)len ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return r < 0 ? err_errno(err, r, "setting '%s' to '%s' on the stage", path, value) : 0;
}

int stage_get(const char *setting, struct buf *ret, struct err *err)
{
	_cleanup_free_ char *path = xasprintf("/proc/sys/net/%s", setting);
	int r = buf_read_file(ret, path, 4096, err);

	buf_rtrim(ret);
	return r;
}

/* The kernel prints two lines a group: names, then values. */
long long stage_counter(const char *group, const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *head = xasprintf("%s: ", group);
	const char *file = strcmp(group, "Tcp") == 0 ? "/proc/net/snmp" : "/proc/net/netstat";
	char *names, *values, *line_save, *a_save, *b_save, *a, *b;

	if (buf_read_file(&text, file, 64 * 1024, NULL) < 0 || !text.len)
		return -1;
	for (names = strtok_r(text.data, "\n", &line_save); names;
		names = strtok_r(NULL, "\n", &line_save)) {
		values = strtok_r(NULL, "\n", &line_save);
		if (!values || strncmp(names, head, strlen(head)) != 0)
			continue;
		a = strtok_r(names, " ", &a_save);
		b = strtok_r(values, " ", &b_save);
		for (; a && b; a = strtok_r(NULL, " ", &a_save), b = strtok_r(NULL, " ", &b_save))
			if (!strcmp(a, name))
				return strtoll(b, NULL, 10);
	}
	return -1;
}
