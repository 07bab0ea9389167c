/* Makes small tar archives for tests, byte by byte, so that broken ones can be made too. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/ext/hash.h"

/* Append one regular file.  @size: what the header claims; SIZE_MAX: the length of @content. */
static inline void tar_add(struct buf *tar, const char *name, const char *content, size_t size)
{
	char header[512] = {0};
	size_t len = strlen(content);
	unsigned sum = 0;

	snprintf(header, 100, "%s", name);
	snprintf(header + 100, 8, "%07o", 0644);
	snprintf(header + 108, 8, "%07o", 0);
	snprintf(header + 116, 8, "%07o", 0);
	snprintf(header + 124, 12, "%011o", size == SIZE_MAX ? (unsigned)len : (unsigned)size);
	snprintf(header + 136, 12, "%011o", 0);
	memset(header + 148, ' ', 8);
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	buf_add(tar, header, sizeof(header));
	buf_add(tar, content, len);
	while (tar->len % 512)
		buf_addc(tar, '\0');
}

static inline void tar_end(struct buf *tar)
{
	static const char blocks[1024];

	buf_add(tar, blocks, sizeof(blocks));
}

/* A docker-archive with one image.  @tags: JSON array, as text. */
static inline void tar_image(struct buf *tar, const char *config, const char *tags)
{
	char id[SHA256_HEX + 1], name[SHA256_HEX + 6];
	struct buf manifest = BUF_INIT;

	sha256_hex(config, strlen(config), id);
	snprintf(name, sizeof(name), "%s.json", id);
	buf_addf(&manifest, "[{\"Config\":\"%s\",\"RepoTags\":%s,\"Layers\":[\"l/layer.tar\"]}]",
		name, tags);
	tar_add(tar, "l/layer.tar", "not really a layer", SIZE_MAX);
	tar_add(tar, name, config, SIZE_MAX);
	tar_add(tar, "manifest.json", buf_str(&manifest), SIZE_MAX);
	tar_end(tar);
	buf_done(&manifest);
}

static inline void tar_write(const struct buf *tar, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(tar->data, 1, tar->len, f) != tar->len || fclose(f) != 0)
		abort();
}
