/* Inside probe/bench: a tool of svarm-probe on every node, and what the nodes say. */
#pragma once

#include "lib/base/table.h"
#include "probe/bench/section.h"

struct node_tool {
	const char *const *argv;
	/* When given: nodes that share a machine (their kernels are one) take turns, with this in
	 * the place of argv.  Otherwise all run at once. */
	const char *const *argv_shared;
	usec_t deadline;
};

struct node_answer {
	const struct spec_node *node;
	json_t *result; /* hostile; NULL: see error */
	char *error;    /* why it could not be measured; raw */
};

/* @ret has as many members as the cluster has nodes; owned by the caller.  ERR_INTR. */
int node_tool_run(struct bench *b, const struct node_tool *t, struct node_answer *ret,
	struct err *err) _must_check_;
void node_answers_done(struct node_answer *a, size_t n);

/* Do two nodes have one kernel?  @a and @b are its count of something that only rises, asked in the
 * order a, b, a, b; 0 where it is not known. */
bool node_same_kernel(const unsigned long long a[2], const unsigned long long b[2]);

/* Reading what is hostile. */

/* Member @key of @o; NAN when it is no number. */
double node_number(const json_t *o, const char *key);
/* Set member @key of @to to the escaped string of @from; null when it is none. */
void node_copy_text(json_t *to, const json_t *from, const char *key);

/* What a section says of its nodes: the worst state, and a text of what all have or who is worst.
 */
struct node_summary {
	size_t n, measured;
	enum health_state state;
	const struct spec_node *worst; /* with the worst state; NULL: all well */
	const char *reason, *remedy;   /* of the worst */
};

/* Take in that @node came to @state. */
void node_summary_add(struct node_summary *s, const struct spec_node *node, enum health_state state,
	const char *reason, const char *remedy);
/* Take in that @node could not be measured. */
void node_summary_error(struct node_summary *s, const struct spec_node *node, const char *error);
/* Set state, text and remedy: "@all", or the worst node and its reason, then @figures. */
void node_summary_found(const struct node_summary *s, struct section_result *r, const char *all,
	const char *figures);

/* In the document, and printed from it. */

struct node_verdict;
/* What the detail of a section says of a node, whatever the tool: name, verdict and reason, or why
 * it could not be measured.  Owned by the caller. */
json_t *node_detail(const struct node_answer *a, const struct node_verdict *v);
/* The nodes of a section's detail as a table: node, verdict, what @numbers adds, reason.  Texts are
 * escaped and of a bounded length. */
void node_table(const json_t *section, const struct table_column *columns,
	void (*numbers)(struct table *t, const json_t *node), struct buf *out);
/* "-" when it is not finite. */
void node_table_number(struct table *t, double value, int decimals);
