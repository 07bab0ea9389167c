/* Logs: what a reader asks for, and Docker's stream taken apart however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "faas/common/query.h"
#include "faas/gateway/log_query.h"
#include "faas/gateway/log_records.h"

/* ---- the stream ---- */

struct seen {
	struct buf text; /* "TIMESTAMP|INSTANCE|TEXT;" of each record */
	int answer;
};

static int on_record(void *arg, const struct log_record *r)
{
	struct seen *s = arg;

	buf_addf(&s->text, "%s|%s|", r->timestamp, r->instance);
	buf_add(&s->text, r->text, r->text_len);
	buf_addc(&s->text, ';');
	return s->answer;
}

static void add_frame(struct buf *out, int stream, const char *text, size_t len)
{
	const unsigned char head[8] = {(unsigned char)stream, 0, 0, 0, (unsigned char)(len >> 24),
		(unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len};

	buf_add(out, head, sizeof(head));
	buf_add(out, text, len);
}

static void add_line(struct buf *out, int stream, const char *line)
{
	add_frame(out, stream, line, strlen(line));
}

/* Feed @stream in pieces of @step; the code of the last. */
static int feed(const struct buf *stream, size_t step, struct seen *seen, struct err *err)
{
	struct log_demux d = {.on_record = on_record, .arg = seen};
	int r = 0;

	for (size_t at = 0; at < stream->len && r == 0; at += step)
		r = log_demux_feed(&d, stream->data + at, MIN_OF(step, stream->len - at), err);
	log_demux_done(&d);
	return r;
}

static void test_frames_cut_anywhere(void **state)
{
	static const char want[] = "T1|t1|hello world;T2|t2|;T3||no task;T4|t4|a\nb;;;||;||\x00x;";
	_cleanup_buf_ struct buf stream = BUF_INIT;

	add_line(&stream, 1, "T1 a=b,com.docker.swarm.task.id=t1,c=d hello world\n");
	add_line(&stream, 2, "T2 com.docker.swarm.task.id=t2 \n");
	add_line(&stream, 1, "T3 com.docker.swarm.node.id=n no task\n");
	add_line(&stream, 1, "T4 com.docker.swarm.task.id=t4 a\nb;;\n");
	add_line(&stream, 1, "\n");
	add_frame(&stream, 1, "\x00x", 2);
	for (size_t step = 1; step <= stream.len; step++) {
		struct seen seen = {0};

		assert_int_equal(feed(&stream, step, &seen, NULL), 0);
		assert_int_equal(seen.text.len, sizeof(want) - 1);
		assert_memory_equal(seen.text.data, want, sizeof(want) - 1);
		buf_done(&seen.text);
	}
}

static void test_no_frames(void **state)
{
	static const char *const bad[] = {"plain text without frames", "\x04\0\0\0\0\0\0\1x",
		"\x01\0\0\1\0\0\0\1x", "\x01\0\0\0\x7f\0\0\0x"};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_buf_ struct buf stream = BUF_INIT;
		struct seen seen = {0};

		buf_add(&stream, bad[i], 9);
		assert_int_equal(feed(&stream, 3, &seen, NULL), -EBADMSG);
		assert_int_equal(seen.text.len, 0);
	}
}

static void test_docker_gives_up(void **state)
{
	_cleanup_buf_ struct buf stream = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct seen seen = {0};

	add_line(&stream, 1, "T1 x=y one\n");
	add_line(&stream, 3, "Error grabbing logs: node n1 is not available\n");
	assert_int_equal(feed(&stream, 5, &seen, &err), -EIO);
	assert_string_equal(err_msg(&err), "docker: Error grabbing logs: node n1 is not available");
	assert_string_equal(seen.text.data, "T1||one;");
	buf_done(&seen.text);
}

static void test_reasons(void **state)
{
	assert_string_equal(log_reason("docker: Error grabbing logs: incomplete log stream. some "
				       "logs could not be retrieved for the following reasons: "
				       "node n1 is not available, node n2 is not available"),
		"node n1 is not available, node n2 is not available");
	assert_string_equal(log_reason("docker: unexpected EOF"), "docker: unexpected EOF");
	assert_string_equal(log_reason(""), "");
}

static void test_long_line_is_cut(void **state)
{
	_cleanup_buf_ struct buf stream = BUF_INIT, line = BUF_INIT;
	struct seen seen = {0};

	buf_adds(&line, "T1 x=y ");
	while (line.len < LOG_MAX_LINE + 100000)
		buf_addc(&line, 'a');
	add_frame(&stream, 1, line.data, line.len);
	add_line(&stream, 1, "T2 x=y next\n");
	assert_int_equal(feed(&stream, 7777, &seen, NULL), 0);
	assert_int_equal(seen.text.len, LOG_MAX_LINE - 2 + strlen("T2||next;"));
	assert_string_equal(seen.text.data + seen.text.len - 9, "T2||next;");
	buf_done(&seen.text);
}

