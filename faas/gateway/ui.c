/*
 * / and /ui/: upstream has a page for the browser there.  Ours lists the functions and says which
 * program to use; it is rendered here and runs no script.
 */
#include "faas/common/keys.h"
#include "faas/gateway/api.h"
#include "faas/gateway/model.h"
#include "lib/base/buf.h"

void ui_redirect(struct call *c)
{
	httpd_add_header(c->rq, "Location", "/ui/");
	httpd_reply_text(c->rq, 301, "see /ui/\n");
}

/* Names are letters, digits and -_ only: nothing to escape. */
static void add_row(struct buf *out, const struct function *f)
{
	buf_addf(out, "<tr><td><a href=\"/function/%s\">%s</a></td><td>%u of %u</td></tr>\n",
		f->name, f->name, f->running, f->replicas);
}

void ui_page(struct call *c)
{
	_cleanup_(model_unrefp) struct model *m = watch_model(c->watch);
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (*c->rest) {
		httpd_reply_text(c->rq, 404, "not found\n");
		return;
	}
	buf_adds(&out, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
		       "<title>svarm</title>\n<h1>Functions</h1>\n"
		       "<table>\n<tr><th>name</th><th>tasks running</th></tr>\n");
	for (size_t i = 0; m && i < m->functions_n; i++)
		add_row(&out, &m->functions[i]);
	buf_adds(&out, "</table>\n<p>Deploy, scale and remove them with <code>faas-cli</code> or "
		       "<code>svarm fn</code>.</p>\n</html>\n");
	httpd_add_header(c->rq, "Content-Security-Policy", "default-src 'none'");
	httpd_reply(c->rq, 200, "text/html; charset=utf-8", out.data, out.len);
}
