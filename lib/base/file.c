/* A reader of a report, or an interruption amid it, must never see half of one: see file.h. */
#include "lib/base/file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/xalloc.h"

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_through(const char *path, const void *data, size_t len, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return err_errno(err, -errno, "unable to open '%s'", path);
	r = write_all(fd, data, len);
	if (close(fd) < 0 && r >= 0)
		r = -errno;
	return r < 0 ? err_errno(err, r, "writing '%s'", path) : 0;
}

static int finish(int fd, mode_t mode, const char *temporary, const char *path)
{
	int r = fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;

	if (close(fd) < 0 && r >= 0)
		r = -errno;
	if (r >= 0 && rename(temporary, path) < 0)
		r = -errno;
	return r;
}

static mode_t mode_for_new(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

int file_write(const char *path, const void *data, size_t len, struct err *err)
{
	_cleanup_free_ char *real = NULL, *temporary = NULL;
	struct stat st;
	bool there = stat(path, &st) == 0;
	const char *target;
	int fd, r;

	/* A link that the kernel refuses to follow, as that of a stranger in /tmp
	 * (fs.protected_symlinks), is not followed by name either. */
	if (!there && errno != ENOENT)
		return err_errno(err, -errno, "unable to look at '%s'", path);
	real = there ? realpath(path, NULL) : NULL;
	target = real ? real : path;
	if (there && !S_ISREG(st.st_mode))
		return write_through(path, data, len, err);
	temporary = xasprintf("%s.new-XXXXXX", target);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "unable to create '%s'", path);
	r = write_all(fd, data, len);
	if (r >= 0)
		r = finish(fd, there ? st.st_mode & 0777 : mode_for_new(), temporary, target);
	else
		close(fd);
	if (r < 0) {
		unlink(temporary);
		return err_errno(err, r, "writing '%s'", path);
	}
	return 0;
}
