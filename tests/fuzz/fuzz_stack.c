/*
 * Fuzzes the reader of faas-cli's stack.yml: lib/spec/include.c, expand.c, grammar_stack.c and what
 * parse.c does for them.  The file is one in memory that a fixed spec includes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
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
	for (size_t i = 0; i < c->faas.n_functions; i++) {
		const struct spec_function *f = &c->faas.functions[i];

		require(f->name && f->image && f->file && f->line > 0);
		require(f->scale.min >= 1 && f->scale.max >= f->scale.min);
		require(f->replicas >= 0 && f->replicas <= f->scale.max);
		for (size_t k = 0; k < f->n_env; k++)
			require(f->env[k].key && f->env[k].value);
		for (size_t k = 0; k < f->n_labels; k++)
			require(f->labels[k].key && f->labels[k].value);
		for (size_t k = 0; k < f->n_annotations; k++)
			require(f->annotations[k].key && f->annotations[k].value);
		for (size_t k = 0; k < f->n_secrets; k++)
			require(f->secrets[k] && !strchr(f->secrets[k], '/'));
	}
	for (size_t i = 0; i < c->n_warnings; i++)
		require_printable(c->warnings[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cluster_freep) struct cluster *c = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	_cleanup_free_ char *spec = NULL;
	int fd = memfd_create("stack.yml", MFD_CLOEXEC);
	int r;

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	spec = xasprintf("nodes: [{name: a, address: 192.0.2.1, private: 10.0.0.1, roles: "
			 "[manager, worker, ingress, database]}]\n"
			 "faas: {functions_from: /proc/self/fd/%d}\n",
		fd);
	r = cluster_parse("fuzz.yaml", spec, strlen(spec), &c, &err);
	close(fd);
	require(r == 0 || r == ERR_SPEC);
	require((r == 0) == (c != NULL));
	if (c)
		check_cluster(c);
	require_printable(err_msg(&err));
	return 0;
}
