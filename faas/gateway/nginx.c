/* The nginx processes: see nginx.h. */
#include "faas/gateway/nginx.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faas/common/limits.h"
#include "lib/base/clock.h"
#include "lib/base/xalloc.h"

struct nginx {
	const struct config *c;
	struct nginx_env env;
	char *conf_path, *test_path, *pid_path;
	pthread_mutex_t lock;
	pid_t master; /* 0: not running */
	_Atomic unsigned starts;
	pid_t test; /* a `nginx -t` that nginx_apply() itself waits for; 0: none */
};

static int make_dir(const char *path, mode_t mode, struct err *err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_errno(err, -errno, "unable to make folder '%s'", path);
	return 0;
}

static void find_limits(struct nginx *n)
{
	const unsigned long want = 2 * (unsigned long)n->c->worker_connections + 1024;
	struct rlimit l;

	n->env.nofile = want;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_max != RLIM_INFINITY && l.rlim_max < want) {
		n->env.nofile = l.rlim_max;
		/* nginx' own warning is below the level of its log. */
		limits_warn_files(l.rlim_max, want, "each nginx worker");
	}
	if (geteuid() != 0)
		return; /* nginx cannot change user; its workers run as we do */
	if (!getpwnam("nobody"))
		n->env.user = "root root";
	else
		n->env.user = getgrnam("nogroup") ? "nobody nogroup" : "nobody nobody";
}

int nginx_new(const struct config *c, struct nginx **ret, struct err *err)
{
	struct nginx *n = xcalloc(1, sizeof(*n));
	int r;

	n->c = c;
	n->conf_path = xasprintf("%s/nginx.conf", c->run_dir);
	n->test_path = xasprintf("%s/nginx.conf.new", c->run_dir);
	n->pid_path = xasprintf("%s/nginx.pid", c->run_dir);
	pthread_mutex_init(&n->lock, NULL);
	find_limits(n);
	r = make_dir(c->run_dir, 0755, err);
	if (r == 0)
		r = make_dir(c->tmp_dir, 0755, err);
	if (r == 0)
		*ret = n;
	return r;
}

const struct nginx_env *nginx_env(const struct nginx *n)
{
	return &n->env;
}

/* In the child: only async-signal-safe calls. */
static _noreturn_ void run_child(char *const *argv, int err_fd)
{
	sigset_t none;

	setpgid(0, 0); /* so that its workers can be found when it is killed */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (err_fd >= 0)
		dup2(err_fd, STDERR_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

static int write_file(const char *path, const struct buf *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t done = 0;
	int r = 0;

	if (fd < 0)
		return err_errno(err, -errno, "unable to write '%s'", path);
	while (done < text->len && r == 0) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0)
			r = err_errno(err, -errno, "unable to write '%s'", path);
		else
			done += (size_t)n;
	}
	close(fd);
	return r;
}

/* Read what the test says, up to a cap, until it closes its end. */
static void gather(int fd, struct buf *out)
{
	char chunk[512];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		if (out->len < 4096)
			buf_add(out, chunk, (size_t)n);
	buf_rtrim(out);
}

static int test_conf(struct nginx *n, struct err *err)
{
	char *argv[] = {
		(char *)n->c->nginx, (char *)"-t", (char *)"-q", (char *)"-c", n->test_path, NULL};
	_cleanup_buf_ struct buf said = BUF_INIT;
	int pipe_fds[2], status = 0;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(err, -errno, "unable to make a pipe");
	pthread_mutex_lock(&n->lock);
	pid = n->test = fork();
	if (pid == 0)
		run_child(argv, pipe_fds[1]);
	pthread_mutex_unlock(&n->lock);
	close(pipe_fds[1]);
	if (pid > 0) {
		gather(pipe_fds[0], &said);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(pipe_fds[0]);
	pthread_mutex_lock(&n->lock);
	n->test = 0;
	pthread_mutex_unlock(&n->lock);
	if (pid < 0)
		return err_set(err, -EAGAIN, "unable to start '%s'", n->c->nginx);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, -EINVAL, "nginx refuses the configuration: %s", buf_str(&said));
}

/* A master that is still starting would die of SIGHUP: its pid file says that it listens to it. */
static void reload(struct nginx *n)
{
	for (int i = 0; i < 300; i++) {
		bool ready = access(n->pid_path, F_OK) == 0;

		pthread_mutex_lock(&n->lock);
		bool starting = n->master > 0 && !ready;
		if (n->master > 0 && ready)
			kill(n->master, SIGHUP);
		pthread_mutex_unlock(&n->lock);
		if (!starting)
			return;
		clock_sleep(10 * USEC_PER_MSEC);
	}
}

int nginx_apply(struct nginx *n, const struct buf *conf, struct err *err)
{
	int r;

	r = write_file(n->test_path, conf, err);
	if (r == 0)
		r = test_conf(n, err);
	if (r < 0)
		return r;
	if (rename(n->test_path, n->conf_path) < 0)
		return err_errno(err, -errno, "unable to write '%s'", n->conf_path);
	reload(n);
	return 0;
}

int nginx_start(struct nginx *n, struct err *err)
{
	char *argv[] = {(char *)n->c->nginx, (char *)"-c", n->conf_path, NULL};
	_cleanup_free_ char *status = xasprintf("%s/status.sock", n->c->run_dir);
	_cleanup_free_ char *plane = xasprintf("%s/" PLANE_SOCKET, n->c->run_dir);
	pid_t pid;

	if (access(n->c->nginx, X_OK) < 0)
		return err_errno(err, -errno, "unable to run '%s'", n->c->nginx);
	if (access(n->conf_path, R_OK) < 0)
		return err_set(err, -ENOENT, "there is no configuration that nginx accepted");
	unlink(status); /* left by a master that was killed, as are the others */
	unlink(plane);
	unlink(n->pid_path);
	pthread_mutex_lock(&n->lock);
	pid = fork();
	if (pid == 0)
		run_child(argv, -1);
	n->master = pid > 0 ? pid : 0;
	pthread_mutex_unlock(&n->lock);
	if (pid < 0)
		return err_errno(err, -errno, "unable to start '%s'", n->c->nginx);
	n->starts++;
	return 0;
}

bool nginx_reap(struct nginx *n, int *ret_status)
{
	bool master_died = false;
	siginfo_t si;
	int status;

	for (;;) {
		si.si_pid = 0;
		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || si.si_pid == 0)
			break;
		pthread_mutex_lock(&n->lock);
		if (si.si_pid == n->test) { /* nginx_apply() takes this one itself */
			pthread_mutex_unlock(&n->lock);
			break;
		}
		waitpid(si.si_pid, &status, WNOHANG);
		if (si.si_pid == n->master) {
			n->master = 0;
			/* A killed master leaves workers that hold the ports; they may finish. */
			kill(-si.si_pid, SIGQUIT);
			master_died = true;
			*ret_status = status;
		}
		pthread_mutex_unlock(&n->lock);
	}
	return master_died;
}

void nginx_stop(struct nginx *n, bool hard)
{
	pthread_mutex_lock(&n->lock);
	if (n->master > 0)
		kill(n->master, hard ? SIGTERM : SIGQUIT);
	pthread_mutex_unlock(&n->lock);
}

bool nginx_running(const struct nginx *n)
{
	return n->master > 0;
}

unsigned nginx_starts(const struct nginx *n)
{
	return n->starts;
}
