/*
 * What the machine's containers use, out of its tree of control groups: Docker's with the driver
 * cgroupfs (docker/ID) or systemd (system.slice/docker-ID.scope), of version 1 or 2.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { CGROUP_ID_LEN = 64, CGROUP_MAX = 2000 };

struct cgroup_use {
	char id[CGROUP_ID_LEN + 1];
	uint64_t cpu_ns; /* since it was started */
	uint64_t bytes;  /* memory, without file contents that could be dropped */
};

/* Read the containers below @root, the machine's /sys/fs/cgroup, at most CGROUP_MAX; returns how
 * many.  One that cannot be read (it ends just now) is left out. */
size_t cgroup_read(const char *root, struct cgroup_use ret[CGROUP_MAX]);
