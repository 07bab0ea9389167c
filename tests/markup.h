/* Is a page well-formed?  Just what a page of ours may hold: elements that are closed in their
 * order, attributes in double quotes, no raw '&' of its own, nothing that is a script. */
#pragma once

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { MARKUP_DEPTH = 64, MARKUP_NAME = 24 };

/* Reads the tag at @s ("<a b=\"c\">"); its end, or NULL when it is none. */
static inline const char *markup_tag(
	const char *s, char name[MARKUP_NAME], bool *closes, bool *empty)
{
	size_t n = 0;

	*closes = *++s == '/';
	s += *closes;
	while (isalnum((unsigned char)*s) && n < MARKUP_NAME - 1)
		name[n++] = *s++;
	name[n] = 0;
	if (!n)
		return NULL;
	while (*s == ' ') {
		s += 1 + strspn(s + 1,
				 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789");
		if (*s != '=' || s[1] != '"')
			return NULL;
		s += 2;
		if (strncmp(s, "nan", 3) == 0 || strncmp(s, "-nan", 4) == 0 ||
			strncmp(s, "inf", 3) == 0 || strncmp(s, "-inf", 4) == 0)
			return NULL; /* a number that was none */
		s += strcspn(s, "\"<");
		if (*s++ != '"')
			return NULL;
	}
	*empty = *s == '/';
	s += *empty;
	return *s == '>' ? s + 1 : NULL;
}

static inline bool markup_entity(const char *s)
{
	static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;"};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strncmp(s, known[i], strlen(known[i])) == 0)
			return true;
	return false;
}

/* Where @page stops being well-formed; NULL when it is. */
static inline const char *markup_fault(const char *page)
{
	static const char doctype[] = "<!DOCTYPE html>";
	char open[MARKUP_DEPTH][MARKUP_NAME];
	size_t depth = 0;

	if (strncmp(page, doctype, strlen(doctype)) == 0)
		page += strlen(doctype);
	while (*page) {
		char name[MARKUP_NAME];
		bool closes, empty;
		const char *end;

		if (*page == '&' && !markup_entity(page))
			return page;
		if (*page != '<') {
			page++;
			continue;
		}
		end = markup_tag(page, name, &closes, &empty);
		if (!end || strcmp(name, "script") == 0 ||
			(!closes && !empty && depth == MARKUP_DEPTH))
			return page;
		if (closes && (!depth || strcmp(open[--depth], name) != 0))
			return page;
		if (!closes && !empty)
			memcpy(open[depth++], name, MARKUP_NAME);
		page = end;
	}
	return depth ? page : NULL;
}
