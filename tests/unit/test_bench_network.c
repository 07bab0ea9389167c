/*
 * The network section without a cluster: which pairs are measured at once, what a node
 * printed, be it garbage, and what it means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/bench/network.h"

/* ---- which pairs ---- */

static void test_plan(void **state)
{
	for (size_t n = 0; n < 40; n++) {
		struct network_slot *slots = NULL;
		size_t pairs = network_plan(n, &slots), in[40] = {0}, least = pairs, most = 0;

		for (size_t i = 0; i < pairs; i++) {
			assert_true(slots[i].a < slots[i].b && slots[i].b < n);
			assert_true(!i || slots[i].slot >= slots[i - 1].slot);
			for (size_t k = 0; k < i; k++) {
				bool same = slots[i].a == slots[k].a && slots[i].b == slots[k].b;
				bool meet = slots[i].a == slots[k].a || slots[i].a == slots[k].b ||
					    slots[i].b == slots[k].a || slots[i].b == slots[k].b;

				assert_false(same);
				assert_false(meet && slots[i].slot == slots[k].slot);
			}
			in[slots[i].a]++;
			in[slots[i].b]++;
		}
		for (size_t i = 0; i < n; i++) {
			least = MIN_OF(least, in[i]);
			most = MAX_OF(most, in[i]);
		}
		if (n >= 2 && n <= 5)
			assert_int_equal(pairs, n * (n - 1) / 2);
		if (n > 5)
			assert_true(pairs <= MAX_OF((size_t)NETWORK_MOST_PAIRS, n / 2));
		/* Nobody is left out, but for the odd one in a single slot. */
		assert_true(most - least <= 1);
		free(slots);
	}
}

/* ---- a scene: three nodes, two networks, three rounds ---- */

enum { NODES = 3, ROUNDS = 3, PAIRS = 6 };

struct scene {
	struct section_result r;
	struct network networks[2];
	struct network_pair pairs[2][PAIRS];
	struct network_sample samples[2][PAIRS][ROUNDS];
};

static const char *const names[NODES] = {"lab-1", "lab-2", "lab-3"};

#define RTT(p50, p99)                                                                             \
	"{\"n\": 200, \"min\": 0.1, \"mean\": 0.3, \"p50\": " p50 ", \"p90\": 0.5, \"p99\": " p99 \
	", \"p999\": 1, \"max\": 2}"
#define GOOD(mtu)                                                                    \
	"{\"by\": \"udp\", \"rtt_ms\": " RTT("0.3",                                  \
		"0.6") ", \"jitter_ms\": 0.05, \"sent\": 200, "                      \
		       "\"lost\": 0, \"interface_mtu\": " mtu ", \"path_mtu\": " mtu \
		       ", \"path_mtu_how\": \"whole\", \"throughput_mbit\": 900, \"error\": null}"

static void read_into(struct scene *s, int net, size_t pair, const char *text)
{
	_cleanup_json_ json_t *o = NULL;

	assert_int_equal(json_parse(text, strlen(text), 1 << 20, &o, NULL), 0);
	for (size_t i = 0; i < ROUNDS; i++)
		network_read(o, &s->r.arena, &s->samples[net][pair][i]);
}

static struct scene *scene_new(void)
{
	static const size_t ends[PAIRS][2] = {{0, 1}, {1, 0}, {0, 2}, {2, 0}, {1, 2}, {2, 1}};
	struct scene *s = xcalloc(1, sizeof(*s));

	s->r.detail = json_object();
	for (int k = 0; k < 2; k++) {
		s->networks[k] = (struct network){
			.name = k ? "overlay" : "private", .pairs = s->pairs[k], .n_pairs = PAIRS};
		for (size_t i = 0; i < PAIRS; i++) {
			s->pairs[k][i] = (struct network_pair){.from = ends[i][0],
				.to = ends[i][1],
				.rounds = s->samples[k][i],
				.n_rounds = ROUNDS};
			read_into(s, k, i, k ? GOOD("1450") : GOOD("1500"));
		}
	}
	return s;
}

