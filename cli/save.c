/* Write a file whole or not at all: see save.h. */
#include "cli/save.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/xalloc.h"

static int write_all(int fd, const struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(fd, buf_str(text) + at, text->len - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int write_through(const char *path, const struct buf *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

static int replace(const char *path, const struct buf *text)
{
	_cleanup_free_ char *beside = xasprintf("%s.XXXXXX", path);
	int fd = mkostemp(beside, O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, text);
	if (r == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(beside, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(beside);
	return r;
}

int save_file(const char *path, const struct buf *text, struct err *err)
{
	struct stat st;
	bool other = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
	int r = other ? write_through(path, text) : replace(path, text);

	return r < 0 ? err_errno(err, r, "writing '%s'", path) : 0;
}
