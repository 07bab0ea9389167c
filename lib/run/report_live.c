/*
 * Events on a terminal: one line per node at the bottom, redrawn in place about ten times a
 * second, with what is worth keeping scrolling by above.  A frame is built whole and written at
 * once, never wider than the window and never taller, so that moving the cursor up by its lines
 * always finds its top.
 */
#include "lib/run/report.h"

#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/table.h"
#include "lib/base/width.h"
#include "lib/base/xalloc.h"

#define CURSOR_HIDE "\033[?25l"
#define CURSOR_SHOW "\033[?25h"
#define WRAP_OFF    "\033[?7l"
#define WRAP_ON     "\033[?7h"
#define CLEAR_LINE  "\033[K"
#define CLEAR_BELOW "\033[J"

enum {
	DRAW_MSEC = 90,     /* events come in bursts: draw no more often than this */
	PROGRESS_WIDTH = 5, /* "12/17" */
	ELAPSED_WIDTH = 6,  /* "12m05s" */
};

enum live_state { LIVE_WAITING, LIVE_WORKING, LIVE_DONE, LIVE_FAILED };

struct live_node {
	enum live_state state;
	char *name;
	char *text;  /* the step's title, or what the node is doing */
	char *error; /* owned; why it failed, several lines maybe */
	size_t step, total;
	bool planned;   /* total is known */
	usec_t started; /* of the step or the doing */
	double seconds; /* in all, once done or failed */
};

struct live {
	struct reporter reporter;
	FILE *f; /* borrowed */
	bool color, fancy;
	bool running; /* lines are shown and move */
	struct live_node *nodes;
	size_t n_nodes;
	char *progress; /* one more line below them; owned, may be NULL */
	size_t *drawn;  /* width of each line of the frame on the screen */
	size_t n_drawn;
	size_t columns, rows;
	usec_t drawn_at;
	unsigned frame;
};

/* Terminal whose cursor is hidden, or -1; for the signal handler. */
static _Atomic int hidden_fd = -1;
/* The terminal was given up for a while: what is on it now is not our frame. */
static _Atomic bool lost_screen;

void reporter_live_restore(void)
{
	static const char show[] = STYLE_OFF WRAP_ON CURSOR_SHOW;
	int fd = atomic_exchange(&hidden_fd, -1), saved = errno;

	if (fd < 0)
		return;
	atomic_store(&lost_screen, true);
	if (write(fd, show, sizeof(show) - 1) < 0)
		errno = saved; /* a terminal that is gone needs no cursor */
	errno = saved;
}

/* ---- the state of nodes ---- */

static void set(char **where, const char *value)
{
	free(*where);
	*where = value ? xstrdup(value) : NULL;
}

static void nodes_reserve(struct live *l, size_t n)
{
	if (n <= l->n_nodes)
		return;
	l->nodes = xreallocarray(l->nodes, n, sizeof(*l->nodes));
	while (l->n_nodes < n)
		l->nodes[l->n_nodes++] = (struct live_node){.started = clock_now()};
}

static struct live_node *node_of(struct live *l, const struct event *e)
{
	struct live_node *n;

	nodes_reserve(l, e->node_index + 1);
	n = &l->nodes[e->node_index];
	if (!n->name)
		n->name = xstrdup(e->node);
	return n;
}

static void node_ended(struct live_node *n, const struct event *e)
{
	n->state = e->error || n->state == LIVE_FAILED ? LIVE_FAILED : LIVE_DONE;
	n->seconds = e->seconds;
	if (e->error)
		set(&n->error, e->error);
	if (n->state == LIVE_FAILED)
		return; /* the line keeps saying what failed */
	if (e->text)
		set(&n->text, e->text);
	else
		set(&n->text, n->planned && !n->total ? "nothing to do" : "done");
}

static void node_event(struct live_node *n, const struct event *e)
{
	switch (e->kind) {
	case EVENT_NODE_PLANNED:
		n->total = e->total;
		n->planned = true;
		break;
	case EVENT_NODE_STATE:
	case EVENT_STEP_STARTED:
		if (n->state == LIVE_FAILED)
			break; /* red stays red */
		n->state = LIVE_WORKING;
		n->started = clock_now();
		n->step = e->kind == EVENT_STEP_STARTED ? e->step : n->step;
		set(&n->text, e->text);
		break;
	case EVENT_STEP_FAILED:
		n->state = LIVE_FAILED;
		n->seconds = e->seconds;
		n->step = e->step;
		set(&n->text, e->text);
		set(&n->error, e->error);
		break;
	case EVENT_NODE_DONE: node_ended(n, e); break;
	default: break;
	}
}

/* ---- one line ---- */

