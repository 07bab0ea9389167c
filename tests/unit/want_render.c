/*
 * Prints one file that svarm wants on a node, for tests that load it into the real nft or nginx:
 *   want_render SPEC FACTS NODE PATH
 * FACTS is what templates/facts.sh printed there.
 */
#include <stdio.h>
#include <string.h>

#include "provision/provision.h"
#include "tune/tune.h"

static const struct spec_node *find_node(const struct cluster *c, const char *name)
{
	for (size_t i = 0; i < c->n_nodes; i++)
		if (!strcmp(c->nodes[i].name, name))
			return &c->nodes[i];
	return NULL;
}

static int load(char **argv, struct cluster **ret_cluster, struct facts *ret_facts, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	r = cluster_load(argv[1], ret_cluster, err);
	if (r < 0)
		return r;
	r = buf_read_file(&text, argv[2], 1 << 20, err);
	if (r < 0)
		return r;
	return facts_parse(buf_str(&text), text.len, ret_facts, err);
}

static int want_all(const struct cluster *c, const char *node, const struct facts *f,
	struct resource_set *want, struct err *err)
{
	const struct spec_node *n = find_node(c, node);
	int r;

	if (!n)
		return err_set(err, -ENOENT, "no node '%s'", node);
	r = provision_want(c, n, f, want, err);
	if (r < 0)
		return r;
	return tune_want(c, n, f, want, err);
}

int main(int argc, char **argv)
{
	_cleanup_(cluster_freep) struct cluster *c = NULL;
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_(arena_done) struct arena arena = ARENA_INIT;
	_cleanup_err_ struct err err = ERR_INIT;
	struct resource_set want = {.arena = &arena};

	if (argc != 5)
		return 2;
	if (load(argv, &c, &f, &err) < 0 || want_all(c, argv[3], &f, &want, &err) < 0) {
		fprintf(stderr, "want_render: %s\n", err_msg(&err));
		return 1;
	}
	for (size_t i = 0; i < want.n; i++)
		if (want.items[i].kind == RES_FILE && !strcmp(want.items[i].name, argv[4]))
			return fwrite(want.items[i].file.content, 1, want.items[i].file.len,
				       stdout) != want.items[i].file.len;
	fprintf(stderr, "want_render: no file '%s' is wanted there\n", argv[4]);
	return 1;
}
