/* Prints the report of a document: report_make DOCUMENT [EARLIER].  For the system test and the
 * picture in the README. */
#include <stdio.h>

#include "probe/report/report.h"

enum { MAX_DOCUMENT = 16 * 1024 * 1024 };

static json_t *read_document(const char *path)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	json_t *doc = NULL;

	if (buf_read_file(&text, path, MAX_DOCUMENT, &err) < 0 ||
		json_parse(buf_str(&text), text.len, MAX_DOCUMENT, &doc, &err) < 0)
		fprintf(stderr, "report_make: %s\n", err_msg(&err));
	return doc;
}

int main(int argc, char **argv)
{
	_cleanup_json_ json_t *doc = argc > 1 ? read_document(argv[1]) : NULL;
	_cleanup_json_ json_t *earlier = argc > 2 ? read_document(argv[2]) : NULL;
	_cleanup_buf_ struct buf page = BUF_INIT;

	if (!doc || (argc > 2 && !earlier))
		return 1;
	report_html(doc, earlier, &page);
	return fwrite(page.data, 1, page.len, stdout) == page.len ? 0 : 1;
}