static void scene_free(struct scene *s)
{
	json_decref(s->r.detail);
	free(s->r.figures);
	arena_done(&s->r.arena);
	free(s);
}

static bool with_node(const struct scene *s, size_t pair, size_t node)
{
	return s->pairs[0][pair].from == node || s->pairs[0][pair].to == node;
}

/* All pairs of lab-2 in network @net, in all rounds. */
static void spoil_node(struct scene *s, int net, const char *text)
{
	for (size_t i = 0; i < PAIRS; i++)
		if (with_node(s, i, 1))
			read_into(s, net, i, text);
}

static void judge(struct scene *s)
{
	network_judge(s->networks, 2, names, &s->r);
}

static void expect(struct scene *s, enum health_state state, const char *text, const char *remedy)
{
	judge(s);
	if (s->r.state != state || strcmp(s->r.text, text))
		print_message("# state %d: %s\n", s->r.state, s->r.text);
	assert_int_equal(s->r.state, state);
	assert_string_equal(s->r.text, text);
	if (remedy)
		assert_non_null(strstr(s->r.remedy, remedy));
	else
		assert_null(s->r.remedy);
	scene_free(s);
}

static void test_well(void **state)
{
	struct scene *s = scene_new();
	const json_t *net, *pair;

	s->samples[0][3][1].rtt.p50 = 0.5; /* the worst pair of the second round */
	s->samples[1][2][0].throughput_mbit = 400;
	judge(s);
	assert_int_equal(s->r.state, HEALTH_OK);
	assert_string_equal(
		s->r.text, "private: worst pair 0.30 ms, 900 Mbit/s; overlay: 0.30 ms, 900 Mbit/s");
	assert_null(s->r.remedy);
	assert_int_equal(s->r.n_figures, 7);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(s->r.figures[i].n, ROUNDS);
	assert_string_equal(s->r.figures[0].name, "rtt_p50");
	assert_true(s->r.figures[0].rounds[1] == 0.5);
	assert_true(section_median(&s->r, "loss") == 0);
	net = json_array_get(json_arr(s->r.detail, "networks"), 1);
	assert_string_equal(json_str(net, "name"), "overlay");
	assert_int_equal(json_int(net, "mtu", 0), 1450);
	assert_int_equal(json_array_size(json_arr(net, "pairs")), PAIRS);
	pair = json_array_get(json_arr(net, "pairs"), 1);
	assert_string_equal(json_str(pair, "from"), "lab-2");
	assert_string_equal(json_str(pair, "to"), "lab-1");
	assert_int_equal(json_int(json_obj(pair, "rtt_ms"), "n", 0), 600);
	assert_int_equal(json_int(pair, "sent", 0), 600);
	assert_int_equal(json_int(pair, "path_mtu", 0), 1450);
	assert_true(json_is_null(json_object_get(pair, "error")));
	scene_free(s);
}

static void test_unreachable(void **state)
{
	static const char none[] =
		"{\"rtt_ms\": null, \"error\": \"no answer by UDP, nor by TCP\"}";
	struct scene *s = scene_new();

	read_into(s, 0, 2, none);
	expect(s, HEALTH_FAIL, "private: lab-1 to lab-3: no answer by UDP, nor by TCP", "routes");
	s = scene_new();
	spoil_node(s, 1, none);
	expect(s, HEALTH_FAIL, "overlay: every pair with lab-2: no answer by UDP, nor by TCP",
		"UDP 4789");
	s = scene_new();
	read_into(s, 0, 0, none);
	read_into(s, 0, 1, none);
	expect(s, HEALTH_FAIL, "private: between lab-1 and lab-2: no answer by UDP, nor by TCP",
		"routes");
	s = scene_new();
	for (size_t i = 0; i < PAIRS; i++)
		read_into(s, 1, i, none);
	expect(s, HEALTH_FAIL, "overlay: every pair: no answer by UDP, nor by TCP", "UDP 4789");
	s = scene_new();
	read_into(s, 0, 0, none);
	read_into(s, 0, 3, none);
	expect(s, HEALTH_FAIL,
		"private: lab-1 to lab-2 and 1 other pair: no answer by UDP, nor by TCP", "routes");
}

