/* The text of a spec, as text: see source.h. */
#include "lib/spec/source.h"

#include <string.h>

struct source source_of(const char *name, const char *text, size_t len)
{
	struct source s = {.name = name, .text = text ? text : "", .len = text ? len : 0};

	if (s.len >= 3 && !memcmp(s.text, "\xef\xbb\xbf", 3)) {
		s.text += 3;
		s.len -= 3;
	}
	return s;
}

size_t utf8_decode(const char *s, size_t left, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;
	size_t n;

	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < n)
		return 0;
	c = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

/* What YAML 1.1 takes for a line break besides the usual two, what it does not allow at all, and
 * marks and non-characters nobody can see. */
static bool unwanted(uint32_t c)
{
	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\r';
	return (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       (c & 0xfffe) == 0xfffe;
}

int source_check(const struct source *s, struct yaml_pos *ret_at, struct err *err)
{
	struct yaml_pos at = {1, 1};
	uint32_t c = 0;
	size_t n;

	*ret_at = at;
	if (s->len > SPEC_MAX_BYTES)
		return err_set(err, ERR_SPEC, "larger than 1 MiB; a spec is a few kilobytes");
	for (size_t i = 0; i < s->len; i += n) {
		*ret_at = at;
		n = utf8_decode(s->text + i, s->len - i, &c);
		if (!n)
			return err_set(err, ERR_SPEC, "byte 0x%02x is not UTF-8",
				(unsigned char)s->text[i]);
		if (!c)
			return err_set(err, ERR_SPEC, "a NUL byte; this is not a text file");
		if (unwanted(c))
			return err_set(err, ERR_SPEC, "control character U+%04X", c);
		at.col++;
		if (c == '\n' || (c == '\r' && (i + 1 >= s->len || s->text[i + 1] != '\n')))
			at = (struct yaml_pos){at.line + 1, 1};
	}
	return 0;
}

bool source_seek(const struct source *s, struct source_cursor *c, int line)
{
	while (c->line < line) {
		size_t i = c->next, n;

		if (i > s->len || (i == s->len && c->line > 0))
			return false;
		for (n = 0; i + n < s->len && s->text[i + n] != '\n' && s->text[i + n] != '\r';)
			n++;
		c->text = s->text + i;
		c->len = n;
		c->line++;
		c->next = i + n + 1;
		if (i + n + 1 < s->len && s->text[i + n] == '\r' && s->text[i + n + 1] == '\n')
			c->next++;
	}
	return c->line == line;
}
