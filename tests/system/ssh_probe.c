/*
 * The real link, driven from a shell: tests/system/ssh.t runs it against a throwaway sshd.
 *
 *     ssh_probe [OPTION...] SCRIPT    run SCRIPT; its stdin is ours, or what --wait/--fill say
 *     ssh_probe [OPTION...] --bench N connect, authenticate and run `:` N times; prints
 * milliseconds
 *
 * stdout is the command's, stderr too; the last line of stderr is "status N" or "error CODE: MSG".
 * Exit status: 0 when the command ran, whatever its status; 1 when not.
 */
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/node/link.h"

static struct {
	struct cluster cluster;
	struct spec_node node;
	struct link_options link;
	struct link_exec exec;
	const char *identities[8];
	usec_t cancel_after, wait;
	size_t fill; /* bytes of generated input; SIZE_MAX: stdin */
	bool empty;  /* no input at all */
	bool stream; /* take stdout as it comes */
	bool abort;  /* LINK_INPUT_ABORT after the input */
	bool time;   /* print how long the command took */
	int bench, parallel, repeat;
} o = {.parallel = 1, .repeat = 1, .fill = SIZE_MAX};

static bool cancelled;
static char block[256 * 1024];

/* What one thread works with. */
struct work {
	size_t left;  /* of o.fill */
	usec_t until; /* LINK_INPUT_WAIT up to then */
	size_t taken; /* bytes of stdout */
	struct err err;
	int status;
	double ms;
};

static enum link_input input(void *arg, const char **data, size_t *len, struct err *err)
{
	struct work *w = arg;
	ssize_t n;

	if (w->until && clock_now() < w->until)
		return LINK_INPUT_WAIT;
	if (o.fill != SIZE_MAX) {
		n = (ssize_t)MIN_OF(w->left, sizeof(block));
		w->left -= (size_t)n;
	} else {
		n = o.empty ? 0 : read(STDIN_FILENO, block, sizeof(block));
	}
	if (n > 0) {
		*data = block;
		*len = (size_t)n;
		return LINK_INPUT_DATA;
	}
	if (o.abort) {
		err_set(err, -ECANCELED, "the caller gave up");
		return LINK_INPUT_ABORT;
	}
	return LINK_INPUT_EOF;
}

static int output(void *arg, const char *data, size_t len, struct err *err)
{
	struct work *w = arg;

	w->taken += len;
	return 0;
}

static void notice(void *arg, const char *text)
{
	fprintf(stderr, "notice: %s\n", text);
}

static int run_script(struct link *l, struct work *w, const char *script)
{
	_cleanup_(link_result_done) struct link_result res = {0};
	struct link_exec e = o.exec;
	usec_t start = clock_now();
	int r;

	e.script = script;
	e.input = o.empty && !o.abort && !o.wait ? NULL : input;
	e.output = o.stream ? output : NULL;
	e.arg = w;
	w->left = o.fill;
	w->until = o.wait ? clock_now() + o.wait : 0;
	r = link_exec(l, &e, &res, &w->err);
	w->status = res.status;
	if (o.parallel == 1) {
		fwrite(buf_str(&res.out), 1, res.out.len, stdout);
		fwrite(buf_str(&res.err), 1, res.err.len, stderr);
		fflush(stdout);
	}
	if (o.time)
		fprintf(stderr, "seconds %.3f\n", (double)(clock_now() - start) / 1e6);
	return r;
}

static void *worker(void *arg)
{
	const char *script = o.bench ? ":" : *(char **)arg;
	struct work *w = xcalloc(1, sizeof(*w));

	for (int i = 0; i < MAX_OF(o.bench, 1); i++) {
		_cleanup_(link_freep) struct link *l = NULL;
		usec_t start = clock_now();
		int r = link_open_ssh(&o.cluster, &o.node, &o.link, &l, &w->err);

		for (int k = 0; r == 0 && k < o.repeat; k++)
			r = run_script(l, w, script);
		link_free(TAKE_PTR(l));
		w->ms += (double)(clock_now() - start) / 1e3 / MAX_OF(o.bench, 1);
		if (r < 0)
			break;
	}
	return w;
}

static void *canceller(void *arg)
{
	clock_sleep(o.cancel_after);
	__atomic_store_n(&cancelled, true, __ATOMIC_RELAXED);
	return NULL;
}

