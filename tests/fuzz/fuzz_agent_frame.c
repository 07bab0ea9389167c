/* Feeds what either end may send to the reader of the agent's frames: at once, in two pieces, byte
 * by byte.  All three must give the same frames, whatever it is. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/bench/agent_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A command must lie within its frame. */
static void use_start(const struct agent_frame *f)
{
	struct agent_frame_start s;
	_cleanup_buf_ struct buf again = BUF_INIT;
	struct agent_frame_reader r = {.max = AGENT_FRAME_MAX_START};
	struct agent_frame g;

	if (agent_frame_parse_start(f, &s, NULL) < 0)
		return;
	if (s.input < f->data || s.input + s.input_len != f->data + f->len || !s.argv[0][0])
		abort();
	if (s.container && !agent_frame_is_container(s.container))
		abort();
	/* Written and read it is the same. */
	agent_frame_add_start(&again, f->id, &s);
	agent_frame_feed(&r, again.data, again.len);
	if (agent_frame_next(&r, &g, NULL) != 1 || g.id != f->id || g.len != f->len ||
		memcmp(g.data, f->data, f->len))
		abort();
	agent_frame_reader_done(&r);
}

/* All frames of @data, fed in pieces, written out again. */
static int feed(const char *data, size_t size, size_t piece, struct buf *out)
{
	struct agent_frame_reader r = {.max = AGENT_FRAME_MAX_OUTPUT};
	struct agent_frame f;
	int got = 0;

	for (size_t at = 0; at < size && got >= 0; at += piece) {
		agent_frame_feed(&r, data + at, size - at < piece ? size - at : piece);
		while ((got = agent_frame_next(&r, &f, NULL)) > 0) {
			agent_frame_add(out, f.word, f.id, f.data, f.len);
			if (agent_frame_status(&f) > 255)
				abort();
			use_start(&f);
		}
	}
	if (got < 0 && agent_frame_next(&r, &f, NULL) >= 0)
		abort();
	agent_frame_reader_done(&r);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_buf_ struct buf whole = BUF_INIT, cut = BUF_INIT, bytes = BUF_INIT;
	const char *text = (const char *)data;
	int a, b, c;

	a = feed(text, size, size ? size : 1, &whole);
	b = feed(text, size, size / 2 + 1, &cut);
	c = feed(text, size, 1, &bytes);
	if (a != b || a != c || whole.len != cut.len || whole.len != bytes.len)
		abort();
	if (whole.len && (memcmp(whole.data, cut.data, whole.len) ||
				 memcmp(whole.data, bytes.data, whole.len)))
		abort();
	/* Nothing but frames in their one form is taken. */
	if (whole.len && (whole.len > size || memcmp(whole.data, data, whole.len)))
		abort();
	return 0;
}
