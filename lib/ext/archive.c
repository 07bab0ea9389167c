/* Walking a tar archive with libarchive: see archive.h. */
#include "lib/ext/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/quote.h"

enum {
	MAX_MEMBERS = 20000,
	BLOCK = 64 * 1024,
};
#define MAX_TOTAL ((uint64_t)16 << 30) /* unpacked bytes */

struct walk {
	const char *path;
	struct archive *archive;
	size_t max_member;
	uint64_t total;
	struct err *err;
};

static void archive_freep(struct archive **a)
{
	if (*a)
		archive_read_free(*a);
}

static int broken(const struct walk *w, const char *doing)
{
	_cleanup_buf_ struct buf why = BUF_INIT;
	const char *s = archive_error_string(w->archive);

	escape_text(&why, s ? s : "unknown fault", s ? strlen(s) : 13, false);
	return err_set(w->err, -EBADMSG, "%s '%s': %s", doing, w->path, buf_str(&why));
}

static int open_archive(struct walk *w)
{
	w->archive = archive_read_new();
	if (!w->archive)
		abort();
	/* Only what an image archive is: every other format is attack surface. */
	archive_read_support_filter_gzip(w->archive);
	archive_read_support_format_tar(w->archive);
	if (archive_read_open_filename(w->archive, w->path, BLOCK) != ARCHIVE_OK)
		return broken(w, "unable to open");
	return 0;
}

static int count(struct walk *w, uint64_t bytes)
{
	w->total += bytes;
	if (w->total > MAX_TOTAL)
		return err_set(w->err, -EFBIG, "'%s' unpacks to more than %llu bytes", w->path,
			(unsigned long long)MAX_TOTAL);
	return 0;
}

/* Read the current member; its bytes go to @content unless that is NULL. */
static int read_member(struct walk *w, struct buf *content)
{
	char block[16384];
	ssize_t n;
	int r;

	for (;;) {
		n = archive_read_data(w->archive, block, sizeof(block));
		if (n < 0)
			return broken(w, "reading");
		if (n == 0)
			return 0;
		r = count(w, (uint64_t)n);
		if (r < 0)
			return r;
		/* A sparse member may be longer than its header says. */
		if (content && content->len + (size_t)n > w->max_member)
			return err_set(
				w->err, -EBADMSG, "'%s': a member is longer than it says", w->path);
		if (content)
			buf_add(content, block, (size_t)n);
	}
}

static int visit_member(struct walk *w, struct archive_entry *e,
	int (*visit)(void *arg, const struct archive_member *m, struct err *err), void *arg)
{
	_cleanup_buf_ struct buf content = BUF_INIT;
	struct archive_member m = {.name = archive_entry_pathname(e)};
	bool small;
	int r;

	if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e) || !m.name)
		return ARCHIVE_GO_ON;
	if (!strncmp(m.name, "./", 2))
		m.name += 2;
	m.size = archive_entry_size(e) > 0 ? (uint64_t)archive_entry_size(e) : 0;
	small = m.size <= w->max_member;
	r = read_member(w, small ? &content : NULL);
	if (r < 0)
		return r;
	m.content = small ? &content : NULL;
	return visit(arg, &m, w->err);
}

int archive_walk(const char *path, size_t max_member,
	int (*visit)(void *arg, const struct archive_member *m, struct err *err), void *arg,
	struct err *err)
{
	_cleanup_(archive_freep) struct archive *a = NULL;
	struct walk w = {.path = path, .max_member = max_member, .err = err};
	struct archive_entry *e;
	int r;

	r = open_archive(&w);
	a = w.archive;
	if (r < 0)
		return r;
	for (size_t n = 0; n < MAX_MEMBERS; n++) {
		r = archive_read_next_header(a, &e);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return broken(&w, "reading");
		r = visit_member(&w, e, visit, arg);
		if (r != ARCHIVE_GO_ON)
			return r < 0 ? r : 0;
	}
	return err_set(err, -EFBIG, "'%s' has more than %d members", path, MAX_MEMBERS);
}
