/* Image archives: what is read from good ones, and what broken and hostile ones are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "faas/parts.h"
#include "lib/base/xalloc.h"
#include "tests/unit/archive_make.h"

static char path[] = "/tmp/svarm-image-XXXXXX";

static int make_path(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	return unlink(path);
}

#define CONFIG "{\"architecture\":\"amd64\"}"

static void good(const struct buf *tar, const char *config, const char *tag)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct image image = {0};
	char id[SHA256_HEX + 1];

	tar_write(tar, path);
	if (image_read(path, &a, &image, &err) < 0)
		fail_msg("%s", err_msg(&err));
	sha256_hex(config, strlen(config), id);
	assert_memory_equal(image.id, "sha256:", 7);
	assert_string_equal(image.id + 7, id);
	assert_string_equal(image.tag, tag);
	assert_string_equal(image.archive, path);
	assert_int_equal(image.bytes, tar->len);
}

static void bad(const struct buf *tar, const char *message)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct image image = {0};

	tar_write(tar, path);
	assert_true(image_read(path, &a, &image, &err) < 0);
	if (!strstr(err_msg(&err), message))
		fail_msg("'%s' does not say '%s'", err_msg(&err), message);
	assert_null(image.id);
}

static void test_plain(void **state)
{
	_cleanup_buf_ struct buf tar = BUF_INIT;

	tar_image(&tar, CONFIG, "[\"svarm/echo:abc\",\"svarm/echo:dev\"]");
	good(&tar, CONFIG, "svarm/echo:abc");
}

static void test_gzip(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_buf_ struct buf tar = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_free_ char *command = xasprintf(
		"gzip -c %s >%s.gz && mv %s.gz %s", path, path, path, path);
	struct image image = {0};

	tar_image(&tar, CONFIG, "[\"a:b\"]");
	tar_write(&tar, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(image_read(path, &a, &image, &err), 0);
	assert_string_equal(image.tag, "a:b");
	assert_int_not_equal(image.bytes, tar.len);
}

/* Docker 25 and later: the configuration among the blobs, the manifest before it or after. */
static void test_orders(void **state)
{
	_cleanup_buf_ struct buf first = BUF_INIT;
	_cleanup_buf_ struct buf last = BUF_INIT;
	static const char manifest[] =
		"[{\"Config\":\"blobs/sha256/abc\",\"RepoTags\":[\"x/y:1\"],\"Layers\":[]}]";

	tar_add(&first, "./manifest.json", manifest, SIZE_MAX);
	tar_add(&first, "blobs/sha256/def", "a layer", SIZE_MAX);
	tar_add(&first, "./blobs/sha256/abc", CONFIG, SIZE_MAX);
	tar_end(&first);
	good(&first, CONFIG, "x/y:1");

	tar_add(&last, "oci-layout", "{}", SIZE_MAX);
	tar_add(&last, "blobs/sha256/abc", CONFIG, SIZE_MAX);
	tar_add(&last, "blobs/sha256/def", "a layer", SIZE_MAX);
	tar_add(&last, "manifest.json", manifest, SIZE_MAX);
	tar_end(&last);
	good(&last, CONFIG, "x/y:1");
}

static void bad_manifest(const char *manifest, const char *message)
{
	_cleanup_buf_ struct buf tar = BUF_INIT;

	tar_add(&tar, "c.json", CONFIG, SIZE_MAX);
	tar_add(&tar, "manifest.json", manifest, SIZE_MAX);
	tar_end(&tar);
	bad(&tar, message);
}

