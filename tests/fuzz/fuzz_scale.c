/*
 * What decides on scaling and comes from elsewhere: an alert (from whoever has the password), the
 * counters and reports of use (from Redis).  The first byte picks which.  Covers alert.c, the text
 * of load.c, usage.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "faas/gateway/alert.h"
#include "faas/gateway/load.h"
#include "faas/gateway/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void alert(const char *text, size_t len)
{
	static struct alert alerts[ALERT_MAX];
	size_t n;

	if (alert_parse(text, len, alerts, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (!name_is_function(alerts[i].function))
			abort();
}

static void counts(const char *text, size_t len)
{
	struct load *l = load_new(USEC_PER_SEC);
	struct load_counts c;
	struct load_view v;

	if (load_counts_parse(text, len, &c)) {
		for (usec_t i = 1; i < 4; i++) {
			load_begin(l, i * USEC_PER_SEC / 2);
			load_add(l, "a", "f", &c);
			c.started += i;
			load_end(l);
		}
		load_view(l, "f", &v);
		if (v.per_second < 0)
			abort();
	}
	load_free(l);
}

/* Lines are names and values in turn. */
static void use(char *text)
{
	redisReply hash = {.type = REDIS_REPLY_ARRAY}, words[64] = {0}, *pointers[64];
	struct usage *u = usage_new();
	size_t n = 0;

	for (char *line = text; line && n < 64; n++) {
		char *next = strchr(line, '\n');

		if (next)
			*next++ = '\0';
		words[n] = (redisReply){
			.type = REDIS_REPLY_STRING, .str = line, .len = strlen(line)};
		pointers[n] = &words[n];
		line = next;
	}
	hash.element = pointers;
	hash.elements = n;
	for (int i = 0; i < 2; i++) {
		usage_begin(u);
		usage_add(u, &hash);
		usage_end(u);
	}
	usage_free(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 1 || size > 1 << 16)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	if (!text)
		return 0;
	if (data[0] % 3 == 0)
		alert(text, strlen(text));
	else if (data[0] % 3 == 1)
		counts(text, strlen(text));
	else
		use(text);
	free(text);
	return 0;
}
