/* Inside svarm-probe cpu: what the kernel counts of processor time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The "cpu" line of /proc/stat, in ticks of all processors together. */
struct cpu_ticks {
	unsigned long long busy, idle, steal, total;
};

/* What control groups around this process have held back. */
struct cpu_quota {
	unsigned long long periods, throttled; /* of the group that was throttled most */
};

bool cpu_parse_ticks(const char *text, struct cpu_ticks *ret);
bool cpu_read_ticks(struct cpu_ticks *ret);
/* The member @name of a cpu.stat; 0 when it has none. */
unsigned long long cpu_parse_stat(const char *text, const char *name);
/* Where the control group of processor time is, from /proc/self/cgroup: appended path, and where
 * the hierarchy begins in it; false when there is none. */
bool cpu_parse_cgroup(const char *text, char *ret_path, size_t size, size_t *ret_root);
bool cpu_read_quota(struct cpu_quota *ret);
