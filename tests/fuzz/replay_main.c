/*
 * Runs a fuzz target over files instead of made-up input: `replay FILE|FOLDER…`.  So any compiler
 * can check that what once failed still passes, and that the corpus is understood.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/xalloc.h"

enum { LARGEST = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static int replay_file(const char *path)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	uint8_t *exact;

	if (buf_read_file(&text, path, LARGEST, &err) < 0) {
		fprintf(stderr, "%s\n", err_msg(&err));
		return -1;
	}
	fprintf(stderr, "%s\n", path); /* the last one shown is the one that failed */
	/* A copy of just that size, so that reading beyond it is seen. */
	exact = xmalloc(text.len);
	if (text.len)
		memcpy(exact, text.data, text.len);
	LLVMFuzzerTestOneInput(exact, text.len);
	free(exact);
	replayed++;
	return 0;
}

static int not_hidden(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int replay_folder(const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, not_hidden, alphasort), r = n < 0 ? -1 : 0;

	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *file = xasprintf("%s/%s", path, entries[i]->d_name);

		if (replay_file(file) < 0)
			r = -1;
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return r;
}

int main(int argc, char **argv)
{
	int r = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		bool folder = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);

		if ((folder ? replay_folder(argv[i]) : replay_file(argv[i])) < 0)
			r = 1;
	}
	if (!replayed) {
		fprintf(stderr, "replay: no input\n");
		return 1;
	}
	printf("%zu replayed\n", replayed);
	return r;
}
