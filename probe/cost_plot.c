/* Has the break-even plot drawn: see cost_plot.h. */
#include "probe/cost_plot.h"

#include "lib/base/xalloc.h"
#include "probe/cost_curves.h"

enum { SAMPLES = 400 }; /* of a line */

void cost_plot(const struct cost_case *c, const struct cost_offer *offers, size_t n_offers,
	const char *currency, struct buf *out)
{
	const struct cost_load *l = &c->load;
	struct cost_curves v;
	_cleanup_free_ char *y = xasprintf("%s a month", currency);
	_cleanup_free_ char *load = xasprintf("calls of %.4g ms, %g MB, %.4g KB; %g hours a month",
		l->ms, l->mb, l->kb, l->hours);
	_cleanup_free_ char *words = NULL;
	struct chart chart;

	cost_curves_make(c, offers, n_offers, SAMPLES, &v);
	words = xasprintf("Cost a month in %s over calls per second, both logarithmic: %zu lines "
			  "for %s.",
		currency, v.n_lines, load);
	chart = (struct chart){
		.title = "Cost a month over the load",
		.subtitle = load,
		.description = words,
		.x = {"calls per second", v.x_min, v.x_max, true},
		.y = {y, v.y_min, v.y_max, true},
		.lines = v.lines,
		.n_lines = v.n_lines,
		.marks = v.marks,
		.n_marks = v.n_marks,
	};
	chart_svg(&chart, out);
	cost_curves_done(&v);
}
