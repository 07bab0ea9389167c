/* Feeds arbitrary bytes to the reader of nginx' table: what it takes is in order and within bounds.
 */
#include <stddef.h>
#include <stdint.h>

#include "faas/nginx/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct table_reader *t, const struct table_reader *before)
{
	if (t->name_len == 0 || t->name_len > TABLE_NAME_MAX)
		abort();
	if (before->functions && before->functions != t->functions &&
		table_compare(before->name, before->name_len, t->name, t->name_len) >= 0)
		abort();
	if (t->timeout_ms > TABLE_MAX_TIMEOUT_MS || t->functions > TABLE_MAX_FUNCTIONS ||
		t->tasks > TABLE_MAX_TASKS)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct table_reader t, before = {0};
	enum table_kind kind;

	table_open(&t, (const char *)data, size);
	while ((kind = table_next(&t)) == TABLE_FUNCTION || kind == TABLE_TASK) {
		check(&t, &before);
		before = t;
	}
	if ((kind == TABLE_BAD) != (t.problem != NULL))
		abort();
	return 0;
}