static usec_t ms(const char *text)
{
	return strtoull(text, NULL, 10) * USEC_PER_MSEC;
}

static void set_defaults(void)
{
	o.cluster.ssh.identities = o.identities;
	o.cluster.ssh.known_hosts = "/nonexistent/known_hosts";
	o.cluster.ssh.connect_timeout = 5 * USEC_PER_SEC;
	o.cluster.nodes = &o.node;
	o.cluster.n_nodes = 1;
	o.node = (struct spec_node){
		.name = "probe", .address = "127.0.0.1", .user = "root", .port = 22};
	o.link = (struct link_options){.cancel = &cancelled, .notice = notice};
	o.exec.cancel = &cancelled;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {{"address", 1, 0, 'a'}, {"port", 1, 0, 'p'},
		{"user", 1, 0, 'u'}, {"key", 1, 0, 'i'}, {"pin", 1, 0, 'P'},
		{"known-hosts", 1, 0, 'k'}, {"learn", 0, 0, 'L'}, {"timeout", 1, 0, 't'},
		{"keepalive", 1, 0, 'K'}, {"cancel", 1, 0, 'c'}, {"wait", 1, 0, 'w'},
		{"fill", 1, 0, 'f'}, {"empty", 0, 0, 'e'}, {"stream", 0, 0, 's'},
		{"abort", 0, 0, 'A'}, {"deadline", 1, 0, 'd'}, {"idle", 1, 0, 'I'},
		{"max-output", 1, 0, 'm'}, {"bench", 1, 0, 'b'}, {"parallel", 1, 0, 'j'},
		{"repeat", 1, 0, 'r'}, {"time", 0, 0, 'T'}, {0}};
	int c;

	set_defaults();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'a': o.node.address = optarg; break;
		case 'p': o.node.port = (int)strtol(optarg, NULL, 10); break;
		case 'u': o.node.user = optarg; break;
		case 'i': o.identities[o.cluster.ssh.n_identities++] = optarg; break;
		case 'P': o.node.host_key = optarg; break;
		case 'k': o.cluster.ssh.known_hosts = optarg; break;
		case 'L': o.link.policy = HOST_KEY_LEARN; break;
		case 't': o.cluster.ssh.connect_timeout = ms(optarg); break;
		case 'K': o.link.keepalive = ms(optarg); break;
		case 'c': o.cancel_after = ms(optarg); break;
		case 'w': o.wait = ms(optarg); break;
		case 'f': o.fill = strtoull(optarg, NULL, 10); break;
		case 'e': o.empty = true; break;
		case 's': o.stream = true; break;
		case 'A': o.abort = true; break;
		case 'd': o.exec.deadline = ms(optarg); break;
		case 'I': o.exec.idle_timeout = ms(optarg); break;
		case 'm': o.exec.max_output = strtoull(optarg, NULL, 10); break;
		case 'b':
			o.bench = (int)strtol(optarg, NULL, 10);
			o.empty = true;
			break;
		case 'j': o.parallel = (int)strtol(optarg, NULL, 10); break;
		case 'r': o.repeat = (int)strtol(optarg, NULL, 10); break;
		case 'T': o.time = true; break;
		default: exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[32], cancel;
	char *script = NULL;
	int failed = 0;

	parse(argc, argv);
	if (argc > optind)
		script = argv[optind];
	if ((!script && !o.bench) || o.parallel > 32)
		return 2;
	if (o.cancel_after)
		pthread_create(&cancel, NULL, canceller, NULL);
	for (int i = 0; i < o.parallel; i++)
		pthread_create(&threads[i], NULL, worker, &script);
	for (int i = 0; i < o.parallel; i++) {
		struct work *w;
		void *p;

		pthread_join(threads[i], &p);
		w = p;
		if (w->err.code)
			fprintf(stderr, "error %d: %s\n", w->err.code, err_msg(&w->err));
		else if (o.bench)
			printf("%.1f\n", w->ms);
		else
			fprintf(stderr, "status %d\n", w->status);
		if (o.stream)
			fprintf(stderr, "bytes %zu\n", w->taken);
		failed |= w->err.code != 0;
		err_done(&w->err);
		free(w);
	}
	if (o.cancel_after)
		pthread_join(cancel, NULL);
	return failed;
}
