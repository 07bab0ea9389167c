/* Feeds JSON that a node may print to the readers of load runs, queue accounts, containers and
 * events, and what they make of it to the tables. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/bench/async_result.h"
#include "probe/bench/cold_judge.h"
#include "probe/bench/http_judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const json_t *detail)
{
	_cleanup_json_ json_t *section = json_object();
	_cleanup_buf_ struct buf out = BUF_INIT;

	json_object_set(section, "detail", (json_t *)detail);
	http_print(section, &out);
	cold_print(section, &out);
	async_print(section, &out);
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < ' ' && out.data[i] != '\n')
			abort();
}

static void judge_load(const json_t *o)
{
	struct section_result result = {.detail = json_object()};
	struct http_found found = {0};
	struct http_result r;

	if (http_read(o, &r, NULL) == 0) {
		http_view_add(http_found_add(&found, "client", "url", "http://x/"), &r);
		http_judge(&found, &result);
		print(result.detail);
	}
	http_found_done(&found);
	json_decref(result.detail);
	free(result.figures);
	arena_done(&result.arena);
}

static void judge_queue(const json_t *o)
{
	struct section_result result = {.detail = json_object()};
	struct async_round round;

	if (async_read(o, &round, NULL) == 0) {
		async_judge(&round, 1, "echo", 15, &result);
		print(result.detail);
		async_round_done(&round);
	}
	json_decref(result.detail);
	free(result.figures);
	arena_done(&result.arena);
}

static void split(const json_t *o)
{
	struct cold_times t = {.begin = 1795624712, .seconds = 1, .warm = 0.01, .made = NAN};
	struct cold_parts p;

	cold_container(o, &t);
	cold_split(&t, &p);
	if (p.schedule < 0 || p.create < 0 || p.start < 0 || p.ready < 0 || p.answer < 0)
		abort();
	json_decref(cold_parts_json(&p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ json_t *o = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_add(&text, data, size);
	(void)cold_event_created(buf_str(&text), "b7d347939a28");
	(void)cold_time(buf_str(&text));
	if (json_parse(buf_str(&text), text.len, 1 << 20, &o, NULL) < 0)
		return 0;
	judge_load(o);
	judge_queue(o);
	split(o);
	print(o);
	return 0;
}
