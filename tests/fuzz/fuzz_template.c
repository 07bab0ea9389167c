/* Feeds arbitrary text to the template language, with a scope that has every shape of name. */
#include <stddef.h>
#include <stdint.h>

#include "lib/node/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	int r;

	template_set(s, "a", "value");
	template_set(s, "empty", "%s", "");
	template_list(s, "n");
	template_set(template_row(s, "l"), "b", "{{a}}");
	template_set(template_row(template_row(s, "l"), "m"), "b", "inner");
	r = template_render_text("fuzz", (const char *)data, size, s, &out, &err);
	if (r < 0 && (!err.msg || out.len))
		abort(); /* a failure says why, and leaves nothing */
	return 0;
}
