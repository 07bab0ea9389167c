/*
 * svarm-probe churn: what do new connections to Redis cost?
 *
 *	svarm-probe churn --to 10.0.0.5:6379 --seconds 5 --concurrency 4 [--tw-reuse 1]
 *
 * Prints one JSON object.  Exit: 0, 1 some connections failed, 2 usage, 3 this machine's own fault.
 *
 * --tw-reuse sets net.ipv4.tcp_tw_reuse of the network namespace it runs in, and sets it back.  It
 * refuses in the machine's own namespace, where the setting is everybody's.
 */
#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/load/hist_json.h"
#include "probe/tool/churn.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"

#define TW_REUSE    "/proc/sys/net/ipv4/tcp_tw_reuse"
#define KERNELS_OWN "/proc/sys/net/core/netdev_max_backlog"
#define RANGE       "/proc/sys/net/ipv4/ip_local_port_range"

enum { MAX_SECONDS = 600, MAX_CONCURRENCY = 256, UNKNOWN = -1 };

static const char usage[] =
	"usage: svarm-probe churn --to ADDRESS:PORT [OPTIONS]\n"
	"  --seconds S        (5)\n"
	"  --concurrency N    connections at once (4)\n"
	"  --tw-reuse 0|1|2   tcp_tw_reuse of this network namespace meanwhile\n";

static volatile int stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* "10.0.0.5:6379", "[fd00::5]:6379". */
static bool parse_address(const char *text, struct churn_options *o)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				.ai_socktype = SOCK_STREAM},
			*found = NULL;
	const char *colon = strrchr(text, ':');
	_cleanup_free_ char *host = NULL;
	bool brackets = colon && *text == '[' && colon[-1] == ']';

	if (!colon || colon == text)
		return false;
	host = xstrndup(text + brackets, (size_t)(colon - text) - 2 * brackets);
	if (getaddrinfo(host, colon + 1, &hints, &found) || !found)
		return false;
	memcpy(&o->address, found->ai_addr, found->ai_addrlen);
	o->len = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static int parse(int argc, char **argv, struct churn_options *o, int *tw_reuse)
{
	static const struct option options[] = {{"to", required_argument, NULL, 't'},
		{"seconds", required_argument, NULL, 's'},
		{"concurrency", required_argument, NULL, 'c'},
		{"tw-reuse", required_argument, NULL, 'w'}, {0}};
	double seconds = 5, concurrency = 4, reuse = UNKNOWN;
	bool good = true;
	int option;

	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't': good = parse_address(optarg, o); break;
		case 's': good = parse_number(optarg, MAX_SECONDS, &seconds); break;
		case 'c': good = parse_whole(optarg, MAX_CONCURRENCY, &concurrency); break;
		case 'w': good = parse_whole(optarg, 2, &reuse); break;
		default: good = false;
		}
	}
	o->duration = (usec_t)(seconds * 1e6);
	o->concurrency = (unsigned)concurrency;
	*tw_reuse = (int)reuse;
	if (good && optind == argc && o->len && o->concurrency && o->duration)
		return 0;
	return fputs(usage, stderr), TOOL_USAGE;
}

static int read_numbers(const char *path, int *a, int *b)
{
	FILE *f = fopen(path, "re");
	int n = f ? fscanf(f, "%d %d", a, b) : 0;

	if (f)
		fclose(f);
	return n;
}

static int write_number(const char *path, int value)
{
	FILE *f = fopen(path, "we");
	bool good = f && fprintf(f, "%d\n", value) > 0;

	if (f && fclose(f))
		good = false;
	return good ? 0 : -1;
}

/* Is this a network namespace beside the machine's?  Not when the machine's first process is in it,
 * nor when settings are here that the kernel shows in its first one only. */
static bool own_namespace(void)
{
	struct stat own, first;

	if (stat("/proc/self/ns/net", &own) < 0 || access(KERNELS_OWN, F_OK) == 0)
		return false;
	return stat("/proc/1/ns/net", &first) < 0 || own.st_ino != first.st_ino ||
	       own.st_dev != first.st_dev;
}

