/* "did you mean": see suggest.h. */
#include "lib/spec/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/macro.h"

enum { MAX_WORD = 40 };

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edits (insert, delete, replace, swap of neighbours) between two words of at most MAX_WORD. */
static int distance(const char *a, int n, const char *b, int m)
{
	int d[MAX_WORD + 1][MAX_WORD + 1];

	for (int i = 0; i <= n; i++)
		d[i][0] = i;
	for (int j = 0; j <= m; j++)
		d[0][j] = j;
	for (int i = 1; i <= n; i++) {
		for (int j = 1; j <= m; j++) {
			int best = d[i - 1][j - 1] + !same(a[i - 1], b[j - 1]);

			best = MIN_OF(best, d[i - 1][j] + 1);
			best = MIN_OF(best, d[i][j - 1] + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				best = MIN_OF(best, d[i - 2][j - 2] + 1);
			d[i][j] = best;
		}
	}
	return d[n][m];
}

const char *suggest(const char *typed, const char *const *words, size_t n)
{
	size_t len = strnlen(typed, MAX_WORD + 1);
	const char *best = NULL;
	int least = (int)len / 3 + 1; /* a third of the letters may be wrong */

	if (!len || len > MAX_WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t word_len = strlen(words[i]);
		int far;

		if (word_len > MAX_WORD)
			continue;
		far = distance(typed, (int)len, words[i], (int)word_len);
		if (far < least) {
			best = words[i];
			least = far;
		}
	}
	return best;
}