static const char *icon(const struct live *l, const struct live_node *n)
{
	static const char *const spin[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
	static const char *const bar[] = {"|", "/", "-", "\\"};

	switch (n->state) {
	case LIVE_DONE: return l->fancy ? "✓" : "+";
	case LIVE_FAILED: return l->fancy ? "✗" : "!";
	case LIVE_WAITING: return l->fancy ? "·" : ".";
	case LIVE_WORKING: break;
	}
	return l->fancy ? spin[l->frame % ARRAY_SIZE(spin)] : bar[l->frame % ARRAY_SIZE(bar)];
}

static enum cell_style line_style(const struct live_node *n)
{
	switch (n->state) {
	case LIVE_DONE: return CELL_GOOD;
	case LIVE_FAILED: return CELL_BAD;
	case LIVE_WAITING: return CELL_DIM;
	case LIVE_WORKING: break;
	}
	return CELL_PLAIN;
}

static void add_elapsed(struct buf *out, const struct live_node *n)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (n->state == LIVE_WORKING)
		clock_format(&text, clock_now() - n->started);
	else if (n->state != LIVE_WAITING)
		clock_format(&text, (usec_t)(n->seconds * 1e6));
	buf_addf(out, "%*s", ELAPSED_WIDTH, buf_str(&text));
}

static void add_progress(struct buf *out, const struct live_node *n)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (n->step && n->total)
		buf_addf(&text, "%zu/%zu", n->step, n->total);
	buf_addf(out, "%*s", PROGRESS_WIDTH, buf_str(&text));
}

/* What stands at the end of a node's line; a failed one says why, as far as there is room. */
static void add_what(struct buf *out, const struct live_node *n)
{
	bool failed = n->state == LIVE_FAILED && n->error;

	/* Of a failed node, the step that failed; "connecting" is no news then. */
	if (n->text && !(failed && (!n->step || strstr(n->error, n->text))))
		buf_addf(out, "%s%s", n->text, failed ? ": " : "");
	if (failed)
		buf_add(out, n->error, strcspn(n->error, "\n"));
}

static void add_line(struct live *l, struct buf *out, enum cell_style style, const char *text)
{
	size_t used;

	buf_adds(out, l->color ? style_on(style) : "");
	used = text_clip(out, text, l->columns - 1);
	buf_adds(out, l->color && *style_on(style) ? STYLE_OFF : "");
	buf_adds(out, CLEAR_LINE "\n");
	l->drawn[l->n_drawn++] = used;
}

static void add_node_line(
	struct live *l, struct buf *out, const struct live_node *n, size_t name_width)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	size_t used;

	buf_addf(&line, "%s ", icon(l, n));
	used = text_clip(&line, n->name, name_width);
	text_pad(&line, name_width - used);
	buf_addc(&line, ' ');
	add_progress(&line, n);
	buf_addc(&line, ' ');
	add_elapsed(&line, n);
	buf_adds(&line, "  ");
	add_what(&line, n);
	add_line(l, out, line_style(n), buf_str(&line));
}

/* ---- the frame ---- */

static void window_size(struct live *l)
{
	struct winsize ws = {0};

	if (ioctl(fileno(l->f), TIOCGWINSZ, &ws) < 0)
		ws = (struct winsize){0};
	l->columns = ws.ws_col >= 10 ? ws.ws_col : ws.ws_col ? 10 : 80;
	l->rows = ws.ws_row >= 3 ? ws.ws_row : ws.ws_row ? 3 : 24;
}

/* Move to the top of the frame on the screen.  A window made narrower since has wrapped lines. */
static void add_rewind(struct live *l, struct buf *out)
{
	size_t up = 0;

	if (atomic_exchange(&lost_screen, false))
		l->n_drawn = 0;
	for (size_t i = 0; i < l->n_drawn; i++)
		up += l->drawn[i] ? (l->drawn[i] + l->columns - 1) / l->columns : 1;
	if (up)
		buf_addf(out, "\033[%zuA", up);
	buf_addc(out, '\r');
	l->n_drawn = 0;
}

static size_t count(const struct live *l, enum live_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_nodes; i++)
		n += l->nodes[i].state == state;
	return n;
}

/* Of more nodes than the window has lines, which to show: what fails or moves comes first. */
static void choose(const struct live *l, size_t room, bool *ret_show)
{
	static const enum live_state order[] = {LIVE_FAILED, LIVE_WORKING, LIVE_WAITING, LIVE_DONE};

	for (size_t o = 0; o < ARRAY_SIZE(order); o++)
		for (size_t i = 0; i < l->n_nodes && room; i++) {
			if (l->nodes[i].state != order[o] || !l->nodes[i].name)
				continue;
			ret_show[i] = true;
			room--;
		}
}

static void add_rest_line(struct live *l, struct buf *out, size_t hidden)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_addf(&line, "  … %zu more; of all %zu: %zu done, %zu failed, %zu at work", hidden,
		l->n_nodes, count(l, LIVE_DONE), count(l, LIVE_FAILED), count(l, LIVE_WORKING));
	add_line(l, out, CELL_DIM, buf_str(&line));
}

static void add_progress_line(struct live *l, struct buf *out)
{
	static const struct live_node working = {.state = LIVE_WORKING};
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_addf(&line, "%s %s", icon(l, &working), l->progress);
	add_line(l, out, CELL_PLAIN, buf_str(&line));
}

