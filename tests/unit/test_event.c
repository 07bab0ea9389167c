/*
 * Events: many threads, one reporter call at a time; and what the three reporters make of one
 * short run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "lib/base/width.h"
#include "lib/base/xalloc.h"
#include "lib/run/report.h"

enum { THREADS = 8, EACH = 2000 };

static const char *const names[THREADS] = {"a", "b", "c", "d", "e", "f", "g", "h"};

/* A reporter that counts, without any lock of its own: the sanitizers watch. */
struct counter {
	struct reporter reporter;
	size_t events, per_node[THREADS];
	char last[64];
	atomic_int inside;
	bool overlapped;
	size_t *ret_ticks, *ret_closed;
	size_t at_event; /* *ret_ticks when the last event came */
};

static void enter(struct counter *c)
{
	if (atomic_fetch_add(&c->inside, 1) != 0)
		c->overlapped = true;
}

static void counter_event(struct reporter *r, const struct event *e)
{
	struct counter *c = (struct counter *)r;

	enter(c);
	c->events++;
	c->at_event = *c->ret_ticks;
	if (e->node) {
		c->per_node[e->node_index]++;
		assert_string_equal(e->node, names[e->node_index]);
	}
	if (e->text)
		snprintf(c->last, sizeof(c->last), "%s", e->text);
	atomic_fetch_sub(&c->inside, 1);
}

static void counter_tick(struct reporter *r)
{
	struct counter *c = (struct counter *)r;

	enter(c);
	++*c->ret_ticks;
	atomic_fetch_sub(&c->inside, 1);
}

static void counter_close(struct reporter *r)
{
	++*((struct counter *)r)->ret_closed;
}

static void counter_init(struct counter *c, size_t *ret_ticks, size_t *ret_closed)
{
	*c = (struct counter){
		.reporter = {.event = counter_event, .tick = counter_tick, .close = counter_close},
		.ret_ticks = ret_ticks,
		.ret_closed = ret_closed,
	};
}

struct emitter {
	pthread_t thread;
	struct events *ev;
	size_t node;
};

static void *emit_many(void *arg)
{
	struct emitter *m = arg;

	for (int i = 0; i < EACH; i++) {
		if (i % 2)
			events_state(m->ev, m->node, "doing %d", i);
		else
			events_notice(m->ev, m->node, "note %d of %s", i, names[m->node]);
	}
	return NULL;
}

