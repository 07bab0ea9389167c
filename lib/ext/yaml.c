/* YAML as a stream of events, with libyaml underneath: see yaml.h. */
#include "lib/ext/yaml.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

#include "lib/base/xalloc.h"

struct yaml_reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the one on loan to the caller */
	int depth;
	bool started; /* a document has begun */
	bool failed;
	struct yaml_failure failure;
	char refused[96];
};

struct yaml_reader *yaml_reader_new(const char *text, size_t len)
{
	struct yaml_reader *r = xcalloc(1, sizeof(*r));

	if (!yaml_parser_initialize(&r->parser))
		abort(); /* out of memory is its only failure */
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, len);
	return r;
}

void yaml_reader_free(struct yaml_reader *r)
{
	if (!r)
		return;
	yaml_event_delete(&r->event);
	yaml_parser_delete(&r->parser);
	free(r);
}

struct yaml_failure yaml_failed(const struct yaml_reader *r)
{
	return r->failure;
}

static struct yaml_pos pos_of(yaml_mark_t mark)
{
	return (struct yaml_pos){.line = (int)mark.line + 1, .col = (int)mark.column + 1};
}

static struct yaml_span span_of(const yaml_event_t *e)
{
	return (struct yaml_span){pos_of(e->start_mark), pos_of(e->end_mark)};
}

/* What libyaml says, and what an operator understands. */
static const struct {
	const char *problem, *words;
} plain_words[] = {
	{"mapping values are not allowed in this context",
		"a ':' is not expected here; check the indentation, or quote a value that holds ': "
		"'"},
	{"could not find expected ':'", "a key must be followed by ':'"},
	{"did not find expected node content", "a value is expected here"},
	{"did not find expected key", "a key is expected here; check the indentation"},
	{"did not find expected '-' indicator", "'- ' is expected here; check the indentation"},
	{"block sequence entries are not allowed in this context", "a '- ' is not expected here"},
	{"did not find expected <document start>", "the document is over, but text follows"},
	{"found unknown escape character", "unknown escape; use single quotes for a literal '\\'"},
};

static const char *problem_words(const struct yaml_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "unreadable";

	if (!strcmp(problem, "found unexpected end of stream"))
		return "this quote is never closed";
	if (!strcmp(problem, "found character that cannot start any token")) {
		if (p->buffer.pointer < p->buffer.last && *p->buffer.pointer == '\t')
			return "a tab cannot indent YAML; use spaces";
		return "a value cannot begin with this character; put it in quotes";
	}
	for (size_t i = 0; i < ARRAY_SIZE(plain_words); i++)
		if (!strcmp(problem, plain_words[i].problem))
			return plain_words[i].words;
	return problem;
}

/* The parser's own failure, with the place and with what it was reading. */
static int fail_syntax(struct yaml_reader *r, struct err *err)
{
	const yaml_parser_t *p = &r->parser;
	const char *words = problem_words(r);
	struct yaml_pos at = pos_of(p->problem_mark), since = at;

	if (p->error == YAML_MEMORY_ERROR)
		abort();
	r->failed = true;
	if (p->context)
		since = pos_of(p->context_mark);
	/* Where these are noticed is far from where they are. */
	if (p->problem && (!strcmp(p->problem, "found unexpected end of stream") ||
				  !strcmp(p->problem, "could not find expected ':'")))
		at = since;
	r->failure = (struct yaml_failure){
		.at = at,
		.since = since,
		.in_scalar = p->context && strstr(p->context, "scalar"),
	};
	if (p->context && since.line != at.line)
		return err_set(err, ERR_SPEC, "not valid YAML: %s (%s that begins in line %d)",
			words, p->context, since.line);
	return err_set(err, ERR_SPEC, "not valid YAML: %s", words);
}

static int fail_here(struct yaml_reader *r, struct err *err, const char *why)
{
	r->failed = true;
	r->failure.at = r->failure.since = pos_of(r->event.start_mark);
	return err_set(err, ERR_SPEC, "%s", why);
}