static void test_reader_leaves(void **state)
{
	_cleanup_buf_ struct buf stream = BUF_INIT;
	struct seen seen = {.answer = -ECANCELED};

	add_line(&stream, 1, "T1 x=y one\n");
	add_line(&stream, 1, "T2 x=y two\n");
	assert_int_equal(feed(&stream, 4096, &seen, NULL), -ECANCELED);
	assert_string_equal(seen.text.data, "T1||one;");
	buf_done(&seen.text);
}

/* ---- the question ---- */

static void test_query_values(void **state)
{
	static const struct {
		const char *query, *value;
	} cases[] = {
		{"a=1", "1"},
		{"b=2&a=1", "1"},
		{"a=", ""},
		{"aa=2&a=1&a=3", "1"},
		{"a=%41%2b+", "A+ "},
		{"", NULL},
		{"b=1", NULL},
		{"a", NULL},
		{"xa=1", NULL},
		{"b=a=1", NULL},
		{"a=%4", NULL},
		{"a=%zz", NULL},
		{"a=%00", NULL},
		{"a=%", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT;
		bool found = query_get(cases[i].query, "a", &out);

		if (found != (cases[i].value != NULL))
			fail_msg("'%s'", cases[i].query);
		assert_string_equal(buf_str(&out), found ? cases[i].value : "");
	}
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-01-02T03:04:05Z", 1767323045000000000},
		{"2026-01-02t03:04:05z", 1767323045000000000},
		{"2026-01-02T05:04:05+02:00", 1767323045000000000},
		{"2026-01-02T05:04:05 02:00", 1767323045000000000}, /* '+' as a query has it */
		{"2026-01-01T22:34:05-04:30", 1767323045000000000},
		{"2026-01-02T03:04:05.5Z", 1767323045500000000},
		{"2026-01-02T03:04:05.123456789Z", 1767323045123456789},
		{"2026-01-02T03:04:05.1234567899999Z", 1767323045123456789},
	};
	static const char *const bad[] = {"", "now", "2026-01-02", "2026-01-02T03:04:05",
		"2026-13-02T03:04:05Z", "2026-01-32T03:04:05Z", "2026-01-02T24:04:05Z",
		"2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx", "1969-01-02T03:04:05Z",
		"9999-01-02T03:04:05Z", "2026-01-02T03:04:05+2", "2026-1-02T03:04:05Z"};
	int64_t ns;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!rfc3339_parse(good[i].text, &ns) || ns != good[i].ns)
			fail_msg("'%s'", good[i].text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (rfc3339_parse(bad[i], &ns))
			fail_msg("'%s' was taken", bad[i]);
}

static void test_paths(void **state)
{
	static const struct {
		const char *query, *path;
	} cases[] = {
		{"name=echo", "follow=0&tail=all"},
		{"name=echo.openfaas-fn&follow=true&tail=5", "follow=1&tail=5"},
		{"name=echo&follow=false&tail=-1", "follow=0&tail=all"},
		{"name=echo&follow=maybe&tail=0", "follow=0&tail=0"},
		{"name=echo&since=2026-01-02T03%3A04%3A05Z&instance=abc",
			"follow=0&tail=all&since=1767323045.000000000"},
		{"name=echo&since=1m30s", "follow=0&tail=all&since=910.000000007"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf got = BUF_INIT, want = BUF_INIT;
		_cleanup_err_ struct err err = ERR_INIT;
		struct log_query q;

		if (log_query_parse(cases[i].query, 1000000000007, &q, &err) < 0)
			fail_msg("%s: %s", cases[i].query, err_msg(&err));
		assert_string_equal(q.name, "echo");
		log_query_path(&q, "id/1", &got);
		buf_addf(&want,
			"/services/id%%2F1/logs?stdout=1&stderr=1&timestamps=1&details=1&%s",
			cases[i].path);
		assert_string_equal(got.data, want.data);
	}
}

static void test_bad_questions(void **state)
{
	static const struct {
		const char *query;
		int code;
	} bad[] = {
		{"", -EINVAL},
		{"name=", -EINVAL},
		{"name=../x", -ENOENT},
		{"name=a.other", -ENOENT},
		{"name=echo&tail=many", -EINVAL},
		{"name=echo&tail=-2", -EINVAL},
		{"name=echo&tail=5x", -EINVAL},
		{"name=echo&since=yesterday", -EINVAL},
		{"name=echo&instance=..%2F", -EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct log_query q;

		if (log_query_parse(bad[i].query, 0, &q, NULL) != bad[i].code)
			fail_msg("%s", bad[i].query);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_cut_anywhere),
		cmocka_unit_test(test_no_frames),
		cmocka_unit_test(test_docker_gives_up),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_long_line_is_cut),
		cmocka_unit_test(test_reader_leaves),
		cmocka_unit_test(test_query_values),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_bad_questions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("gateway: logs", tests, NULL, NULL);
}
