/*
 * What is in an image archive, read from the archive itself: manifest.json names the tags and the
 * configuration, and the SHA-256 of the configuration is the image's ID.  One pass without
 * unpacking anything: a member small enough to be a configuration is hashed as it goes by, since
 * the manifest may come after it.
 */
#include "faas/parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/ext/archive.h"
#include "lib/ext/hash.h"
#include "lib/ext/json.h"

enum {
	MAX_CONFIG = 1 << 20,
	MAX_HASHED = 4096, /* members whose hash is remembered */
	MAX_TAGS = 64,
	MAX_TAG = 512,
};

struct member {
	char *name;
	char id[SHA256_HEX + 1];
};

struct reader {
	struct arena *arena;
	struct image *image;
	const char *config; /* name of the configuration, once the manifest is read */
	struct member *members;
	size_t n, cap;
};

/* ---- manifest.json ---- */

/* It will be an argument of docker's, so it must not look like an option. */
static bool tag_ok(const char *tag)
{
	if (!isalnum((unsigned char)*tag))
		return false;
	for (const char *c = tag; *c; c++)
		if (*c <= ' ' || *c == 0x7f || (unsigned char)*c >= 0x80)
			return false;
	return strlen(tag) <= MAX_TAG;
}

static int read_tags(struct reader *r, const json_t *tags, struct err *err)
{
	const size_t n = json_array_size(tags);

	if (!n)
		return err_set(err, -EBADMSG, "the image has no tag; save it by name");
	if (n > MAX_TAGS)
		return err_set(err, -EBADMSG, "the image has more than %d tags", MAX_TAGS);
	r->image->tags = arena_array(r->arena, const char *, n);
	for (size_t i = 0; i < n; i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		if (!tag || !tag_ok(tag))
			return err_set(err, -EBADMSG, "manifest.json holds a tag that is none");
		r->image->tags[i] = arena_strdup(r->arena, tag);
	}
	r->image->n_tags = n;
	r->image->tag = r->image->tags[0];
	return 0;
}

static int read_manifest(struct reader *r, const struct buf *text, struct err *err)
{
	_cleanup_json_ json_t *root = NULL;
	const json_t *first;
	const char *config;
	int q;

	q = json_parse(text->data, text->len, MAX_CONFIG, &root, err);
	if (q < 0)
		return err_wrap(err, "manifest.json");
	if (json_array_size(root) != 1)
		return err_set(err, -EBADMSG, "holds %zu images; save one image per archive",
			json_array_size(root));
	first = json_array_get(root, 0);
	config = json_str(first, "Config");
	if (!config)
		return err_set(err, -EBADMSG, "manifest.json names no configuration");
	q = read_tags(r, json_arr(first, "RepoTags"), err);
	if (q < 0)
		return q;
	r->config = arena_strdup(r->arena, config);
	return 0;
}

/* ---- the archive ---- */

static void remember(struct reader *r, const struct archive_member *m)
{
	struct member *hashed;

	if (r->n == MAX_HASHED)
		return;
	hashed = arena_push(r->arena, r->members, r->n, r->cap);
	hashed->name = arena_strdup(r->arena, m->name);
	sha256_hex(m->content->data, m->content->len, hashed->id);
}

static const char *config_id(const struct reader *r)
{
	for (size_t i = 0; r->config && i < r->n; i++)
		if (!strcmp(r->members[i].name, r->config))
			return r->members[i].id;
	return NULL;
}

static int on_member(void *arg, const struct archive_member *m, struct err *err)
{
	struct reader *r = arg;
	const bool manifest = !strcmp(m->name, "manifest.json");
	int q;

	if (manifest && !m->content)
		return err_set(
			err, -EFBIG, "manifest.json has %llu bytes", (unsigned long long)m->size);
	if (manifest && !r->config) {
		q = read_manifest(r, m->content, err);
		if (q < 0)
			return q;
	} else if (m->content && (!r->config || !strcmp(m->name, r->config))) {
		remember(r, m);
	}
	return config_id(r) ? ARCHIVE_ENOUGH : ARCHIVE_GO_ON;
}

static int read_archive(const char *path, struct reader *r, struct err *err)
{
	int q;

	q = archive_walk(path, MAX_CONFIG, on_member, r, err);
	if (q < 0)
		return q;
	if (!r->config)
		return err_set(err, -EBADMSG,
			"no manifest.json in it: not an archive made by 'docker save'");
	if (!config_id(r))
		return err_set(
			err, -EBADMSG, "the configuration that manifest.json names is missing");
	r->image->id = arena_printf(r->arena, "sha256:%s", config_id(r));
	return 0;
}

int image_read(const char *path, struct arena *a, struct image *ret, struct err *err)
{
	struct image image = {0};
	struct reader r = {.arena = a, .image = &image};
	struct stat st;
	int q;

	if (stat(path, &st) < 0)
		return err_errno(err, -errno, "image archive '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "image archive '%s' is not a file", path);
	q = read_archive(path, &r, err);
	if (q < 0)
		return err_wrap(err, "image archive '%s'", path);
	image.archive = arena_strdup(a, path);
	image.bytes = (uint64_t)st.st_size;
	*ret = image;
	return 0;
}

/* A reference without a tag means "latest"; a colon in a host's port is no tag. */
static bool same_reference(const char *tag, const char *reference)
{
	const char *slash = strrchr(reference, '/');
	const size_t n = strlen(reference);

	if (strchr(slash ? slash : reference, ':'))
		return !strcmp(tag, reference);
	return !strncmp(tag, reference, n) && !strcmp(tag + n, ":latest");
}

const struct image *image_find(const struct image *images, size_t n, const char *reference)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < images[i].n_tags; j++)
			if (same_reference(images[i].tags[j], reference))
				return &images[i];
	return NULL;
}
