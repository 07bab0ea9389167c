/* Any file of headers: what is taken fits a request's head line by line, and of what is not the
 * place is told. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe/load/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct header_file *f, int r, const char *said)
{
	size_t at;

	if (r == -EINVAL && (f->n || f->line < 1 || f->column < 1 || !strstr(said, f->wrong)))
		abort();
	for (size_t i = 0; i < f->n; i++)
		if (header_fault(f->lines[i], strlen(f->lines[i]), &at) ||
			strpbrk(f->lines[i], "\r\n"))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header_file f = {0};
	_cleanup_err_ struct err err = ERR_INIT;
	int fd = memfd_create("headers", MFD_CLOEXEC), r;
	char path[32];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = header_file_read(path, &f, &err);
	check(&f, r, err_msg(&err));
	header_file_done(&f);
	close(fd);
	return 0;
}