static void emit_from_all(struct events *ev)
{
	struct emitter emitters[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		emitters[i] = (struct emitter){.ev = ev, .node = i};
		assert_int_equal(
			pthread_create(&emitters[i].thread, NULL, emit_many, &emitters[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(emitters[i].thread, NULL);
}

static void test_threads(void **state)
{
	struct events *ev = events_new(names, THREADS);
	size_t ticks = 0, closed = 0;
	struct counter counters[2];

	for (size_t i = 0; i < 2; i++) {
		counter_init(&counters[i], &ticks, &closed);
		events_add_reporter(ev, &counters[i].reporter);
	}
	events_emit(ev, &(struct event){.kind = EVENT_RUN_STARTED});
	emit_from_all(ev);
	events_emit(ev, &(struct event){.kind = EVENT_RUN_FINISHED});
	events_free(ev);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(counters[i].events, THREADS * EACH + 2);
		for (size_t n = 0; n < THREADS; n++)
			assert_int_equal(counters[i].per_node[n], EACH);
		assert_false(counters[i].overlapped);
	}
	assert_int_equal(closed, 2);
}

/* All three reporters at work while eight threads shout at them. */
static void test_threads_reporters(void **state)
{
	struct events *ev = events_new(names, THREADS);
	FILE *sink = fopen("/dev/null", "we");

	assert_non_null(sink);
	events_add_reporter(ev, reporter_live(sink, true));
	events_add_reporter(ev, reporter_plain(sink, VERBOSITY_ALL));
	events_add_reporter(ev, reporter_json(sink, "r"));
	events_emit(ev, &(struct event){.kind = EVENT_RUN_STARTED, .text = "x"});
	emit_from_all(ev);
	events_emit(ev, &(struct event){.kind = EVENT_RUN_FINISHED});
	events_free(ev);
	assert_int_equal(fclose(sink), 0);
}

static void test_ticks_only_while_running(void **state)
{
	struct events *ev = events_new(names, THREADS);
	size_t ticks = 0, closed = 0;
	struct counter c;

	counter_init(&c, &ticks, &closed);
	events_add_reporter(ev, &c.reporter);
	clock_sleep(250 * USEC_PER_MSEC);
	events_emit(ev, &(struct event){.kind = EVENT_RUN_STARTED});
	assert_int_equal(c.at_event, 0);
	/* Each event orders our look at the count after the ticker's writes. */
	for (int i = 0; i < 600 && c.at_event < 2; i++) {
		clock_sleep(50 * USEC_PER_MSEC);
		events_emit(ev, &(struct event){.kind = EVENT_NOTICE, .text = "x"});
	}
	assert_in_range(c.at_event, 2, 1000);
	events_emit(ev, &(struct event){.kind = EVENT_RUN_FINISHED});
	clock_sleep(250 * USEC_PER_MSEC);
	events_free(ev);
	assert_int_equal(ticks, c.at_event);
	assert_int_equal(closed, 1);
}

static void test_free_unused(void **state)
{
	events_free(NULL);
	events_free(events_new(names, THREADS));
}

/* One short run: node a works, node b fails. */
static void play(struct events *ev)
{
	struct event a = {.node = "a", .node_index = 0}, b = {.node = "b", .node_index = 1};

	events_emit(ev, &(struct event){.kind = EVENT_RUN_STARTED, .text = "up fjord", .total = 2});
	events_state(ev, 0, "connecting");
	events_state(ev, 1, "connecting");
	a.kind = b.kind = EVENT_NODE_PLANNED;
	a.total = 1;
	b.total = 12;
	events_emit(ev, &a);
	events_emit(ev, &b);
	a.kind = b.kind = EVENT_STEP_STARTED;
	a.step = b.step = 1;
	a.text = "install docker.io, nginx";
	b.text = "join \"the\" swarm";
	events_emit(ev, &a);
	events_emit(ev, &b);
	events_notice(ev, 1, "waiting for the dpkg lock");
	a.kind = EVENT_STEP_DONE;
	b.kind = EVENT_STEP_FAILED;
	a.seconds = b.seconds = 8.1;
	b.error = "exit 1:\nconnection refused";
	events_emit(ev, &a);
	events_emit(ev, &b);
	a.kind = b.kind = EVENT_NODE_DONE;
	a.text = b.text = NULL;
	b.error = "step 'join \"the\" swarm': exit 1:\nconnection refused";
	events_emit(ev, &a);
	events_emit(ev, &b);
	events_emit(ev, &(struct event){.kind = EVENT_RUN_FINISHED,
				.text = "1 change",
				.error = "1 of 2 nodes failed",
				.seconds = 9});
}

/* What @r wrote to @f while the run was played; the caller frees it. */
static char *record(FILE *f, struct reporter *r)
{
	struct events *ev = events_new(names, THREADS);
	_cleanup_buf_ struct buf out = BUF_INIT;
	int c;

	events_add_reporter(ev, r);
	play(ev);
	events_free(ev);
	rewind(f);
	while ((c = fgetc(f)) != EOF)
		buf_addc(&out, (char)c);
	fclose(f);
	return buf_steal(&out);
}

static char *record_plain(int verbosity)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	return record(f, reporter_plain(f, verbosity));
}

static void test_plain(void **state)
{
	_cleanup_free_ char *text = record_plain(VERBOSITY_NORMAL);

	assert_string_equal(text, "up fjord\n"
				  "a: 1 step\n"
				  "b: 12 steps\n"
				  "b: waiting for the dpkg lock\n"
				  "a: install docker.io, nginx … done (8.1s)\n"
				  "b: join \"the\" swarm … failed (8.1s)\n"
				  "a: done (8.1s)\n"
				  "b: failed (8.1s)\n"
				  "    step 'join \"the\" swarm': exit 1:\n"
				  "    connection refused\n");
}

static void test_plain_quiet(void **state)
{
	_cleanup_free_ char *text = record_plain(VERBOSITY_QUIET);

	assert_string_equal(text, "b: join \"the\" swarm … failed (8.1s)\n"
				  "b: failed (8.1s)\n"
				  "    step 'join \"the\" swarm': exit 1:\n"
				  "    connection refused\n");
}

static void test_plain_more(void **state)
{
	_cleanup_free_ char *text = record_plain(VERBOSITY_MORE);

	assert_non_null(strstr(text, "a: connecting\n"));
	assert_non_null(strstr(text, "a: install docker.io, nginx …\n"));
	assert_null(strchr(text, '\033'));
}

static void test_json(void **state)
{
	FILE *f = tmpfile();
	_cleanup_free_ char *text = NULL;
	size_t lines = 0;

	assert_non_null(f);
	text = record(f, reporter_json(f, "0123"));
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line; lines++) {
		/* {"time":"2026-01-02T03:04:05.678Z","run": */
		assert_memory_equal(line, "{\"time\":\"20", 11);
		assert_memory_equal(line + 32, "Z\",\"run\":\"0123\",\"event\":\"", 24);
		assert_int_equal(line[28], '.');
		if (lines == 11)
			assert_string_equal(strstr(line, "\"event\""),
				"\"event\":\"node\",\"node\":\"b\",\"step\":1,\"total\":12,"
				"\"state\":\"failed\",\"seconds\":8.100,\"text\":null,"
				"\"error\":\"step 'join \\\"the\\\" swarm': exit 1:\\n"
				"connection refused\"}");
	}
	assert_int_equal(lines, 13);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

/* The last frame of a live reporter: what follows the last "wrap off". */
static const char *last_frame(const char *text)
{
	const char *at = text;

	for (const char *p = text; (p = strstr(p, "\033[?7l")); p++)
		at = p + strlen("\033[?7l");
	return at;
}

static void test_live(void **state)
{
	FILE *f = tmpfile();
	_cleanup_free_ char *text = NULL;

	assert_non_null(f);
	text = record(f, reporter_live(f, false));
	assert_string_equal(last_frame(text),
		"✓ a   1/1   8.1s  done\033[K\n"
		"✗ b  1/12   8.1s  step 'join \"the\" swarm': exit 1:\033[K\n"
		"\033[J\033[?7h\033[0m\033[?7h\033[?25h");
	assert_non_null(strstr(text, "b: waiting for the dpkg lock\n"));
	assert_int_equal(count(text, "\033[?25l"), count(text, "\033[?25h"));
	assert_int_equal(count(text, "\033[3"), 0); /* no colours */
}

static void test_live_color(void **state)
{
	FILE *f = tmpfile();
	_cleanup_free_ char *text = NULL;

	assert_non_null(f);
	text = record(f, reporter_live(f, true));
	assert_non_null(strstr(last_frame(text), "\033[32m✓ a"));
	assert_non_null(strstr(last_frame(text), "\033[31m✗ b"));
}

/* A measurement's sign of life: a line each, or one that is drawn over and gone at the end. */
static void test_progress(void **state)
{
	static const char *const lines[] = {"http: round 1", "http: round\0332"};
	FILE *plain = tmpfile(), *quiet = tmpfile(), *live = tmpfile(), *json = tmpfile();
	FILE *all[] = {plain, quiet, live, json};
	struct events *ev = events_new(names, 0);
	char *texts[4];

	events_add_reporter(ev, reporter_plain(plain, VERBOSITY_NORMAL));
	events_add_reporter(ev, reporter_plain(quiet, VERBOSITY_QUIET));
	events_add_reporter(ev, reporter_live(live, false));
	events_add_reporter(ev, reporter_json(json, "r"));
	events_emit(ev, &(struct event){.kind = EVENT_RUN_STARTED});
	for (size_t i = 0; i < 2; i++) {
		events_emit(ev, &(struct event){.kind = EVENT_PROGRESS, .text = lines[i]});
	}
	events_emit(ev, &(struct event){.kind = EVENT_RUN_FINISHED});
	events_free(ev);
	for (size_t i = 0; i < 4; i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		int c;

		rewind(all[i]);
		while ((c = fgetc(all[i])) != EOF)
			buf_addc(&out, (char)c);
		fclose(all[i]);
		texts[i] = buf_steal(&out);
	}
	assert_string_equal(texts[0], "http: round 1\nhttp: round\\x1b2\n");
	assert_string_equal(texts[1], "");
	assert_null(strstr(last_frame(texts[2]), "http"));
	assert_non_null(strstr(texts[3], "\"event\":\"progress\",\"node\":null,"));
	assert_non_null(strstr(texts[3], "\"text\":\"http: round 1\""));
	for (size_t i = 0; i < 4; i++)
		free(texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_threads_reporters),
		cmocka_unit_test(test_ticks_only_while_running),
		cmocka_unit_test(test_free_unused),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_plain_quiet),
		cmocka_unit_test(test_plain_more),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_live_color),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
