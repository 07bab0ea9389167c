/* Paths on the operator's machine: see path.h. */
#include "lib/base/path.h"

#include <limits.h>
#include <unistd.h>

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void path_resolve(struct buf *out, const char *path, const char *base)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && path[1] == '/' && home) {
		buf_addf(out, "%s%s", home, path + 1);
		return;
	}
	if (path[0] != '/' && base)
		buf_add(out, base, (size_t)(path_base(base) - base));
	buf_adds(out, path);
}

void path_exe_dir(struct buf *out)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0) {
		buf_addc(out, '.');
		return;
	}
	exe[n] = '\0';
	buf_add(out, exe, (size_t)(path_base(exe) - exe) - 1);
}