static void test_packet_size(void **state)
{
	struct scene *s = scene_new();

	spoil_node(s, 0,
		"{\"by\": \"udp\", \"rtt_ms\": " RTT(
			"0.3", "0.6") ", \"interface_mtu\": 1500, "
				      "\"path_mtu\": 1450, \"path_mtu_how\": \"black hole\", "
				      "\"throughput_mbit\": 900}");
	expect(s, HEALTH_FAIL,
		"private: every pair with lab-2: packets of more than 1450 bytes do not pass, "
		"where "
		"the interface sends 1500 (black hole); overlay: its packets of 1450 bytes are "
		"1500 "
		"on the private network, which carries 1450: each is cut in two",
		"private interfaces to 1450, the size that passes; then make the network 'svarm' "
		"again, with the 1400");
	s = scene_new();
	read_into(s, 1, 0,
		"{\"by\": \"udp\", \"rtt_ms\": " RTT("0.3",
			"0.6") ", \"interface_mtu\": 1450, "
			       "\"path_mtu\": 1400, \"path_mtu_how\": \"fragmentation needed\", "
			       "\"throughput_mbit\": 900}");
	expect(s, HEALTH_FAIL,
		"overlay: lab-1 to lab-2: packets of more than 1400 bytes do not pass, where the "
		"interface sends 1450 (fragmentation needed)",
		"private interfaces to 1450");
	s = scene_new();
	for (size_t i = 0; i < PAIRS; i++)
		if (s->pairs[1][i].to == 1)
			read_into(s, 1, i,
				"{\"by\": \"udp\", \"rtt_ms\": " RTT(
					"0.3", "0.6") ", "
						      "\"interface_mtu\": 1450, \"path_mtu\": "
						      "1400, \"path_mtu_how\": "
						      "\"black hole\", \"throughput_mbit\": 900}");
	expect(s, HEALTH_FAIL,
		"overlay: every node to lab-2: packets of more than 1400 bytes do not pass, where "
		"the interface sends 1450 (black hole)",
		"private interfaces to 1450");
	/* Hetzner: the private network's own size is 1450 and the overlay was not told. */
	s = scene_new();
	for (size_t i = 0; i < PAIRS; i++)
		read_into(s, 0, i, GOOD("1450"));
	expect(s, HEALTH_FAIL,
		"overlay: its packets of 1450 bytes are 1500 on the private network, which carries "
		"1450: each is cut in two",
		"with the 1400 that fit");
}

static void test_loss(void **state)
{
	static const char *const cases[] = {"{\"by\": \"udp\", \"rtt_ms\": " RTT("0.3",
						    "0.6") ", \"sent\": 200, \"lost\": 20, "
							   "\"interface_mtu\": 1500, \"path_mtu\": "
							   "1500, \"throughput_mbit\": 900}",
		"{\"by\": \"udp\", \"rtt_ms\": " RTT(
			"0.3", "0.6") ", \"sent\": 200, \"lost\": 2, "
				      "\"interface_mtu\": 1500, \"path_mtu\": 1500, "
				      "\"throughput_mbit\": 900}"};
	struct scene *s = scene_new();

	spoil_node(s, 0, cases[0]);
	expect(s, HEALTH_FAIL, "private: every pair with lab-2: packets are lost, up to 10.0 %",
		"ip -s link");
	s = scene_new();
	read_into(s, 0, 4, cases[1]);
	expect(s, HEALTH_WARN, "private: lab-2 to lab-3: packets are lost, up to 1.0 %",
		"ip -s link");
	/* Two packets say nothing, whatever their share; three do. */
	for (int lost = 2; lost <= 3; lost++) {
		s = scene_new();
		for (size_t i = 0; i < ROUNDS; i++)
			s->samples[0][0][i].sent = 30;
		s->samples[0][0][0].lost = lost;
		judge(s);
		assert_int_equal(s->r.state, lost < 3 ? HEALTH_OK : HEALTH_WARN);
		scene_free(s);
	}
	/* Two packets of six hundred. */
	s = scene_new();
	s->samples[0][0][0].lost = 2;
	judge(s);
	assert_int_equal(s->r.state, HEALTH_OK);
	scene_free(s);
}