static const char *set_reuse(int wanted, int before)
{
	if (!own_namespace())
		return "tcp_tw_reuse is set only in a network namespace other than the machine's";
	if (before == UNKNOWN || write_number(TW_REUSE, wanted) < 0)
		return "tcp_tw_reuse cannot be set here";
	return NULL;
}

/* Those that say something about ports, paths or Redis. */
static const char *error_name(int error)
{
	switch (error) {
	case EADDRNOTAVAIL: return "EADDRNOTAVAIL";
	case ETIMEDOUT: return "ETIMEDOUT";
	case ECONNRESET: return "ECONNRESET";
	case EPIPE: return "EPIPE";
	case EHOSTUNREACH: return "EHOSTUNREACH";
	case ENETUNREACH: return "ENETUNREACH";
	case EMFILE: return "EMFILE";
	case ENFILE: return "ENFILE";
	default: return NULL;
	}
}

static void print_errors(struct buf *out, const struct churn_result *r)
{
	const char *comma = "";

	buf_adds(out, ", \"errors\": {");
	for (int i = 0; i < CHURN_MAX_ERRNO; i++) {
		const char *name = error_name(i);

		if (!r->errors[i])
			continue;
		buf_adds(out, comma);
		if (name)
			buf_addf(out, "\"%s\"", name);
		else
			buf_addf(out, "\"errno %d\"", i);
		buf_addf(out, ": %llu", (unsigned long long)r->errors[i]);
		comma = ", ";
	}
	if (r->odd)
		buf_addf(out, "%s\"answer\": %llu", comma, (unsigned long long)r->odd);
	buf_addc(out, '}');
}

static void print(const struct churn_options *o, const struct churn_result *r, int tw_reuse)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	int low, high;

	buf_addf(&out, "{\"tw_reuse\": %d", tw_reuse);
	if (read_numbers(RANGE, &low, &high) == 2)
		buf_addf(&out, ", \"port_range\": [%d, %d]", low, high);
	buf_addf(&out, ", \"concurrency\": %u, \"seconds\": %.3f, \"connections\": %llu",
		o->concurrency, r->seconds, (unsigned long long)r->answered);
	buf_addf(&out, ", \"rate\": %.2f, \"connect_ms\": ",
		r->seconds > 0 ? (double)r->answered / r->seconds : 0);
	hist_json_or_null(&out, &r->connect);
	if (r->answered)
		buf_addf(&out, ", \"connect_cpu_us\": %.2f",
			r->cpu_seconds * 1e6 / (double)r->answered);
	buf_addf(&out, ", \"refused\": %llu, \"retried\": %llu, \"failed\": %llu",
		(unsigned long long)r->refused, (unsigned long long)r->retried,
		(unsigned long long)churn_failed(r));
	print_errors(&out, r);
	buf_addf(&out, ", \"time_wait_before\": %ld, \"time_wait\": %ld}", r->time_wait_before,
		r->time_wait);
	puts(buf_str(&out));
}

int tool_churn(int argc, char **argv)
{
	_cleanup_free_ struct churn_result *result = xcalloc(1, sizeof(*result));
	struct churn_options o = {.stop = &stop};
	_cleanup_err_ struct err err = ERR_INIT;
	int wanted, before = UNKNOWN, now, r = parse(argc, argv, &o, &wanted);
	const char *fault = NULL;

	if (r)
		return r;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGHUP, on_signal);
	(void)read_numbers(TW_REUSE, &before, &now);
	if (wanted != UNKNOWN)
		fault = set_reuse(wanted, before);
	if (fault)
		return fprintf(stderr, "svarm-probe churn: %s\n", fault), TOOL_FAULT;
	now = before;
	(void)read_numbers(TW_REUSE, &now, &r);
	r = churn_run(&o, result, &err);
	if (wanted != UNKNOWN && write_number(TW_REUSE, before) < 0)
		r = err_set(&err, -EIO, "tcp_tw_reuse was not set back to %d", before);
	if (r < 0)
		return fprintf(stderr, "svarm-probe churn: %s\n", err_msg(&err)), TOOL_FAULT;
	print(&o, result, now);
	return result->refused || churn_failed(result) || !result->answered ? TOOL_BAD : 0;
}
