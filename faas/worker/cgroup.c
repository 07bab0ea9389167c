/* Use of processor and memory by containers: see cgroup.h. */
#include "faas/worker/cgroup.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/xalloc.h"

enum { MAX_FILE = 64 << 10 };

/* Where numbers are, by version; files are relative to the container's group. */
struct layout {
	const char *cpu_tree, *memory_tree;     /* below the root */
	const char *cpu_file, *cpu_field;       /* field NULL: the file is the number */
	uint64_t cpu_unit;                      /* in nanoseconds */
	const char *memory_file, *memory_field; /* field: what to take off */
};

static const struct layout layouts[] = {
	{".", ".", "cpu.stat", "usage_usec", 1000, "memory.current", "inactive_file"},
	{"cpuacct", "memory", "cpuacct.usage", NULL, 1, "memory.usage_in_bytes",
		"total_inactive_file"},
	{"cpu,cpuacct", "memory", "cpuacct.usage", NULL, 1, "memory.usage_in_bytes",
		"total_inactive_file"},
};

/* Groups with containers in them, and how those are called. */
static const struct {
	const char *group, *before, *after;
} drivers[] = {
	{"docker", "", ""},
	{"system.slice", "docker-", ".scope"},
};

static bool take_number(const char *text, uint64_t *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*ret = strtoull(text, &end, 10);
	return !*end || *end == '\n';
}

/* The number that is all of a file, or that stands behind @field at the start of a line. */
static bool read_number(const char *dir, const char *file, const char *field, uint64_t *ret)
{
	_cleanup_free_ char *path = xasprintf("%s/%s", dir, file);
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t n = field ? strlen(field) : 0;

	if (buf_read_file(&text, path, MAX_FILE, NULL) < 0)
		return false;
	if (!field)
		return take_number(buf_str(&text), ret);
	for (const char *line = buf_str(&text); line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, field, n) && line[n] == ' ')
			return take_number(line + n + 1, ret);
	}
	return false;
}

static bool read_container(
	const char *root, const struct layout *l, const char *group, struct cgroup_use *ret)
{
	_cleanup_free_ char *cpu = xasprintf("%s/%s/%s", root, l->cpu_tree, group);
	_cleanup_free_ char *memory = xasprintf("%s/%s/%s", root, l->memory_tree, group);
	uint64_t inactive = 0;

	if (!read_number(cpu, l->cpu_file, l->cpu_field, &ret->cpu_ns) ||
		!read_number(memory, l->memory_file, NULL, &ret->bytes))
		return false;
	ret->cpu_ns *= l->cpu_unit;
	if (read_number(memory, "memory.stat", l->memory_field, &inactive))
		ret->bytes = ret->bytes > inactive ? ret->bytes - inactive : 0;
	return true;
}

/* The container's id in the name of its group. */
static bool id_of(const char *name, const char *before, const char *after, char *ret)
{
	size_t n = strlen(before);

	if (strlen(name) != n + CGROUP_ID_LEN + strlen(after) || strncmp(name, before, n) ||
		strcmp(name + n + CGROUP_ID_LEN, after) ||
		strspn(name + n, "0123456789abcdef") < CGROUP_ID_LEN)
		return false;
	memcpy(ret, name + n, CGROUP_ID_LEN);
	ret[CGROUP_ID_LEN] = '\0';
	return true;
}

static size_t read_layout(const char *root, const struct layout *l, struct cgroup_use *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		_cleanup_free_ char *path = xasprintf(
			"%s/%s/%s", root, l->cpu_tree, drivers[i].group);
		DIR *d = opendir(path);
		struct dirent *e;

		while (d && n < CGROUP_MAX && (e = readdir(d))) {
			_cleanup_free_ char *group = xasprintf(
				"%s/%s", drivers[i].group, e->d_name);

			if (id_of(e->d_name, drivers[i].before, drivers[i].after, ret[n].id) &&
				read_container(root, l, group, &ret[n]))
				n++;
		}
		if (d)
			closedir(d);
	}
	return n;
}

size_t cgroup_read(const char *root, struct cgroup_use ret[CGROUP_MAX])
{
	size_t n = 0;

	/* Which version there is shows in where the numbers are. */
	for (size_t i = 0; i < ARRAY_SIZE(layouts) && n == 0; i++)
		n = read_layout(root, &layouts[i], ret);
	return n;
}
