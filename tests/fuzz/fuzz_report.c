/* Any document becomes a page that is well-formed, runs nothing and is of bounded size.  An array
 * is a document and the earlier one. */
#include <stdint.h>
#include <stdlib.h>

#include "probe/report/report.h"
#include "tests/markup.h"

enum { MAX_INPUT = 1024 * 1024, MAX_PAGE = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_json_ json_t *doc = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_buf_ struct buf page = BUF_INIT;

	if (json_parse((const char *)data, size, MAX_INPUT, &doc, &err) < 0)
		return 0;
	if (json_is_array(doc))
		report_html(json_array_get(doc, 0), json_array_get(doc, 1), &page);
	else
		report_html(doc, NULL, &page);
	if (strlen(buf_str(&page)) != page.len || markup_fault(buf_str(&page)) ||
		page.len > MAX_PAGE)
		abort();
	return 0;
}
