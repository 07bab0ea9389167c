/*
 * The grammar of faas-cli's stack.yml.  What builds an image, or says how to reach the gateway, is
 * known and of no use here; a key that faas-cli does not know either is a mistake.
 */
#include "lib/spec/grammar.h"

#define AT(s, m)    .at = offsetof(struct s, m)
#define COUNT(s, m) .count_at = offsetof(struct s, m)
#define SECTION_OF(f)                                    \
	{                                                \
		.fields = (f), .n_fields = ARRAY_SIZE(f) \
	}
#define IGNORED(k)                                 \
	{                                          \
		.key = (k), .shape = SHAPE_IGNORED \
	}

enum { MIB = 1024 * 1024 };

static const struct type t_name = {.name = "a name", .parse = value_label};
static const struct type t_bool = {.name = "true or false", .parse = value_bool};
static const struct type t_word = {.name = "a word", .parse = value_word};
static const struct type t_text = {.name = "text", .parse = value_text, .may_be_empty = true};
static const struct type t_path = {.name = "a path", .parse = value_path};
static const struct type t_size = {.name = "a size", .parse = value_size};
static const struct type t_cpus = {.name = "a share of CPUs", .parse = value_cpus};
static const struct type t_image = {.name = "an image", .parse = value_image};
static const struct type t_constraint = {.name = "a constraint", .parse = value_constraint};
static const struct type t_secret_name = {
	.name = "the name of a secret", .parse = value_secret_name};
static const struct type t_env_key = {.name = "an environment variable", .parse = value_env_key};
static const struct type t_label_key = {.name = "a label", .parse = value_label_key};

static const struct word providers[] = {{"openfaas", 0}, {"faas", 0}};
static const struct word namespaces[] = {{"openfaas-fn", 0}};

static const struct field limits_fields[] = {
	{.key = "memory",
		.type = &t_size,
		AT(spec_limits, memory),
		.min = 4 * MIB,
		.max = UINT64_C(1024) * 1024 * MIB},
	{.key = "cpu",
		.also = "cpus",
		.type = &t_cpus,
		AT(spec_limits, cpus),
		.min = 10,
		.max = 1024000},
};
static const struct section limits_section = SECTION_OF(limits_fields);

static const struct field function_fields[] = {
	{.key = "image", .type = &t_image, AT(stack_function, fn.image), .required = true},
	{.key = "fprocess", .type = &t_text, AT(stack_function, fn.fprocess)},
	{.key = "environment",
		.shape = SHAPE_MAP,
		.type = &t_text,
		.key_type = &t_env_key,
		AT(stack_function, fn.env),
		COUNT(stack_function, fn.n_env),
		.most = 1000},
	{.key = "environment_file",
		.shape = SHAPE_LIST,
		.type = &t_path,
		AT(stack_function, env_files),
		COUNT(stack_function, n_env_files),
		.size = sizeof(const char *),
		.line_at = NOWHERE,
		.most = 20},
	{.key = "labels",
		.shape = SHAPE_MAP,
		.type = &t_text,
		.key_type = &t_label_key,
		AT(stack_function, fn.labels),
		COUNT(stack_function, fn.n_labels),
		.most = 1000},
	{.key = "annotations",
		.shape = SHAPE_MAP,
		.type = &t_text,
		.key_type = &t_label_key,
		AT(stack_function, fn.annotations),
		COUNT(stack_function, fn.n_annotations),
		.most = 1000},
	{.key = "constraints",
		.shape = SHAPE_LIST,
		.type = &t_constraint,
		AT(stack_function, fn.constraints),
		COUNT(stack_function, fn.n_constraints),
		.size = sizeof(const char *),
		.line_at = NOWHERE,
		.most = 100},
	{.key = "secrets",
		.shape = SHAPE_LIST,
		.type = &t_secret_name,
		AT(stack_function, fn.secrets),
		COUNT(stack_function, fn.n_secrets),
		.size = sizeof(const char *),
		.line_at = NOWHERE,
		.most = 100},
	{.key = "limits",
		.shape = SHAPE_SECTION,
		.section = &limits_section,
		AT(stack_function, fn.limits)},
	{.key = "requests",
		.shape = SHAPE_SECTION,
		.section = &limits_section,
		AT(stack_function, fn.requests)},
	{.key = "readonly_root_filesystem",
		.type = &t_bool,
		AT(stack_function, fn.read_only),
		.dflt = "false"},
	{.key = "namespace",
		.type = &t_word,
		.words = namespaces,
		.n_words = ARRAY_SIZE(namespaces),
		AT(stack_function, namespace)},
	IGNORED("name"),
	IGNORED("lang"),
	IGNORED("handler"),
	IGNORED("skip_build"),
	IGNORED("build_options"),
	IGNORED("build_args"),
	IGNORED("build_secrets"),
	IGNORED("platforms"),
	IGNORED("extra_tags"),
	IGNORED("copy"),
};
static const struct section function_section = SECTION_OF(function_fields);

static const struct field provider_fields[] = {
	{.key = "name",
		.type = &t_word,
		.words = providers,
		.n_words = ARRAY_SIZE(providers),
		AT(stack_yml, provider),
		.required = true},
	IGNORED("gateway"),
	IGNORED("network"),
};
static const struct section provider_section = SECTION_OF(provider_fields);

static const struct field stack_fields[] = {
	{.key = "provider", .shape = SHAPE_SECTION, .section = &provider_section, .required = true},
	{.key = "functions",
		.shape = SHAPE_NAMED,
		.section = &function_section,
		.key_type = &t_name,
		.max = 60,
		AT(stack_yml, functions),
		COUNT(stack_yml, n_functions),
		.size = sizeof(struct stack_function),
		.line_at = offsetof(struct stack_function, fn.line),
		.most = 1000,
		.required = true},
	IGNORED("version"),
	IGNORED("configuration"),
};
const struct section grammar_stack = SECTION_OF(stack_fields);

static const struct field env_fields[] = {
	{.key = "environment",
		.shape = SHAPE_MAP,
		.type = &t_text,
		.key_type = &t_env_key,
		AT(stack_env, env),
		COUNT(stack_env, n_env),
		.most = 1000,
		.required = true},
};
const struct section grammar_stack_env = SECTION_OF(env_fields);
