/*
 * svarm-probe: the table of its tools.  Called by a name like svarm-load it is that tool at once.
 *
 * Linked statically for the nodes it must not load libraries of theirs, which a resolver that the
 * node's nsswitch.conf names would be (and made for another libc): names are looked up in
 * /etc/hosts and by DNS, which libc does by itself.
 */
#include <nss.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/macro.h"
#include "probe/tool/tool.h"

static const struct tool {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} tools[] = {
	{"agent", tool_agent, "run commands that svarm sends"},
	{"cpu", tool_cpu, "use all processors, and see who else does"},
	{"disk", tool_disk, "make writes durable, and read"},
	{"load", tool_load, "call a URL many times"},
	{"net", tool_net, "round trips, packet size and throughput to a net-serve"},
	{"net-serve", tool_net_serve, "the other end of net"},
	{"churn", tool_churn, "open and close connections to Redis"},
	{"call", tool_call, "call a URL once, then again when it is awake"},
	{"undo", tool_undo, "run a program if this one is killed"},
	{"async", tool_async, "calls through the queue, and their callbacks"},
	{"tuning", tool_tuning, "what settings of nginx and the kernel buy here"},
};

static const struct tool *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (!strcmp(tools[i].name, name))
			return &tools[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc ? argv[0] : "";
	const struct tool *tool = !strncmp(name, "svarm-", 6) ? find(name + 6) : NULL;

#ifdef SVARM_STATIC
	__nss_configure_lookup("hosts", "files dns");
	__nss_configure_lookup("services", "files");
#endif
	if (tool)
		return tool->run(argc, argv);
	tool = argc > 1 ? find(argv[1]) : NULL;
	if (tool)
		return tool->run(argc - 1, argv + 1);
	fputs("usage: svarm-probe TOOL …\n", stderr);
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		fprintf(stderr, "  %-10s %s\n", tools[i].name, tools[i].summary);
	return TOOL_USAGE;
}