/* Characters that act on a terminal or reorder what a person reads, as code points, or 0. */
static unsigned control_in(const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] < 0x20 || s[i] == 0x7f)
			return s[i] ? s[i] : 0x110000; /* NUL, out of band */
		if (s[i] == 0xc2 && i + 1 < len && s[i + 1] < 0xa0)
			return s[i + 1];
		if (s[i] != 0xe2 || i + 2 >= len)
			continue;
		if (s[i + 1] == 0x80 && s[i + 2] >= 0xa8 && s[i + 2] <= 0xae)
			return 0x2000u + (s[i + 2] & 0x3fu);
		if (s[i + 1] == 0x81 && s[i + 2] >= 0xa6 && s[i + 2] <= 0xa9)
			return 0x2040u + (s[i + 2] & 0x3fu);
	}
	return 0;
}

static const char *refuse_scalar(struct yaml_reader *r)
{
	unsigned c = control_in(r->event.data.scalar.value, r->event.data.scalar.length);

	if (!c)
		return NULL;
	snprintf(r->refused, sizeof(r->refused),
		"holds a control character (U+%04X); values are single lines of text",
		c == 0x110000 ? 0 : c);
	return r->refused;
}

static const char *refuse_marks(const unsigned char *anchor, const unsigned char *tag)
{
	if (anchor)
		return "anchors ('&name') are not accepted; write the value out where it is needed";
	if (tag)
		return "tags ('!type') are not accepted; write the plain value";
	return NULL;
}

static int deeper(struct yaml_reader *r, struct err *err)
{
	if (++r->depth <= YAML_MAX_DEPTH)
		return 0;
	return fail_here(r, err, "nested deeper than 32 levels");
}

static int document_start(struct yaml_reader *r, struct err *err)
{
	const yaml_event_t *e = &r->event;

	if (r->started)
		return fail_here(r, err, "a second document begins; a spec is one document");
	if (e->data.document_start.tag_directives.start !=
		e->data.document_start.tag_directives.end)
		return fail_here(r, err, "%TAG directives are not accepted");
	r->started = true;
	return 0;
}

/* Turn the event at hand into @ret; 1 when it is one the caller does not see. */
static int convert(struct yaml_reader *r, struct yaml_event *ret, struct err *err)
{
	const yaml_event_t *e = &r->event;

	*ret = (struct yaml_event){.text = "", .at = span_of(e)};
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		ret->kind = YAML_KIND_SCALAR;
		ret->text = (const char *)e->data.scalar.value;
		ret->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		ret->refused = refuse_marks(e->data.scalar.anchor, e->data.scalar.tag);
		if (!ret->refused)
			ret->refused = refuse_scalar(r);
		return 0;
	case YAML_ALIAS_EVENT:
		ret->kind = YAML_KIND_ALIAS;
		ret->refused = "aliases ('*name') are not accepted; write the value out";
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		ret->kind = YAML_KIND_LIST;
		ret->refused = refuse_marks(
			e->data.sequence_start.anchor, e->data.sequence_start.tag);
		return deeper(r, err);
	case YAML_MAPPING_START_EVENT:
		ret->kind = YAML_KIND_MAP;
		ret->refused = refuse_marks(
			e->data.mapping_start.anchor, e->data.mapping_start.tag);
		return deeper(r, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		ret->kind = e->type == YAML_SEQUENCE_END_EVENT ? YAML_KIND_LIST_END
							       : YAML_KIND_MAP_END;
		return 0;
	case YAML_NO_EVENT: /* asked again after the end */
	case YAML_STREAM_END_EVENT: ret->kind = YAML_KIND_END; return 0;
	case YAML_DOCUMENT_START_EVENT: return document_start(r, err) < 0 ? ERR_SPEC : 1;
	default: return 1;
	}
}

int yaml_next(struct yaml_reader *r, struct yaml_event *ret, struct err *err)
{
	struct yaml_event ev;
	int c;

	assert(!r->failed);
	do {
		yaml_event_delete(&r->event);
		if (!yaml_parser_parse(&r->parser, &r->event))
			return fail_syntax(r, err);
		c = convert(r, &ev, err);
		if (c < 0)
			return c;
	} while (c > 0);
	*ret = ev;
	return 0;
}
