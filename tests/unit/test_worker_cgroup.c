/* Reading containers' use out of trees as Docker leaves them, in both versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faas/worker/cgroup.h"
#include "lib/base/xalloc.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char root[64];
static struct cgroup_use uses[CGROUP_MAX];

static int make_root(void **state)
{
	snprintf(root, sizeof(root), "/tmp/test-cgroup-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	_cleanup_free_ char *cmd = xasprintf("rm -rf '%s'", root);

	return system(cmd);
}

/* A file below the root, with the folders it needs. */
static void put(const char *path, const char *text)
{
	_cleanup_free_ char *full = xasprintf("%s/%s", root, path);
	FILE *f;

	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(full, 0755);
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static const struct cgroup_use *find(size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(uses[i].id, id))
			return &uses[i];
	fail_msg("'%s' is missing", id);
	return NULL;
}

static void version_1(void **state)
{
	size_t n;

	put("cpuacct/docker/" ID_A "/cpuacct.usage", "123456789012\n");
	put("memory/docker/" ID_A "/memory.usage_in_bytes", "5000\n");
	put("memory/docker/" ID_A "/memory.stat",
		"cache 7\ninactive_file 1\ntotal_cache 7\ntotal_inactive_file 2000\n");
	put("cpuacct/docker/" ID_B "/cpuacct.usage", "7\n");
	put("memory/docker/" ID_B "/memory.usage_in_bytes", "100\n");
	put("memory/docker/" ID_B "/memory.stat", "total_inactive_file 2000\n");
	/* None of these is a container that can be read. */
	put("cpuacct/docker/cpuacct.usage", "9\n");
	put("cpuacct/docker/buildkit/cpuacct.usage", "9\n");
	put("cpuacct/docker/" ID_A "a/cpuacct.usage", "9\n");
	put("cpuacct/docker/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc/x",
		"");
	n = cgroup_read(root, uses);
	assert_int_equal(n, 2);
	assert_int_equal(find(n, ID_A)->cpu_ns, 123456789012);
	assert_int_equal(find(n, ID_A)->bytes, 3000);
	assert_int_equal(find(n, ID_B)->cpu_ns, 7);
	assert_int_equal(find(n, ID_B)->bytes, 0);
}

static void version_1_systemd(void **state)
{
	size_t n;

	put("cpu,cpuacct/system.slice/docker-" ID_A ".scope/cpuacct.usage", "77");
	put("memory/system.slice/docker-" ID_A ".scope/memory.usage_in_bytes", "88");
	put("cpu,cpuacct/system.slice/docker.service/cpuacct.usage", "9\n");
	n = cgroup_read(root, uses);
	assert_int_equal(n, 1);
	assert_int_equal(find(n, ID_A)->cpu_ns, 77);
	assert_int_equal(find(n, ID_A)->bytes, 88);
}

static void version_2(void **state)
{
	size_t n;

	put("system.slice/docker-" ID_A ".scope/cpu.stat",
		"nr_periods 1\nusage_usec 5000\nuser_usec 4000\nsystem_usec 1000\n");
	put("system.slice/docker-" ID_A ".scope/memory.current", "9000\n");
	put("system.slice/docker-" ID_A ".scope/memory.stat",
		"anon 100\ninactive_file 4000\nactive_file 3\n");
	put("docker/" ID_B "/cpu.stat", "usage_usec 6\n");
	put("docker/" ID_B "/memory.current", "10\n");
	n = cgroup_read(root, uses);
	assert_int_equal(n, 2);
	assert_int_equal(find(n, ID_A)->cpu_ns, 5000000);
	assert_int_equal(find(n, ID_A)->bytes, 5000);
	assert_int_equal(find(n, ID_B)->cpu_ns, 6000);
	assert_int_equal(find(n, ID_B)->bytes, 10);
}

static void nonsense(void **state)
{
	put("docker/" ID_A "/cpu.stat", "usage_usec -6\n");
	put("docker/" ID_A "/memory.current", "10\n");
	put("docker/" ID_B "/cpu.stat", "usage_usecs 6\nx usage_usec 7\n");
	put("docker/" ID_B "/memory.current", "10\n");
	assert_int_equal(cgroup_read(root, uses), 0);
	put("docker/" ID_B "/cpu.stat", "usage_usec 6\n");
	put("docker/" ID_B "/memory.current", "max\n");
	assert_int_equal(cgroup_read(root, uses), 0);
	assert_int_equal(cgroup_read("/nonexistent", uses), 0);
}

static void not_without_end(void **state)
{
	char path[128];

	for (unsigned i = 0; i < CGROUP_MAX + 20; i++) {
		snprintf(path, sizeof(path), "docker/%064x/cpu.stat", i);
		put(path, "usage_usec 6\n");
		snprintf(path, sizeof(path), "docker/%064x/memory.current", i);
		put(path, "1\n");
	}
	assert_int_equal(cgroup_read(root, uses), CGROUP_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(version_1, make_root, remove_root),
		cmocka_unit_test_setup_teardown(version_1_systemd, make_root, remove_root),
		cmocka_unit_test_setup_teardown(version_2, make_root, remove_root),
		cmocka_unit_test_setup_teardown(nonsense, make_root, remove_root),
		cmocka_unit_test_setup_teardown(not_without_end, make_root, remove_root),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
