/*
 * svarm-queue-worker: takes accepted calls from the queue and runs them.
 *
 *     svarm-queue-worker                 run
 *     svarm-queue-worker probe NAME …    one check, one JSON object, exit 0 or 1
 *
 * Exit status: 0 stopped by a signal, 1 it cannot start, 2 usage or settings.
 */
#include <signal.h>

#include "faas/common/env.h"
#include "faas/common/limits.h"
#include "faas/common/log.h"
#include "faas/common/peer.h"
#include "faas/common/probe.h"
#include "faas/worker/reporter.h"
#include "faas/worker/work.h"
#include "lib/ext/heap.h"
#include "lib/ext/http.h"

enum { SPARE_FILES = 128 };

static const struct probe probes[] = {
	{"redis", "", 0, probe_redis},
	{"peer", "HOST:PORT", 1, probe_peer},
	{NULL, NULL, 0, NULL},
};

static volatile int stop;
static struct work *work;

static void on_signal(int sig)
{
	stop = 1;
	work_wakeup(work);
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

int main(int argc, char **argv)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct reporter *reporter = NULL;
	struct config c;

	heap_tune();
	http_global_init();
	if (argc >= 2 && !strcmp(argv[1], "probe"))
		return probe_main(probes, argc - 2, argv + 2);
	if (argc != 1) {
		fprintf(stderr, "usage: svarm-queue-worker [probe NAME ...]\n");
		return 2;
	}
	if (!strcmp(env_str("SVARM_DEBUG", "0"), "1"))
		log_set_level(LOG_DEBUG);
	if (worker_config_load(&c, &err) < 0) {
		log_error("%s", err_msg(&err));
		return 2;
	}
	log_info("svarm-queue-worker " SVARM_VERSION);
	/* Those under way, as many that are kept, and what is always open. */
	limits_open_files(2 * (unsigned long)(c.max_inflight + c.max_callbacks) + SPARE_FILES,
		"the queue worker");
	if ((c.peer_port && peer_listen((int)c.peer_port, &err) < 0) ||
		reporter_start(&c, &reporter, &err) < 0) {
		log_error("%s", err_msg(&err));
		return 1;
	}
	work = work_new(&c);
	catch_signals();
	work_run(work, &stop);
	work_free(work);
	reporter_stop(reporter);
	worker_config_done(&c);
	log_info("stopped");
	return 0;
}