#define AFTER(p50)                                     \
	"{\"by\": \"udp\", \"rtt_ms\": " RTT(p50,      \
		"25") ", \"sent\": 200, \"lost\": 0, " \
		      "\"interface_mtu\": 1500, \"path_mtu\": 1500, \"throughput_mbit\": 900}"

static void test_outliers(void **state)
{
	struct scene *s = scene_new();

	spoil_node(s, 0,
		"{\"by\": \"udp\", \"rtt_ms\": " RTT(
			"20.4", "21") ", \"sent\": 200, \"lost\": 0, "
				      "\"interface_mtu\": 1500, \"path_mtu\": 1500, "
				      "\"throughput_mbit\": 900}");
	expect(s, HEALTH_WARN,
		"private: every pair with lab-2: round trips of 20.4 ms, where fast pairs have "
		"0.30",
		"zone");
	s = scene_new();
	spoil_node(s, 1,
		"{\"by\": \"udp\", \"rtt_ms\": " RTT(
			"0.3", "80") ", \"sent\": 200, \"lost\": 0, "
				     "\"interface_mtu\": 1450, \"path_mtu\": 1450, "
				     "\"throughput_mbit\": 900}");
	expect(s, HEALTH_WARN,
		"overlay: every pair with lab-2: one round trip in a hundred takes 80.0 ms, where "
		"fast pairs have 0.60",
		"bench cpu");
	s = scene_new();
	read_into(s, 0, 5,
		"{\"by\": \"udp\", \"rtt_ms\": " RTT(
			"0.3", "0.6") ", \"sent\": 200, \"lost\": 0, "
				      "\"interface_mtu\": 1500, \"path_mtu\": 1500, "
				      "\"throughput_mbit\": 90}");
	expect(s, HEALTH_WARN, "private: lab-3 to lab-2: 90 Mbit/s, where fast pairs have 900",
		"limits");
	/* Many times as slow, and yet soon there; both bounds count. */
	s = scene_new();
	read_into(s, 0, 5, AFTER("2.2"));
	judge(s);
	assert_int_equal(s->r.state, HEALTH_OK);
	scene_free(s);
	s = scene_new();
	read_into(s, 0, 5, AFTER("2.4"));
	expect(s, HEALTH_WARN,
		"private: lab-3 to lab-2: round trips of 2.4 ms, where fast pairs have 0.30",
		"zone");
	/* Two pairs are too few to say which of them is slow. */
	s = scene_new();
	s->networks[0].n_pairs = s->networks[1].n_pairs = 2;
	read_into(s, 0, 1, AFTER("20"));
	judge(s);
	assert_int_equal(s->r.state, HEALTH_OK);
	scene_free(s);
	/* Twice as slow is nothing yet. */
	s = scene_new();
	s->samples[0][0][0].rtt.p50 = s->samples[0][0][1].rtt.p50 = 0.9;
	s->samples[0][0][0].rtt.p99 = s->samples[0][0][1].rtt.p99 = 9;
	s->samples[0][0][0].throughput_mbit = s->samples[0][0][1].throughput_mbit = 400;
	judge(s);
	assert_int_equal(s->r.state, HEALTH_OK);
	scene_free(s);
}

