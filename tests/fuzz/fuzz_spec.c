/*
 * Fuzzes the spec loader: lib/ext/yaml.c and all of lib/spec.  Whatever the input, the answer is
 * either a cluster that keeps what cluster.h promises, or a message that is safe to print.
 */
#include <stdint.h>
#include <stdlib.h>

#include "lib/spec/cluster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* UTF-8 text without anything a terminal would act upon. */
static void require_printable(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
		require(*p >= 0x20 || *p == '\n');
		require(*p != 0x7f);
		require(p[0] != 0xc2 || p[1] >= 0xa0);
	}
}

static void check_cluster(const struct cluster *c)
{
	require(c->name && c->n_nodes > 0);
	require(cluster_leader(c) && cluster_first(c, ROLE_WORKER));
	require(c->ssh.user && c->ssh.known_hosts && c->ssh.port > 0);
	for (size_t i = 0; i < c->n_nodes; i++) {
		const struct spec_node *n = &c->nodes[i];

		require(n->name && n->address && n->private && n->user);
		require(n->port > 0 && n->roles && n->index == i);
	}
	for (size_t i = 0; i < c->faas.n_functions; i++)
		require(c->faas.functions[i].name && c->faas.functions[i].image);
	for (size_t i = 0; i < c->tune.n_sysctl; i++)
		require(c->tune.sysctl[i].key && c->tune.sysctl[i].value);
	for (size_t i = 0; i < c->n_warnings; i++)
		require_printable(c->warnings[i]);
	require(cluster_sysctl(c, "net.core.somaxconn"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cluster_freep) struct cluster *c = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	int r = cluster_parse("fuzz.yaml", (const char *)data, size, &c, &err);

	require(r == 0 || r == ERR_SPEC);
	require((r == 0) == (c != NULL));
	if (c) {
		check_cluster(c);
		return 0;
	}
	require(!strncmp(err_msg(&err), "fuzz.yaml:", 10));
	require_printable(err_msg(&err));
	return 0;
}
