/* Answers, errors and narration of commands: see output.h. */
#include "cli/output.h"

#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "cli/signals.h"
#include "lib/base/quote.h"
#include "lib/run/report.h"

void run_id_make(char ret[RUN_ID_SIZE])
{
	unsigned char random[(RUN_ID_SIZE - 1) / 2];
	uint64_t now = clock_now();

	/* It tells runs apart and guards nothing: the clock will do where the kernel is too old. */
	memcpy(random, &now, sizeof(random));
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		memcpy(random, &now, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(ret + 2 * i, 3, "%02x", random[i]);
}

/* Why standard output first failed; 0: it has not. */
static int stdout_errno;

/* A terminal that understands escape sequences? */
static bool is_terminal(FILE *f)
{
	const char *term = getenv("TERM");

	return isatty(fileno(f)) && term && *term && strcmp(term, "dumb") != 0;
}

static bool color_allowed(void)
{
	const char *no_color = getenv("NO_COLOR");

	return !no_color || !*no_color;
}

bool output_color(const struct cli *cli, FILE *f)
{
	return !cli->opt.no_color && color_allowed() && is_terminal(f);
}

void output_text(const struct buf *text)
{
	if (fwrite(buf_str(text), 1, text->len, stdout) != text->len && !stdout_errno)
		stdout_errno = errno;
}

size_t output_width(void)
{
	struct winsize ws = {0};

	if (!is_terminal(stdout) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0)
		return 0;
	return ws.ws_col;
}

void output_table(const struct cli *cli, const struct table *t)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (cli->opt.json) {
		table_json(t, &out);
		buf_addc(&out, '\n');
		output_text(&out);
		return;
	}
	table_render(t, &out, output_color(cli, stdout), output_width());
	output_text(&out);
}

static void narrate(bool color, enum cell_style style, const char *word, const char *text)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_adds(&line, "svarm: ");
	buf_adds(&line, color ? style_on(style) : "");
	buf_addf(&line, "%s:", word);
	buf_adds(&line, color ? STYLE_OFF : "");
	buf_addc(&line, ' ');
	escape_text(&line, text, strlen(text), true);
	buf_rtrim(&line);
	buf_addc(&line, '\n');
	fwrite(line.data, 1, line.len, stderr);
}

void output_error(bool json, bool color, const struct err *err, enum exit_code code)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	/* A spec's mistakes stand alone, so that editors find file:line:column. */
	if (err->code == ERR_SPEC && strchr(err_msg(err), '\n'))
		fprintf(stderr, "%s\n", err_msg(err));
	else
		narrate(color, CELL_BAD, "error", err_msg(err));
	if (!json)
		return;
	buf_addf(&out, "{\"ok\": false, \"error\": {\"kind\": \"%s\", \"exit\": %d, \"message\": ",
		exit_word(code), code);
	quote_json(&out, err_msg(err));
	buf_adds(&out, "}}\n");
	output_text(&out);
}

void output_warning(const struct cli *cli, const char *text)
{
	narrate(output_color(cli, stderr), CELL_WARN, "warning", text);
}

int output_finish(int code)
{
	if (fflush(stdout) != 0 && !stdout_errno)
		stdout_errno = errno;
	if (ferror(stdout) && !stdout_errno)
		stdout_errno = EIO;
	if (close(STDOUT_FILENO) < 0 && !stdout_errno)
		stdout_errno = errno;
	if (!stdout_errno)
		return code;
	/* A reader that has seen enough (head, less) is no news; the exit code still tells. */
	if (stdout_errno != EPIPE)
		fprintf(stderr, "svarm: error: writing standard output: %s\n",
			strerror(stdout_errno));
	return EXIT_LOCAL;
}

const char *output_spec_path(const struct cli *cli)
{
	return cli->n_args ? cli->args[0] : "cluster.yaml";
}

int output_load_cluster(const struct cli *cli, struct cluster **ret, struct err *err)
{
	int r = cluster_load(output_spec_path(cli), ret, err), shown;

	if (r == -ENOENT && !cli->n_args)
		return err_set(err, ERR_SPEC,
			"no 'cluster.yaml' here; name the spec: svarm %s FILE", cli->cmd->name);
	if (r == -ENOENT || r == -EISDIR)
		err->code = r = ERR_SPEC;
	if (r < 0)
		return r;
	/* `svarm check` is where warnings belong; elsewhere they are said on request.  They begin
	 * with "file:line: warning:" themselves, for editors. */
	shown = strcmp(cli->cmd->name, "check") ? VERBOSITY_MORE : VERBOSITY_NORMAL;
	for (size_t i = 0; i < (*ret)->n_warnings && cli->opt.verbosity >= shown; i++)
		fprintf(stderr, "%s\n", (*ret)->warnings[i]);
	return 0;
}

int narration_open(const struct cli *cli, const char *const *node_names, size_t n_nodes,
	const char *run_id, struct narration *ret, struct err *err)
{
	FILE *file = NULL;
	bool live = is_terminal(stderr) && cli->opt.verbosity == VERBOSITY_NORMAL;

	if (cli->opt.events) {
		file = fopen(cli->opt.events, "we");
		if (!file)
			return err_errno(err, -errno, "unable to open '%s'", cli->opt.events);
	}
	signals_defer();
	ret->file = file;
	ret->path = cli->opt.events;
	ret->events = events_new(node_names, n_nodes);
	if (file)
		events_add_reporter(ret->events, reporter_json(file, run_id));
	events_add_reporter(ret->events, live ? reporter_live(stderr, output_color(cli, stderr))
					      : reporter_plain(stderr, cli->opt.verbosity));
	return 0;
}

int narration_close(struct narration *n, struct err *err)
{
	int failed = 0;

	events_free(TAKE_PTR(n->events));
	if (!n->file)
		return 0;
	failed |= ferror(n->file);
	failed |= fclose(TAKE_PTR(n->file));
	if (failed)
		return err_set(err, -EIO, "writing '%s': not all events arrived", n->path);
	return 0;
}

void narration_done(struct narration *n)
{
	struct err ignored = ERR_INIT;

	if (narration_close(n, &ignored) < 0)
		err_done(&ignored);
}