static void test_parts_missing(void **state)
{
	struct scene *s = scene_new();
	const char *left_out[] = {"lab-3: no container of svarm's runs there"};

	read_into(s, 0, 0,
		"{\"by\": \"tcp\", \"rtt_ms\": " RTT("0.3", "0.6") ", \"throughput_mbit\": 900}");
	expect(s, HEALTH_WARN, "private: lab-1 to lab-2: UDP is not answered", "UDP");
	s = scene_new();
	read_into(s, 0, 0,
		"{\"by\": \"udp\", \"rtt_ms\": " RTT(
			"0.3", "0.6") ", \"interface_mtu\": 1500, "
				      "\"path_mtu\": 1500, \"error\": \"throughput: the stream "
				      "stalled\"}");
	expect(s, HEALTH_WARN,
		"private: lab-1 to lab-2: not all could be measured: throughput: the stream "
		"stalled",
		"again");
	/* In one of the rounds. */
	s = scene_new();
	s->samples[0][0][0].by_tcp = true;
	expect(s, HEALTH_WARN, "private: lab-1 to lab-2: UDP is not answered", "UDP");
	/* The packet size alone is not known. */
	s = scene_new();
	read_into(s, 0, 0,
		"{\"by\": \"udp\", \"rtt_ms\": " RTT(
			"0.3", "0.6") ", \"interface_mtu\": 1500, \"throughput_mbit\": 900}");
	expect(s, HEALTH_WARN,
		"private: lab-1 to lab-2: not all could be measured: no reason given", "again");
	s = scene_new();
	s->networks[1].n_pairs = 2;
	s->networks[1].left_out = left_out;
	s->networks[1].n_left_out = 1;
	expect(s, HEALTH_WARN, "overlay: not measured: lab-3: no container of svarm's runs there",
		"svarm health");
	s = scene_new();
	s->networks[0].n_pairs = s->networks[1].n_pairs = 0;
	s->networks[0].left_out = left_out;
	s->networks[0].n_left_out = 1;
	judge(s);
	assert_int_equal(s->r.state, HEALTH_SKIP);
	assert_null(s->r.remedy);
	scene_free(s);
}

/* Many findings: the worst one's remedy, and the others counted. */
static void test_many(void **state)
{
	struct scene *s = scene_new();

	read_into(s, 0, 0, "{\"by\": \"tcp\", \"rtt_ms\": " RTT("9", "90") "}");
	read_into(s, 0, 3, "{\"error\": \"\\u001b[31mred\"}");
	read_into(s, 1, 0, "{\"error\": \"gone\"}");
	read_into(s, 1, 2, "{\"by\": \"tcp\", \"rtt_ms\": " RTT("9", "90") "}");
	judge(s);
	assert_int_equal(s->r.state, HEALTH_FAIL);
	assert_null(strchr(s->r.text, '\033'));
	assert_non_null(strstr(s->r.text, "; and "));
	assert_non_null(strstr(s->r.remedy, "routes"));
	scene_free(s);
}

/* The worst finding's state and remedy, wherever it stands. */
static void test_worst_last(void **state)
{
	struct scene *s = scene_new();

	read_into(s, 0, 5,
		"{\"by\": \"udp\", \"rtt_ms\": " RTT(
			"0.3", "0.6") ", \"interface_mtu\": 1500, \"path_mtu\": 1500, "
				      "\"throughput_mbit\": 90}");
	read_into(s, 1, 0, "{\"error\": \"gone\"}");
	expect(s, HEALTH_FAIL,
		"private: lab-3 to lab-2: 90 Mbit/s, where fast pairs have 900; overlay: lab-1 to "
		"lab-2: gone",
		"UDP 4789");
}

/* ---- what a node printed ---- */

