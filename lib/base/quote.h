/*
 * The one function that quotes a value for a remote shell, and the one that makes text from
 * outside harmless for a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/* Append @s as one word of a POSIX shell, whatever it holds ('\'' style); "" becomes ''. */
void quote_sh(struct buf *out, const char *s);

/*
 * Append @len bytes of @s with every byte a terminal could act upon made visible: C0 controls
 * (\t as a space), DEL, C1 controls and bytes that are not UTF-8 become \xNN.  Newlines stay when
 * @keep_newlines, else they become "\n".
 */
void escape_text(struct buf *out, const char *s, size_t len, bool keep_newlines);

/* Append @s as a JSON string, with its quotes; bytes that are not UTF-8 become U+FFFD, and what a
 * terminal could act upon is escaped here too. */
void quote_json(struct buf *out, const char *s);

/* Append @s for the inside of an XML or HTML element or of an attribute in double quotes, made
 * harmless like escape_text() does on one line. */
void quote_xml(struct buf *out, const char *s);