static void test_bad_manifests(void **state)
{
	bad_manifest("", "manifest.json: not JSON");
	bad_manifest("[", "manifest.json: not JSON");
	bad_manifest("{}", "holds 0 images");
	bad_manifest("[]", "holds 0 images");
	bad_manifest("[{},{}]", "holds 2 images; save one image per archive");
	bad_manifest("[7]", "names no configuration");
	bad_manifest("[{\"RepoTags\":[\"a:b\"]}]", "names no configuration");
	bad_manifest("[{\"Config\":7,\"RepoTags\":[\"a:b\"]}]", "names no configuration");
	bad_manifest("[{\"Config\":\"c.json\"}]", "the image has no tag");
	bad_manifest("[{\"Config\":\"c.json\",\"RepoTags\":null}]", "the image has no tag");
	bad_manifest("[{\"Config\":\"c.json\",\"RepoTags\":[7]}]", "a tag that is none");
	bad_manifest("[{\"Config\":\"c.json\",\"RepoTags\":[\"a b\"]}]", "a tag that is none");
	bad_manifest("[{\"Config\":\"c.json\",\"RepoTags\":[\"\"]}]", "a tag that is none");
	bad_manifest(
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"--format=x\"]}]", "a tag that is none");
	bad_manifest(
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"a\\u001b[2J\"]}]", "a tag that is none");
	bad_manifest("[{\"Config\":\"other.json\",\"RepoTags\":[\"a:b\"]}]", "is missing");
	bad_manifest("[{\"Config\":\"../c.json\",\"RepoTags\":[\"a:b\"]}]", "is missing");
}

static void test_bad_archives(void **state)
{
	_cleanup_buf_ struct buf tar = BUF_INIT;
	_cleanup_free_ char *long_text = NULL;

	buf_adds(&tar, "hello, this is no archive at all\n");
	bad(&tar, "image archive");
	buf_clear(&tar);
	bad(&tar, "image archive"); /* empty */

	tar_add(&tar, "readme", "x", SIZE_MAX);
	tar_end(&tar);
	bad(&tar, "no manifest.json in it");

	/* Cut off in the middle of a member. */
	buf_clear(&tar);
	tar_add(&tar, "manifest.json", "[{", 100000);
	bad(&tar, "image archive");

	/* A manifest too large to be one. */
	buf_clear(&tar);
	long_text = xasprintf("%0*d", 2 << 20, 0);
	tar_add(&tar, "manifest.json", long_text, SIZE_MAX);
	tar_end(&tar);
	bad(&tar, "manifest.json has 2097152 bytes");
}

static void test_too_many_members(void **state)
{
	_cleanup_buf_ struct buf tar = BUF_INIT;

	for (int i = 0; i < 20001; i++)
		tar_add(&tar, "x", "", SIZE_MAX);
	tar_end(&tar);
	bad(&tar, "more than 20000 members");
}

static void test_not_a_file(void **state)
{
	_cleanup_(arena_done) struct arena a = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct image image = {0};

	assert_int_equal(image_read("/nowhere/image.tar", &a, &image, &err), -ENOENT);
	assert_int_equal(image_read("/dev", &a, &image, &err), -EINVAL);
}

static void test_find(void **state)
{
	const char *one[] = {"svarm/echo:abc", "svarm/echo:dev"}, *two[] = {"plain:latest"};
	const struct image images[] = {
		{.id = "1", .tags = one, .n_tags = 2},
		{.id = "2", .tags = two, .n_tags = 1},
	};
	static const struct {
		const char *reference, *id;
	} cases[] = {
		{"svarm/echo:dev", "1"},
		{"svarm/echo:abc", "1"},
		{"svarm/echo", NULL},
		{"svarm/echo:de", NULL},
		{"echo:dev", NULL},
		{"plain", "2"},
		{"plain:latest", "2"},
		{"plai", NULL},
		{"host:5000/plain", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct image *found = image_find(images, 2, cases[i].reference);

		assert_int_equal(!found, !cases[i].id);
		if (found)
			assert_string_equal(found->id, cases[i].id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_bad_manifests),
		cmocka_unit_test(test_bad_archives),
		cmocka_unit_test(test_too_many_members),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_find),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_path, remove_path);
}
