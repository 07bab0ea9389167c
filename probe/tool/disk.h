/* Inside svarm-probe disk: what it does to a disk, and what it saw. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "lib/base/err.h"
#include "probe/load/hist.h"

enum {
	DISK_RECORD = 2300, /* etcd's recipe: bytes of a record of its log */
	DISK_BLOCK = 4096,  /* of a read */
};

/* One second of writing. */
struct disk_window {
	double at; /* seconds since the start: its end */
	unsigned long n;
	uint64_t p50, p99; /* ns */
};

struct disk_seen {
	struct hist syncs, reads; /* ns */
	struct disk_window *windows;
	size_t n_windows, cap_windows;
	double write_seconds, read_seconds;
	unsigned long long read_size; /* bytes of the file that was read from */
	bool direct;                  /* reads passed the page cache by */
};

struct disk_options {
	const char *dir;
	double write_seconds, read_seconds;
	const volatile sig_atomic_t *cancel;
};

/* Both leave nothing in the folder, however they end: the file never has a name.  @say gets a line
 * about once a second. */
int disk_write(const struct disk_options *o, struct disk_seen *s, void (*say)(const char *line),
	struct err *err) _must_check_;
int disk_read(const struct disk_options *o, struct disk_seen *s, void (*say)(const char *line),
	struct err *err) _must_check_;
