/*
 * Feeds arbitrary JSON to all that reads what measuring on the nodes printed: what is taken is
 * judged, and what is judged is shown.  Nothing that a terminal could act upon may come out.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/bench/network.h"
#include "probe/bench/redis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SIZE = 1 << 16 };

static void show(const struct section_result *r, void (*print)(const json_t *, struct buf *))
{
	_cleanup_json_ json_t *section = json_object();
	_cleanup_buf_ struct buf out = BUF_INIT;

	json_object_set(section, "detail", r->detail);
	print(section, &out);
	buf_adds(&out, r->text);
	buf_adds(&out, r->remedy ? r->remedy : "");
	if (memchr(out.data, '\033', out.len))
		abort();
	for (size_t i = 0; i < r->n_figures; i++)
		if (!(section_median(r, r->figures[i].name) >= 0))
			abort();
}

static void result_done(struct section_result *r)
{
	json_decref(r->detail);
	free(r->figures);
	arena_done(&r->arena);
}

static void try_network(const json_t *o)
{
	struct section_result r = {.detail = json_object()};
	const char *const names[] = {"a", "b"};
	struct network_sample samples[4] = {0};
	struct network_pair pairs[4] = {0};
	struct network networks[2] = {{.name = "private", .pairs = pairs, .n_pairs = 2},
		{.name = "overlay", .pairs = pairs + 2, .n_pairs = 2}};

	for (size_t i = 0; i < 4; i++) {
		const json_t *own = json_is_array(o) ? json_array_get(o, i) : o;

		network_read(own, &r.arena, &samples[i]);
		pairs[i] = (struct network_pair){
			.from = i % 2, .to = 1 - i % 2, .rounds = &samples[i], .n_rounds = 1};
	}
	network_judge(networks, 2, names, &r);
	show(&r, network_print);
	result_done(&r);
}

static void try_redis(const json_t *o)
{
	struct section_result r = {.detail = json_object()};
	struct redis_run runs[4] = {0};
	struct redis_runs all = {
		.node = "a", .target = "t", .own_service = "s", .ab = true, .runs = runs, .n = 4};

	for (unsigned i = 0; i < 4; i++) {
		redis_read(json_is_array(o) ? json_array_get(o, i) : o, &runs[i]);
		runs[i].round = i / 2 + 1;
		runs[i].tuned = i % 2 == 0;
	}
	redis_judge(&all, &r);
	show(&r, redis_print);
	result_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *line = xstrndup((const char *)data, size);
	_cleanup_json_ json_t *o = NULL;
	_cleanup_buf_ struct buf out = BUF_INIT;
	char token[33];
	int port = 1;

	if (network_read_server(line, &port, token) && (port < 1 || port > 65535))
		abort();
	if (json_parse((const char *)data, size, MAX_SIZE, &o, NULL) < 0)
		return 0;
	try_network(o);
	try_redis(o);
	network_print(o, &out);
	redis_print(o, &out);
	if (out.len && memchr(out.data, '\033', out.len))
		abort();
	return 0;
}
