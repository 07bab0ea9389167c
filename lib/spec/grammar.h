/*
 * The grammar of cluster.yaml as a table: one row per key, with its type, its place in struct
 * cluster, its default and its description.  The parser walks it, the JSON Schema is printed from
 * it, and nothing else knows the keys.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/spec/cluster.h"
#include "lib/spec/values.h"

/* What is being filled: the cluster, and what the cross-checks turn into their final form. */
struct draft {
	struct cluster c;
	struct spec_pair *sysctl; /* as the spec gives them; the defaults come later */
	size_t n_sysctl;
};

enum shape {
	SHAPE_VALUE,    /* one scalar */
	SHAPE_FLAGS,    /* words, or-ed into an unsigned; a list or one scalar */
	SHAPE_LIST,     /* scalars; a list or one scalar */
	SHAPE_MAP,      /* free keys with scalar values: struct spec_pair */
	SHAPE_SECTION,  /* a mapping with a grammar of its own */
	SHAPE_SECTIONS, /* a list of such mappings */
	SHAPE_NAMED,    /* a mapping from names to such mappings; key_type reads the name, into the
			   first member of an item */
	SHAPE_IGNORED,  /* anything; of no use here */
};

/* A type of scalars. */
struct type {
	const char *name; /* what a message calls it: "a size" */
	const char *json; /* members of its JSON Schema; NULL: made from words or the range */
	value_fn *parse;
	bool number; /* its default is a JSON number (or boolean), not a string */
	bool secret; /* its text is never shown */
	bool may_be_empty;
};

enum { NOWHERE = -1 };

struct section;

struct field {
	const char *key;
	const char *also; /* a second spelling, or NULL */
	enum shape shape;
	const struct type *type;       /* VALUE, FLAGS, LIST, and the values of a MAP */
	const struct type *key_type;   /* MAP, NAMED */
	const struct section *section; /* SECTION, SECTIONS, NAMED */
	const struct word *words;
	size_t n_words;
	uint64_t min, max; /* of numbers */
	size_t at;         /* offset of the member */
	size_t count_at;   /* LIST, MAP, SECTIONS, NAMED: offset of its size_t count */
	size_t size;       /* LIST, SECTIONS, NAMED: of one item */
	int line_at;       /* LIST, SECTIONS, NAMED: offset of an item's int line, or NOWHERE */
	size_t most;       /* items a list or map may have */
	const char *dflt;  /* of a VALUE, as one would write it; NULL: none */
	bool required;
	const char *help;
};

struct section {
	const struct field *fields;
	size_t n_fields;
};

/* The whole spec; offsets are into struct draft. */
extern const struct section grammar_root;

/* A function as a stack.yml of faas-cli has it. */
struct stack_function {
	struct spec_function fn; /* first: fn.name is the key */
	const char **env_files;  /* resolved */
	size_t n_env_files;
	int namespace; /* checked to be the only one there is */
};
/* A stack.yml, and a file of environment variables that it refers to. */
struct stack_yml {
	int provider; /* checked to be OpenFaaS */
	struct stack_function *functions;
	size_t n_functions;
};
struct stack_env {
	struct spec_pair *env;
	size_t n_env;
};
extern const struct section grammar_stack, grammar_stack_env;

extern const struct word grammar_roles[];
extern const size_t grammar_n_roles;

/* A default of the grammar's sysctl map; both NULL behind the last one. */
struct sysctl_default {
	const char *key, *value;
};
extern const struct sysctl_default grammar_sysctls[];