static void test_hostile(void **state)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"rtt_ms\": 5, \"sent\": \"x\", \"by\": 7, \"error\": {}}",
		"{\"rtt_ms\": {\"n\": 1e300}, \"throughput_mbit\": 1e308}",
		"{\"rtt_ms\": " RTT("-1", "2") ", \"throughput_mbit\": -5}",
		"{\"rtt_ms\": " RTT("1e30", "2") "}",
		"{\"rtt_ms\": " RTT("null", "2") "}",
		"{\"sent\": 5, \"lost\": 9, \"jitter_ms\": -1}",
		"{\"interface_mtu\": 1e12, \"path_mtu\": 1e12}",
		"{\"interface_mtu\": 1400, \"path_mtu\": 1500, \"path_mtu_how\": \"\\u001b\"}",
	};
	struct arena arena = {0};
	int port = 0;
	char token[33];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_json_ json_t *o = NULL;
		struct network_sample s;

		assert_int_equal(json_parse(texts[i], strlen(texts[i]), 4096, &o, NULL), 0);
		network_read(o, &arena, &s);
		assert_false(s.rtt_known);
		assert_true(isnan(s.throughput_mbit) && isnan(s.sent) && isnan(s.lost));
		assert_int_equal(s.interface_mtu, 0);
		assert_int_equal(s.path_mtu, 0);
		assert_null(s.path_mtu_how);
		assert_null(s.error);
	}
	arena_done(&arena);
	assert_true(network_read_server(
		"{\"port\": 4711, \"token\": \"0123456789abcdef0123456789abcdef\"}", &port, token));
	assert_int_equal(port, 4711);
	assert_false(network_read_server("", &port, token));
	assert_false(network_read_server("{\"port\": 4711}", &port, token));
	assert_false(network_read_server(
		"{\"port\": 70000, \"token\": \"0123456789abcdef0123456789abcdef\"}", &port,
		token));
	assert_false(network_read_server(
		"{\"port\": 1, \"token\": \"0123456789abcdef0123456789abcdef0\"}", &port, token));
	assert_false(network_read_server(
		"{\"port\": 1, \"token\": \"0123456789ABCDEF0123456789abcdef\"}", &port, token));
}

/* ---- for people ---- */

static void test_matrix(void **state)
{
	static const char wanted[] =
		"  private: median round trip in ms, throughput in Mbit/s, packets of 1500 bytes\n"
		"  from / to        lab-1        lab-2        lab-3\n"
		"  lab-1                -  0.30    900  0.30    900\n"
		"  lab-2      0.30    900            -  0.30    900\n"
		"  lab-3      0.30    900    no answer            -\n"
		"  overlay: ";
	struct scene *s = scene_new();
	_cleanup_json_ json_t *section = json_object();
	_cleanup_buf_ struct buf out = BUF_INIT;

	read_into(s, 0, 5, "{\"error\": \"gone\"}");
	judge(s);
	json_object_set(section, "detail", s->r.detail);
	network_print(section, &out);
	assert_memory_equal(buf_str(&out), wanted, strlen(wanted));
	scene_free(s);
}

static void test_matrix_hostile(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"detail\": {\"networks\": [1, {}, {\"pairs\": 5}, {\"pairs\": [1, [], {}]}]}}",
		"{\"detail\": {\"networks\": [{\"name\": \"\\u001b[2J\", \"mtu\": -1, \"pairs\": "
		"[{\"from\": \"\\u001b\", \"to\": \"\\n\", \"rtt_ms\": {\"p50\": 1e300}}]}]}}",
		"{\"detail\": {\"networks\": [{\"pairs\": [{\"from\": \"a\", \"to\": \"b\"}, "
		"{\"from\": \"c\", \"to\": \"d\"}, {\"from\": \"e\", \"to\": \"f\"}, {\"from\": "
		"\"g\", "
		"\"to\": \"h\"}, {\"from\": \"i\", \"to\": \"j\", \"rtt_ms\": {\"p50\": 3}}]}]}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_json_ json_t *section = NULL;
		_cleanup_buf_ struct buf out = BUF_INIT;

		assert_int_equal(json_parse(texts[i], strlen(texts[i]), 4096, &section, NULL), 0);
		network_print(section, &out);
		assert_null(strchr(buf_str(&out), '\033'));
		if (i == 3) /* too many for a matrix: a list */
			assert_non_null(strstr(buf_str(&out), "  i     j        3.00\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_well),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_packet_size),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_outliers),
		cmocka_unit_test(test_parts_missing),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_worst_last),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_matrix_hostile),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
