/*
 * The typed values of a spec: each function takes the text of one scalar and gives the value, or
 * says in @err what is wrong with it ("'10.0.0.300' is not an IP address"; values are escaped and
 * cut).  One signature for all, because the grammar table holds them; the comment says what @ret
 * points to.  Strings given back live in the context's arena.  @ret is untouched on failure.
 */
#pragma once

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

/* One word of a closed set. */
struct word {
	const char *text;
	int value;
};

struct value_context {
	struct arena *arena;
	const char *base;  /* the spec's path: files are named relative to it; may be NULL */
	uint64_t min, max; /* of numbers, in the unit of the type; max 0: no limit */
	const struct word *words;
	size_t n_words;
};

typedef int value_fn(const struct value_context *x, const char *s, void *ret, struct err *err);

value_fn value_int;      /* int */
value_fn value_size;     /* uint64_t, bytes: "50M", "1GiB", "4096"; K, M, G and T are 1024s */
value_fn value_duration; /* usec_t: "60s", "5m30s", "500ms" */
value_fn value_cpus;     /* double: "1.5", "100m"; min and max in thousandths */
value_fn value_bool;     /* bool: true, false */
value_fn value_word;     /* int: one of x->words */

value_fn value_text;   /* const char *: any text that is not empty */
value_fn value_path;   /* const char *: resolved ("~/", relative to the spec) */
value_fn value_secret; /* struct secret_ref; never repeats the value */

/* All below: const char *. */
value_fn value_label;       /* RFC 1123 label of at most x->max characters (0: 63) */
value_fn value_user;        /* user name of a Unix system */
value_fn value_login;       /* user name for basic authentication */
value_fn value_image;       /* image reference */
value_fn value_secret_name; /* what clients of the gateway call a secret */
value_fn value_constraint;  /* placement constraint of the swarm */
value_fn value_server_name; /* names for nginx's server_name */
value_fn value_address;     /* where to connect: IP address (canonical form) or host name */
value_fn value_private;     /* IP address (canonical form) that nodes can use between them */
value_fn value_host_key;    /* "SHA256:" and 43 base64 characters */
value_fn value_sysctl;      /* the value of a kernel setting, runs of blanks made one */

/* Keys of free maps. */
value_fn value_sysctl_key;
value_fn value_env_key;
value_fn value_label_key;

/* Append @s as a message may show it: quoted, escaped, cut after 60 characters. */
void value_quote(struct buf *out, const char *s);
/* err_set(): "'@s' " and the formatted rest. */
int value_bad(struct err *err, const char *s, const char *fmt, ...) _printf_(3, 4);
/* Append @bytes for people: "50M", "1.5G". */
void value_show_size(struct buf *out, uint64_t bytes);
