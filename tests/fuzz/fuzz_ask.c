/* Feeds arbitrary bytes to what reads the gateway's answers (cli/gateway.c), in pieces whose size
 * is the first byte. */
#include <stdint.h>
#include <stdlib.h>

#include "cli/gateway.h"
#include "lib/node/link_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t size;
};

static int say(void *arg, const char *script, const struct buf *input, struct link_result *ret,
	struct err *err)
{
	const struct input *in = arg;

	buf_add(&ret->out, in->data, in->size);
	return 1;
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct spec_node leader = {.name = "n", .private = "10.0.0.1"};
	static const struct gateway_request rq = {.method = "GET", .path = "/"};
	struct input in = {size ? data + 1 : data, size ? size - 1 : 0};
	struct link_fake f = {
		.handle = say, .arg = &in, .impatient = true, .chunk = size ? data[0] : 0};
	const struct cli cli = {0};
	struct gateway g = {.cli = &cli, .link = link_fake_open(&f, &leader), .leader = &leader};
	struct gateway_answer a = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	size_t len;
	int r = gateway_ask(&g, &rq, NULL, NULL, &a, &err);

	require(r == 0 || r == ERR_REMOTE);
	if (r == 0) {
		require(a.status >= 0 && a.status <= 999);
		require((size_t)a.got == a.body.len && a.got <= (long long)in.size);
		gateway_header(&a, "Content-Length", &len);
		gateway_refused(&a, "f", &err);
	}
	for (const unsigned char *p = (const unsigned char *)err_msg(&err); *p; p++)
		require(*p >= 0x20 && *p != 0x7f);
	gateway_answer_done(&a);
	gateway_close(&g);
	link_fake_done(&f);
	return 0;
}
