/* The JSON Schema of cluster.yaml, printed from the grammar: see schema.h. */
#include "lib/spec/schema.h"

#include "lib/base/quote.h"
#include "lib/spec/grammar.h"

struct printer {
	struct buf *out;
	int depth;
	bool first; /* in the object being printed */
};

static void line(struct printer *p)
{
	buf_adds(p->out, p->first ? "\n" : ",\n");
	for (int i = 0; i < p->depth; i++)
		buf_adds(p->out, "  ");
	p->first = false;
}

static void open_object(struct printer *p, const char *key)
{
	if (key) {
		line(p);
		quote_json(p->out, key);
		buf_adds(p->out, ": ");
	}
	buf_addc(p->out, '{');
	p->depth++;
	p->first = true;
}

static void close_object(struct printer *p)
{
	bool empty = p->first;

	p->depth--;
	p->first = true;
	if (!empty)
		line(p);
	buf_addc(p->out, '}');
	p->first = false;
}

static void member(struct printer *p, const char *key, const char *json)
{
	line(p);
	quote_json(p->out, key);
	buf_addf(p->out, ": %s", json);
}

static void text_member(struct printer *p, const char *key, const char *text)
{
	_cleanup_buf_ struct buf json = BUF_INIT;

	quote_json(&json, text);
	member(p, key, buf_str(&json));
}

static void number_member(struct printer *p, const char *key, uint64_t n)
{
	_cleanup_buf_ struct buf json = BUF_INIT;

	buf_addf(&json, "%llu", (unsigned long long)n);
	member(p, key, buf_str(&json));
}

static void words_member(struct printer *p, const struct field *f)
{
	_cleanup_buf_ struct buf json = BUF_INIT;

	buf_addc(&json, '[');
	for (size_t i = 0; i < f->n_words; i++) {
		buf_adds(&json, i ? ", " : "");
		quote_json(&json, f->words[i].text);
	}
	buf_addc(&json, ']');
	member(p, "enum", buf_str(&json));
}

/* What one scalar of the field may be. */
static void print_type(struct printer *p, const struct field *f)
{
	if (f->n_words) {
		words_member(p, f);
	} else if (f->type->json) {
		line(p);
		buf_adds(p->out, f->type->json);
	} else {
		member(p, "type", "\"integer\"");
		number_member(p, "minimum", f->min);
		if (f->max)
			number_member(p, "maximum", f->max);
	}
}

static void print_section(struct printer *p, const struct section *s, bool nullable);

/* A list, or one item standing for it. */
static void print_list(struct printer *p, const struct field *f)
{
	line(p);
	buf_adds(p->out, "\"anyOf\": [");
	open_object(p, NULL);
	print_type(p, f);
	close_object(p);
	buf_adds(p->out, ", ");
	open_object(p, NULL);
	member(p, "type", "\"array\"");
	if (f->shape == SHAPE_FLAGS)
		member(p, "uniqueItems", "true");
	if (f->required)
		number_member(p, "minItems", 1);
	if (f->most)
		number_member(p, "maxItems", f->most);
	open_object(p, "items");
	print_type(p, f);
	close_object(p);
	close_object(p);
	buf_adds(p->out, f->required ? "]" : ", {\"type\": \"null\"}]");
}

static void print_sections(struct printer *p, const struct field *f)
{
	member(p, "type", f->required ? "\"array\"" : "[\"array\", \"null\"]");
	if (f->required)
		number_member(p, "minItems", 1);
	if (f->most)
		number_member(p, "maxItems", f->most);
	open_object(p, "items");
	print_section(p, f->section, false);
	close_object(p);
}

static void print_map(struct printer *p, const struct field *f)
{
	member(p, "type", "[\"object\", \"null\"]");
	number_member(p, "maxProperties", f->most);
	open_object(p, "propertyNames");
	line(p);
	buf_adds(p->out, f->key_type->json);
	close_object(p);
	open_object(p, "additionalProperties");
	print_type(p, f);
	close_object(p);
}

static void print_default(struct printer *p, const struct field *f)
{
	if (!f->dflt)
		return;
	if (f->type->number)
		member(p, "default", f->dflt);
	else
		text_member(p, "default", f->dflt);
}

static void print_field(struct printer *p, const struct field *f, const char *key)
{
	open_object(p, key);
	text_member(p, "description", f->help);
	switch (f->shape) {
	case SHAPE_VALUE: print_type(p, f); break;
	case SHAPE_FLAGS:
	case SHAPE_LIST: print_list(p, f); break;
	case SHAPE_MAP: print_map(p, f); break;
	case SHAPE_SECTION: print_section(p, f->section, true); break;
	case SHAPE_SECTIONS: print_sections(p, f); break;
	case SHAPE_NAMED:
	case SHAPE_IGNORED: break; /* of other files */
	}
	print_default(p, f);
	close_object(p);
}

static void print_required(struct printer *p, const struct section *s)
{
	_cleanup_buf_ struct buf json = BUF_INIT;

	for (size_t i = 0; i < s->n_fields; i++) {
		if (!s->fields[i].required)
			continue;
		buf_adds(&json, json.len ? ", " : "[");
		quote_json(&json, s->fields[i].key);
	}
	if (!json.len)
		return;
	buf_addc(&json, ']');
	member(p, "required", buf_str(&json));
}

static void print_section(struct printer *p, const struct section *s, bool nullable)
{
	member(p, "type", nullable ? "[\"object\", \"null\"]" : "\"object\"");
	member(p, "additionalProperties", "false");
	print_required(p, s);
	open_object(p, "properties");
	for (size_t i = 0; i < s->n_fields; i++) {
		print_field(p, &s->fields[i], s->fields[i].key);
		if (s->fields[i].also)
			print_field(p, &s->fields[i], s->fields[i].also);
	}
	close_object(p);
}

void schema_print(struct buf *out)
{
	struct printer p = {.out = out};

	open_object(&p, NULL);
	member(&p, "$schema", "\"https://json-schema.org/draft/2020-12/schema\"");
	text_member(&p, "title", "cluster.yaml of svarm");
	print_section(&p, &grammar_root, false);
	close_object(&p);
	buf_addc(out, '\n');
}
