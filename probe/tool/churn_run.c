/*
 * Connect, ask, read, close, and again: see churn.h.  Blocking calls in a few threads, because that
 * is what the programs do that this stands for, and because the cost to see is the kernel's: its
 * search for a free port happens inside connect().
 */
#include "probe/tool/churn.h"

#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/xalloc.h"

enum {
	TIMEOUT_SECONDS = 3,
	RETRY_NS = 900000000, /* the kernel repeats a SYN after a second */
	MAX_ANSWER = 256,
};

struct thread {
	pthread_t id;
	const struct churn_options *o;
	uint64_t end;
	struct churn_result r;
};

/* The line Redis answers; without its end nothing is sure.  0, or an errno. */
static int read_line(int fd, char line[MAX_ANSWER])
{
	size_t got = 0;

	while (got < MAX_ANSWER - 1) {
		ssize_t n = recv(fd, line + got, MAX_ANSWER - 1 - got, 0);

		if (n < 0)
			return errno == EAGAIN ? ETIMEDOUT : errno;
		if (n == 0)
			return ECONNRESET;
		got += (size_t)n;
		line[got] = '\0';
		if (line[got - 1] == '\n')
			return 0;
	}
	return EPROTO;
}

/* With or without a password it has answered; with too many clients it has not let us in. */
static void judge_answer(struct churn_result *r, const char *line)
{
	static const char too_many[] = "-ERR max number of clients";

	if (!strncmp(line, too_many, strlen(too_many)))
		r->refused++;
	else if (!strncmp(line, "+PONG", 5) || !strncmp(line, "-NOAUTH", 7))
		r->answered++;
	else
		r->odd++;
}

static int use(struct thread *t, int fd)
{
	static const char ping[] = "PING\r\n";
	const struct timeval limit = {.tv_sec = TIMEOUT_SECONDS};
	char line[MAX_ANSWER];
	uint64_t from = clock_ns(), took;
	int error;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&t->o->address, t->o->len) < 0)
		return errno == EINPROGRESS ? ETIMEDOUT : errno;
	took = clock_ns() - from;
	hist_add(&t->r.connect, took);
	t->r.retried += took > RETRY_NS;
	if (send(fd, ping, strlen(ping), MSG_NOSIGNAL) < 0)
		return errno;
	error = read_line(fd, line);
	if (!error)
		judge_answer(&t->r, line);
	return error;
}

static void note(struct churn_result *r, int error)
{
	static const struct timespec pause = {.tv_nsec = 1000000};

	if (error == ECONNREFUSED)
		r->refused++;
	else
		r->errors[error > 0 && error < CHURN_MAX_ERRNO ? error : 0]++;
	/* Who fails waits a little; else failing would be what is measured. */
	nanosleep(&pause, NULL);
}

static void *run_thread(void *arg)
{
	struct thread *t = arg;

	while (clock_ns() < t->end && !*t->o->stop) {
		int fd = socket(t->o->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

		if (fd < 0) {
			note(&t->r, errno);
			continue;
		}
		error = use(t, fd);
		close(fd);
		if (error)
			note(&t->r, error);
	}
	return NULL;
}

static void merge(struct churn_result *into, const struct churn_result *from)
{
	hist_merge(&into->connect, &from->connect);
	into->answered += from->answered;
	into->refused += from->refused;
	into->odd += from->odd;
	into->retried += from->retried;
	for (int i = 0; i < CHURN_MAX_ERRNO; i++)
		into->errors[i] += from->errors[i];
}

static double cpu_now(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static long time_wait(void)
{
	FILE *f = fopen("/proc/net/sockstat", "re");
	char line[256];
	long n = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TCP: inuse %*d orphan %*d tw %ld", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

int churn_run(const struct churn_options *o, struct churn_result *ret, struct err *err)
{
	_cleanup_free_ struct thread *threads = xcalloc(o->concurrency, sizeof(*threads));
	uint64_t from = clock_ns();
	double cpu = cpu_now();
	unsigned n = 0;
	int r = 0;

	ret->time_wait_before = time_wait();
	for (; n < o->concurrency && r == 0; n++) {
		threads[n].o = o;
		threads[n].end = from + o->duration * 1000;
		r = pthread_create(&threads[n].id, NULL, run_thread, &threads[n]);
		if (r)
			break;
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(threads[i].id, NULL);
		merge(ret, &threads[i].r);
	}
	ret->seconds = (double)(clock_ns() - from) / 1e9;
	ret->cpu_seconds = cpu_now() - cpu;
	ret->time_wait = time_wait();
	return r ? err_errno(err, -r, "starting a thread") : 0;
}

uint64_t churn_failed(const struct churn_result *r)
{
	uint64_t n = r->odd;

	for (int i = 0; i < CHURN_MAX_ERRNO; i++)
		n += r->errors[i];
	return n;
}
