/* Open a node's connection.  Handshakes are most of the CPU of a quiet run, so their number at once
 * is bounded (--parallel); everything after them is waiting. */
#include "lib/run/fleet_impl.h"

static void enter(struct fleet *f)
{
	pthread_mutex_lock(&f->lock);
	while (f->options.parallel > 0 && f->connecting >= f->options.parallel)
		pthread_cond_wait(&f->changed, &f->lock);
	f->connecting++;
	pthread_mutex_unlock(&f->lock);
}

static void leave(struct fleet *f)
{
	pthread_mutex_lock(&f->lock);
	f->connecting--;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static void on_notice(void *arg, const char *text)
{
	struct node_run *nr = arg;

	events_state(nr->fleet->options.events, nr->node->index, "%s", text);
}

int node_connect(struct node_run *nr, struct err *err)
{
	struct fleet *f = nr->fleet;
	struct link_options options = {
		.policy = f->options.accept_new_host_keys ? HOST_KEY_LEARN : HOST_KEY_STRICT,
		.cancel = f->options.cancel,
		.run_id = f->options.run_id,
		.notice = on_notice,
		.arg = nr,
	};
	usec_t start = clock_now();
	int r;

	if (nr->link)
		return 0;
	enter(f);
	events_state(f->options.events, nr->node->index, "connecting");
	r = link_open_ssh(f->cluster, nr->node, &options, &nr->link, err);
	leave(f);
	nr->connect_seconds = (double)(clock_now() - start) / 1e6;
	return r;
}
