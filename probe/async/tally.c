/* The account of calls through the queue: see tally.h. */
#include "probe/async/tally.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/load/hist_json.h"

void tally_init(struct tally *ret, const char *nonce, uint32_t n)
{
	snprintf(ret->nonce, sizeof(ret->nonce), "%s", nonce);
	ret->n = n;
	ret->calls = xcalloc(n, sizeof(*ret->calls));
}

void tally_done(struct tally *t)
{
	free(t->calls);
	t->calls = NULL;
}

void tally_body(const struct tally *t, uint32_t i, char ret[TALLY_TEXT])
{
	snprintf(ret, TALLY_TEXT, "svarm bench %s %u\n", t->nonce, (unsigned)i);
}

void tally_path(const struct tally *t, uint32_t i, char ret[TALLY_TEXT])
{
	snprintf(ret, TALLY_TEXT, "/%s/%u", t->nonce, (unsigned)i);
}

bool tally_find(const struct tally *t, const char *path, uint32_t *ret)
{
	size_t len = strlen(t->nonce);
	uint32_t i = 0;

	if (path[0] != '/' || strncmp(path + 1, t->nonce, len) || path[len + 1] != '/')
		return false;
	path += len + 2;
	if (!*path || strlen(path) > 7 || strspn(path, "0123456789") != strlen(path))
		return false;
	while (*path)
		i = i * 10 + (uint32_t)(*path++ - '0');
	*ret = i;
	return i < t->n;
}

void tally_sent(struct tally *t, uint32_t i, uint64_t now)
{
	if (!t->sent++)
		t->first_sent = now;
	t->calls[i].sent = now;
}

void tally_answered(struct tally *t, uint32_t i, int status, uint64_t now)
{
	t->last_answer = now;
	if (status == 202) {
		t->calls[i].accepted = true;
		t->accepted++;
		t->accepted_called_back += t->calls[i].callbacks > 0;
	} else if (status) {
		t->refused++;
		t->refused_status = status;
	} else {
		t->unanswered++;
	}
}

void tally_called_back(struct tally *t, uint32_t i, int status, bool same, uint64_t now)
{
	struct tally_call *c = &t->calls[i];

	if (c->callbacks++) {
		t->duplicated++;
		return;
	}
	if (!t->called_back++)
		t->first_back = now;
	t->last_back = now;
	t->accepted_called_back += c->accepted;
	t->same += same;
	c->same = same;
	if (status >= 400) {
		t->failed++;
		t->failed_status = status;
	}
	hist_add(&t->end_to_end, now > c->sent ? now - c->sent : 0);
}

uint32_t tally_lost(const struct tally *t)
{
	return t->accepted - t->accepted_called_back;
}

bool tally_echoes(const struct tally *t)
{
	return t->same * 2 > t->called_back;
}

static double seconds(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / 1e9 : 0;
}

void tally_json(const struct tally *t, struct buf *out)
{
	buf_addf(out,
		"{\"sent\": %u, \"accepted\": %u, \"refused\": %u, \"refused_status\": %d, "
		"\"unanswered\": %u, \"called_back\": %u, \"lost\": %u, \"duplicated\": %u, "
		"\"failed\": %u, \"failed_status\": %d",
		t->sent, t->accepted, t->refused, t->refused_status, t->unanswered, t->called_back,
		tally_lost(t), t->duplicated, t->failed, t->failed_status);
	if (tally_echoes(t))
		buf_addf(out, ", \"wrong\": %u", t->called_back - t->same);
	buf_addf(out, ", \"accept_seconds\": %.6f, \"drain_seconds\": %.6f",
		seconds(t->first_sent, t->last_answer), seconds(t->first_back, t->last_back));
	buf_adds(out, ", \"end_to_end_ms\": ");
	hist_json(out, &t->end_to_end);
	buf_adds(out, ", \"nines\": ");
	hist_nines_json(out, &t->end_to_end);
	buf_adds(out, "}\n");
}
