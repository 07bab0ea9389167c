/* Reading the kernel's counts: see cpu_seen.h.  Quotas of groups further up count as well: a server
 * that is a container is limited by one that it did not make. */
#include "probe/tool/cpu_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"

enum { MAX_FILE = 1 << 20 };

bool cpu_parse_ticks(const char *text, struct cpu_ticks *ret)
{
	unsigned long long t[8];

	if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
		    &t[4], &t[5], &t[6], &t[7]) != 8)
		return false;
	ret->busy = t[0] + t[1] + t[2] + t[5] + t[6];
	ret->idle = t[3] + t[4];
	ret->steal = t[7];
	ret->total = ret->busy + ret->idle + ret->steal;
	return true;
}

bool cpu_read_ticks(struct cpu_ticks *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return buf_read_file(&text, "/proc/stat", MAX_FILE, NULL) >= 0 &&
	       cpu_parse_ticks(buf_str(&text), ret);
}

unsigned long long cpu_parse_stat(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ' ')
			return strtoull(line + len, NULL, 10);
	}
	return 0;
}

/* Does "cpu" stand in @list, "cpu,cpuacct", which ends at a colon? */
static bool lists_cpu(const char *list)
{
	while (*list && *list != ':') {
		size_t n = strcspn(list, ",:");

		if (n == 3 && !strncmp(list, "cpu", 3))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

bool cpu_parse_cgroup(const char *text, char *ret_path, size_t size, size_t *ret_root)
{
	const char *line = text, *group = NULL;
	int list_len, n = -1;

	/* Lines "N:CONTROLLERS:PATH"; version 2 has no controllers there. */
	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;

		if (!path || path > line + strcspn(line, "\n"))
			continue;
		if (!lists_cpu(list + 1) && (path != list + 1 || group))
			continue;
		group = path + 1;
		list_len = (int)(path - list - 1);
		n = snprintf(ret_path, size, "/sys/fs/cgroup%s%.*s", list_len ? "/" : "", list_len,
			list + 1);
	}
	if (!group || n < 0 || (size_t)n >= size)
		return false;
	*ret_root = (size_t)n;
	list_len = (int)strcspn(group, "\n");
	n = snprintf(ret_path + n, size - (size_t)n, "%.*s", list_len, group);
	return n >= 0 && (size_t)n < size - *ret_root;
}

bool cpu_read_quota(struct cpu_quota *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char path[4096], file[4200];
	size_t root;
	bool found = false;

	*ret = (struct cpu_quota){0};
	if (buf_read_file(&text, "/proc/self/cgroup", MAX_FILE, NULL) < 0 ||
		!cpu_parse_cgroup(buf_str(&text), path, sizeof(path), &root))
		return false;
	for (;;) {
		char *slash;

		buf_clear(&text);
		snprintf(file, sizeof(file), "%s/cpu.stat", path);
		if (buf_read_file(&text, file, MAX_FILE, NULL) >= 0) {
			unsigned long long n = cpu_parse_stat(buf_str(&text), "nr_throttled");

			found = true;
			if (n >= ret->throttled)
				*ret = (struct cpu_quota){
					cpu_parse_stat(buf_str(&text), "nr_periods"), n};
		}
		slash = strrchr(path, '/');
		if (!slash || slash < path + root)
			return found;
		*slash = '\0';
	}
}