static void add_frame(struct live *l, struct buf *out)
{
	_cleanup_free_ bool *show = xcalloc(l->n_nodes + 1, sizeof(*show));
	size_t room = l->rows - (l->progress ? 2 : 1), widest = 0, hidden = 0;

	l->drawn = xreallocarray(l->drawn, l->n_nodes + 2, sizeof(*l->drawn));
	choose(l, l->n_nodes > room ? room - 1 : l->n_nodes, show);
	for (size_t i = 0; i < l->n_nodes; i++)
		if (l->nodes[i].name)
			widest = MAX_OF(widest, text_width(l->nodes[i].name));
	widest = MIN_OF(widest, MAX_OF((size_t)6, l->columns / 4));
	for (size_t i = 0; i < l->n_nodes; i++) {
		if (show[i])
			add_node_line(l, out, &l->nodes[i], widest);
		else if (l->nodes[i].name)
			hidden++;
	}
	if (hidden)
		add_rest_line(l, out, hidden);
	if (l->progress)
		add_progress_line(l, out);
}

static void put(struct live *l, const struct buf *out)
{
	fwrite(buf_str(out), 1, out->len, l->f);
	fflush(l->f);
}

/* Redraw the frame, with @above (may be NULL; ends with a newline) left behind over it. */
static void draw(struct live *l, const char *above)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	window_size(l);
	if (l->running && hidden_fd < 0) {
		hidden_fd = fileno(l->f);
		buf_adds(&out, CURSOR_HIDE);
	}
	add_rewind(l, &out);
	if (above) {
		buf_adds(&out, CLEAR_BELOW);
		buf_adds(&out, above);
	}
	buf_adds(&out, WRAP_OFF);
	add_frame(l, &out);
	buf_adds(&out, CLEAR_BELOW WRAP_ON);
	put(l, &out);
	l->drawn_at = clock_now();
}

/* ---- what stays ---- */

static void add_styled(const struct live *l, struct buf *out, enum cell_style style, const char *s)
{
	bool styled = l->color && *style_on(style);

	buf_adds(out, styled ? style_on(style) : "");
	buf_adds(out, s);
	buf_adds(out, styled ? STYLE_OFF : "");
}

static void notice(struct live *l, const struct event *e)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	size_t at = 0;

	window_size(l);
	if (e->node) {
		add_styled(l, &out, CELL_DIM, e->node);
		buf_adds(&out, ": ");
		at = text_width(e->node) + 2;
	}
	text_wrap(&out, e->text ? e->text : "", l->columns - 1, at, 4);
	buf_addc(&out, '\n');
	if (l->running)
		draw(l, out.data);
	else
		put(l, &out);
}

static void run_started(struct live *l, const struct event *e)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	l->running = true;
	if (e->text) {
		add_styled(l, &out, CELL_STRONG, e->text);
		buf_addc(&out, '\n');
		put(l, &out);
	}
}

/* Leave the last frame as it is and let the terminal go. */
static void stop(struct live *l)
{
	if (!l->running)
		return;
	set(&l->progress, NULL);
	draw(l, NULL);
	l->running = false;
	l->n_drawn = 0;
	reporter_live_restore();
	atomic_store(&lost_screen, false);
}

static void live_event(struct reporter *r, const struct event *e)
{
	struct live *l = (struct live *)r;

	if (e->node)
		node_event(node_of(l, e), e);
	switch (e->kind) {
	case EVENT_RUN_STARTED: run_started(l, e); return;
	case EVENT_RUN_FINISHED: stop(l); return;
	case EVENT_NOTICE: notice(l, e); return;
	case EVENT_PROGRESS: set(&l->progress, e->text); break;
	default: break;
	}
	/* The ticker draws; this is for a system that gave us no thread for it. */
	if (l->running && clock_now() - l->drawn_at > 3 * DRAW_MSEC * USEC_PER_MSEC)
		draw(l, NULL);
}

static void live_tick(struct reporter *r)
{
	struct live *l = (struct live *)r;

	l->frame++;
	draw(l, NULL);
}

static void live_close(struct reporter *r)
{
	struct live *l = (struct live *)r;

	stop(l);
	for (size_t i = 0; i < l->n_nodes; i++) {
		free(l->nodes[i].name);
		free(l->nodes[i].text);
		free(l->nodes[i].error);
	}
	free(l->nodes);
	free(l->progress);
	free(l->drawn);
	free(l);
}

struct reporter *reporter_live(FILE *f, bool color)
{
	struct live *l = xcalloc(1, sizeof(*l));
	const char *term = getenv("TERM");

	l->reporter = (struct reporter){
		.event = live_event, .tick = live_tick, .close = live_close};
	l->f = f;
	l->color = color;
	/* The kernel's own console has no glyphs for these. */
	l->fancy = !term || strcmp(term, "linux") != 0;
	return &l->reporter;
}
