/*
 * Feeds arbitrary bytes to the calculator as a document of `svarm bench`: it is refused with a
 * message, or calculated with, and then nothing of it reaches a terminal as it is, and what is
 * printed as JSON is JSON.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cli/cost_print.h"
#include "probe/bench/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_harmless(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->data[i] < ' ' && out->data[i] != '\n')
			abort();
}

static void check_answer(const struct cost_job *j)
{
	_cleanup_(cost_answer_done) struct cost_answer a = {0};
	_cleanup_buf_ struct buf text = BUF_INIT, json = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_json_ json_t *doc = NULL;

	cost_answer_make(j, &a);
	cost_print(&a, &text, false, 80);
	check_harmless(&text);
	cost_json(&a, true, &json);
	if (json_parse(buf_str(&json), json.len, DOCUMENT_MAX, &doc, &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Once with what the document has alone, once with what it may lack.  What a server carries
	 * decides how long the answer takes: that of the document is tried with some of them. */
	static const struct cost_options options[] = {{.price = "20"},
		{.ms = "5", .servers = "2", .rate = "10", .price = "20", .capacity = "100000000"}};
	_cleanup_json_ json_t *doc = NULL;
	_cleanup_err_ struct err err = ERR_INIT;

	if (document_parse((const char *)data, size, &doc, &err) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		_cleanup_err_ struct err why = ERR_INIT;
		struct cost_job j = {0};

		if (cost_job_begin(&options[i], &j, &why) < 0)
			abort();
		if (cost_job_finish(&j, &options[i], doc, &why) < 0) {
			if (!why.msg)
				abort();
		} else if (i > 0 || size % 8 == 0) {
			check_answer(&j);
		}
		cost_job_done(&j);
	}
	return 0;
}
