/* JUnit's XML: see junit.h. */
#include "lib/run/junit.h"

#include "lib/base/quote.h"

static void add_attribute(struct buf *out, const char *name, const char *value)
{
	buf_addf(out, " %s=\"", name);
	quote_xml(out, value);
	buf_addc(out, '"');
}

static void add_outcome(struct buf *out, const struct junit_case *c)
{
	static const char *const elements[] = {[JUNIT_PASSED] = "system-out",
		[JUNIT_FAILED] = "failure",
		[JUNIT_SKIPPED] = "skipped"};
	const char *element = elements[c->state];

	buf_addf(out, "<%s", element);
	if (c->state != JUNIT_PASSED)
		add_attribute(out, "message", c->text ? c->text : "");
	buf_addc(out, '>');
	if (c->state != JUNIT_SKIPPED && c->text)
		quote_xml(out, c->text);
	buf_addf(out, "</%s>", element);
}

static void add_case(struct buf *out, const struct junit_case *c)
{
	buf_adds(out, "  <testcase");
	add_attribute(out, "classname", c->group);
	add_attribute(out, "name", c->name);
	buf_addf(out, " time=\"%.3f\">", c->seconds);
	if (c->state != JUNIT_PASSED || c->text)
		add_outcome(out, c);
	buf_adds(out, "</testcase>\n");
}

void junit_print(const char *suite, const struct junit_case *cases, size_t n, struct buf *out)
{
	size_t failed = 0, skipped = 0;
	double seconds = 0;

	for (size_t i = 0; i < n; i++) {
		failed += cases[i].state == JUNIT_FAILED;
		skipped += cases[i].state == JUNIT_SKIPPED;
		seconds += cases[i].seconds;
	}
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite");
	add_attribute(out, "name", suite);
	buf_addf(out,
		" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\" time=\"%.3f\">\n", n,
		failed, skipped, seconds);
	for (size_t i = 0; i < n; i++)
		add_case(out, &cases[i]);
	buf_adds(out, "</testsuite>\n");
}
