/* Beginning and end of every command that reaches nodes: see session.h. */
#include "cli/session.h"

#include <pwd.h>
#include <unistd.h>

#include "cli/signals.h"
#include "lib/base/path.h"
#include "lib/base/xalloc.h"
#include "lib/node/template.h"

/* "kari@laptop, run 1a2b…": printable, whatever the machine is called. */
static void make_owner(struct session *s)
{
	const struct passwd *pw = getpwuid(getuid());
	char host[64] = "?";

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '?';
	snprintf(s->owner, sizeof(s->owner), "%.40s@%.60s, %.20s, run %s", pw ? pw->pw_name : "?",
		host, s->cli->cmd->name, s->run_id);
	for (char *c = s->owner; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

static void emit(struct session *s, enum event_kind kind, const char *text, const char *error)
{
	struct event e = {
		.kind = kind,
		.total = s->cluster->n_nodes,
		.text = text,
		.error = error,
		.seconds = (double)(clock_now() - s->start) / 1e6,
	};

	events_emit(s->narration.events, &e);
}

static void make_fleet(struct session *s)
{
	const struct cli *cli = s->cli;
	const struct fleet_options options = {
		.accept_new_host_keys = cli->opt.accept_new_host_keys,
		.parallel = cli->opt.parallel,
		.cancel = cli_cancel,
		.events = s->narration.events,
		.run_id = s->run_id,
		.owner = s->owner,
	};

	s->fleet = fleet_new(s->cluster, &options);
}

static int open_fleet(struct session *s, struct err *err)
{
	const struct cli *cli = s->cli;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	s->names = xcalloc(s->cluster->n_nodes, sizeof(*s->names));
	for (size_t i = 0; i < s->cluster->n_nodes; i++)
		s->names[i] = s->cluster->nodes[i].name;
	r = narration_open(cli, s->names, s->cluster->n_nodes, s->run_id, &s->narration, err);
	if (r < 0)
		return r;
	make_fleet(s);
	buf_addf(&text, "%s %s", cli->cmd->name, s->cluster->name);
	emit(s, EVENT_RUN_STARTED, buf_str(&text), NULL);
	return 0;
}

int session_open(const struct cli *cli, struct session *ret, struct err *err)
{
	int r;

	ret->cli = cli;
	ret->start = clock_now();
	run_id_make(ret->run_id);
	make_owner(ret);
	template_set_dir(cli->opt.templates);
	r = output_load_cluster(cli, &ret->cluster, err);
	if (r < 0)
		return r;
	ret->flow.cluster = ret->cluster;
	return open_fleet(ret, err);
}

/* Beside the executable (a build tree: build/release/svarm, build/images), else installed. */
static void find_images(struct buf *out)
{
	static const char *const beside[] = {"/images", "/../images"};

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		buf_clear(out);
		path_exe_dir(out);
		buf_adds(out, beside[i]);
		if (access(buf_str(out), R_OK | X_OK) == 0)
			return;
	}
	buf_clear(out);
	buf_adds(out, SVARM_DATADIR "/svarm/images");
}

int session_load_faas(struct session *s, const char *images_dir, struct err *err)
{
	_cleanup_buf_ struct buf found = BUF_INIT;
	int r;

	if (!images_dir) {
		find_images(&found);
		images_dir = buf_str(&found);
	}
	r = faas_context_load(s->cluster, images_dir, &s->faas, err);
	s->flow.faas = s->faas;
	return r;
}

void session_narrated(struct session *s, const struct err *error, const char *summary)
{
	emit(s, EVENT_RUN_FINISHED, summary, error && error->code ? err_msg(error) : NULL);
	if (narration_close(&s->narration, NULL) < 0)
		output_warning(s->cli, "--events could not be written whole");
}

static int read_nodes(struct session *s, const char *images_dir,
	void (*print)(const struct cli *cli, struct session *s, const struct err *error),
	struct err *err)
{
	struct fleet_flow flow = flow_converge(&s->flow);
	_cleanup_err_ struct err failed = ERR_INIT;
	int r = session_load_faas(s, images_dir, err);

	if (r < 0)
		return r;
	r = fleet_converge(s->fleet, &flow, false, &failed);
	session_narrated(s, &failed, NULL);
	print(s->cli, s, &failed);
	if (r < 0) {
		output_error(false, output_color(s->cli, stderr), &failed, exit_of(r));
		return exit_of(r);
	}
	return fleet_changes(s->fleet) ? EXIT_PENDING : EXIT_FINE;
}

int session_plan(const struct cli *cli, const char *images_dir,
	void (*print)(const struct cli *cli, struct session *s, const struct err *error),
	struct err *err)
{
	struct session s = {0};
	int r = session_open(cli, &s, err);

	if (r >= 0)
		r = read_nodes(&s, images_dir, print, err);
	session_done(&s);
	return r;
}

void session_again(struct session *s)
{
	fleet_free(s->fleet);
	narration_done(&s->narration);
	s->narration = (struct narration){.events = events_new(s->names, s->cluster->n_nodes)};
	make_fleet(s);
}

void session_done(struct session *s)
{
	fleet_free(s->fleet);
	narration_done(&s->narration);
	faas_context_free(s->faas);
	cluster_free(s->cluster);
	free(s->names);
}
