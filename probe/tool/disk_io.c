/*
 * Writing and reading, a piece at a time, each timed.  Writes are etcd's recipe, which is also what
 * the swarm's log does: append 2300 bytes, fdatasync; the time of the fdatasync counts.  Reads are
 * 4 KiB at random places of a file that was written before, past the page cache, one after the
 * other.  All is bounded by time and by space: a slow disk is not kept busy, none is filled.
 *
 * The files have no name from the start, so that nothing is left even of a killed probe.  On btrfs
 * that cannot be done: there a sync of a file without a name writes next to nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/xalloc.h"
#include "probe/load/hist_json.h"
#include "probe/tool/disk.h"

enum { MIB = 1024 * 1024, LEAST_FREE_MIB = 1024, LOG_SIZE = 22 * MIB, MOST_READ_MIB = 256 };

static bool is_over(const struct disk_options *o, uint64_t until)
{
	return *o->cancel || clock_ns() >= until;
}

static uint64_t end_after(double seconds)
{
	return clock_ns() + (uint64_t)(seconds * 1e9);
}

static int check_space(const char *dir, unsigned long long *ret_free, struct err *err)
{
	struct statvfs v;
	unsigned long long mib;

	if (statvfs(dir, &v) < 0)
		return err_errno(err, -errno, "unable to look at '%s'", dir);
	mib = (unsigned long long)v.f_bavail * v.f_frsize / MIB;
	if (mib < LEAST_FREE_MIB)
		return err_set(err, -ENOSPC, "only %llu MiB are free in '%s'; %d are asked for",
			mib, dir, LEAST_FREE_MIB);
	*ret_free = mib;
	return 0;
}

static int open_nameless(const char *dir, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	path = xasprintf("%s/.svarm-probe-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "unable to make a file in '%s'", dir);
	unlink(path);
	return fd;
}

/* Were it all @want bytes? */
static int whole(ssize_t n, size_t want, const char *verb, struct err *err)
{
	if (n == (ssize_t)want)
		return 0;
	return err_errno(err, n < 0 ? -errno : -ENOSPC, "unable to %s", verb);
}

/* ---- writes ---- */

static void end_window(
	struct disk_seen *s, const struct hist *h, double at, void (*say)(const char *line))
{
	struct disk_window *w;
	char line[128];

	xgrow(s->windows, s->n_windows, s->cap_windows);
	w = &s->windows[s->n_windows++];
	*w = (struct disk_window){
		.at = at, .n = h->n, .p50 = hist_at(h, 0.5), .p99 = hist_at(h, 0.99)};
	snprintf(line, sizeof(line), "%.0f s: %lu durable writes, p50 %.3f ms, p99 %.3f ms", at,
		w->n, hist_ms(w->p50), hist_ms(w->p99));
	say(line);
}

/* One record; the next place in *@at. */
static int append(int fd, off_t *at, uint64_t *ret_ns, struct err *err)
{
	static const char record[DISK_RECORD] = {'r'};
	uint64_t before;
	int r;

	if (*at + DISK_RECORD > LOG_SIZE) {
		if (ftruncate(fd, 0) < 0)
			return err_errno(err, -errno, "unable to begin the file anew");
		*at = 0;
	}
	r = whole(pwrite(fd, record, sizeof(record), *at), sizeof(record), "write", err);
	if (r < 0)
		return r;
	*at += DISK_RECORD;
	before = clock_ns();
	if (fdatasync(fd) < 0)
		return err_errno(err, -errno, "unable to make a write durable");
	*ret_ns = clock_ns() - before;
	return 0;
}

static int write_all(int fd, const struct disk_options *o, struct disk_seen *s,
	void (*say)(const char *line), struct err *err)
{
	_cleanup_free_ struct hist *window = xcalloc(1, sizeof(*window));
	const uint64_t start = clock_ns(), until = end_after(o->write_seconds);
	uint64_t second = start + 1000000000, ns = 0, now = start;
	off_t at = 0;
	int r;

	while (!is_over(o, until)) {
		r = append(fd, &at, &ns, err);
		if (r < 0)
			return r;
		hist_add(window, ns);
		now = clock_ns();
		if (now < second)
			continue;
		hist_merge(&s->syncs, window);
		end_window(s, window, (double)(now - start) / 1e9, say);
		memset(window, 0, sizeof(*window));
		/* A write may have taken longer than a second. */
		second += ((now - second) / 1000000000 + 1) * 1000000000;
	}
	/* What is left is no whole second. */
	hist_merge(&s->syncs, window);
	s->write_seconds = (double)(now - start) / 1e9;
	return 0;
}

int disk_write(const struct disk_options *o, struct disk_seen *s, void (*say)(const char *line),
	struct err *err)
{
	unsigned long long mib;
	int fd, r;

	r = check_space(o->dir, &mib, err);
	if (r < 0)
		return r;
	fd = open_nameless(o->dir, err);
	if (fd < 0)
		return fd;
	r = write_all(fd, o, s, say, err);
	close(fd);
	return r;
}

/* ---- reads ---- */

/* Fill the file with what no disk can leave out, at most half the time that reading has. */
static int fill(int fd, const struct disk_options *o, unsigned long long most, void *block,
	struct disk_seen *s, struct err *err)
{
	const uint64_t until = end_after(o->read_seconds / 2);
	uint64_t x = clock_ns() | 1;
	int r;

	for (size_t i = 0; i < MIB / sizeof(x); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		((uint64_t *)block)[i] = x;
	}
	while (s->read_size < most && !is_over(o, until)) {
		*(uint64_t *)block = ++x;
		r = whole(pwrite(fd, block, MIB, (off_t)s->read_size), MIB, "write", err);
		if (r < 0)
			return r;
		s->read_size += MIB;
	}
	if (fdatasync(fd) < 0)
		return err_errno(err, -errno, "unable to make a write durable");
	return 0;
}

static int read_all(
	int fd, const struct disk_options *o, void *block, struct disk_seen *s, struct err *err)
{
	const uint64_t start = clock_ns(), until = end_after(o->read_seconds / 2);
	const unsigned long long blocks = s->read_size / DISK_BLOCK;
	uint64_t x = start | 1, before;
	off_t at;
	int r;

	while (blocks && !is_over(o, until)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		before = clock_ns();
		at = (off_t)(x % blocks * DISK_BLOCK);
		r = whole(pread(fd, block, DISK_BLOCK, at), DISK_BLOCK, "read", err);
		if (r < 0)
			return r;
		hist_add(&s->reads, clock_ns() - before);
	}
	s->read_seconds = (double)(clock_ns() - start) / 1e9;
	return 0;
}

int disk_read(const struct disk_options *o, struct disk_seen *s, void (*say)(const char *line),
	struct err *err)
{
	_cleanup_free_ void *block = NULL;
	unsigned long long mib;
	int fd, r;

	r = check_space(o->dir, &mib, err);
	if (r < 0)
		return r;
	if (posix_memalign(&block, DISK_BLOCK, MIB))
		abort();
	fd = open_nameless(o->dir, err);
	if (fd < 0)
		return fd;
	s->direct = fcntl(fd, F_SETFL, O_DIRECT) == 0;
	say("reading");
	r = fill(fd, o, MIN_OF(mib / 8, MOST_READ_MIB) * MIB, block, s, err);
	if (r == 0)
		r = read_all(fd, o, block, s, err);
	close(fd);
	return r;
}
