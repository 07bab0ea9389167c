/*
 * A figure without the machine it is from says nothing, so the document names both ends: kernel,
 * processor and versions.  Nodes are asked by a script that only prints; what does not answer stays
 * null.
 */
#include "probe/bench/environment.h"

#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "lib/node/template.h"

enum { ASK_SECONDS = 20, MAX_VALUE = 100 };

static const struct {
	const char *key;
	bool number;
} members[] = {
	{"os", false},
	{"kernel", false},
	{"docker", false},
	{"nginx", false},
	{"cpu", false},
	{"cores", true},
	{"memory_mb", true},
};

/* ---- this machine ---- */

static void set_text(json_t *o, const char *key, const char *text, size_t len)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	escape_text(&shown, text, MIN_OF(len, (size_t)MAX_VALUE), false);
	json_set_text(o, key, buf_str(&shown), shown.len);
}

static void set_cpu(json_t *o)
{
	static const char word[] = "\nmodel name";
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *at, *colon;

	json_object_set_new(o, "cpu", json_null());
	if (buf_read_file(&text, "/proc/cpuinfo", 4 * 1024 * 1024, NULL) < 0)
		return;
	at = strstr(buf_str(&text), word);
	colon = at ? strchr(at, ':') : NULL;
	if (!colon)
		return;
	colon += 1 + strspn(colon + 1, " \t");
	set_text(o, "cpu", colon, strcspn(colon, "\n"));
}

json_t *environment_client(void)
{
	json_t *o = json_object();
	struct utsname u;

	if (uname(&u) == 0) {
		set_text(o, "host", u.nodename, strlen(u.nodename));
		set_text(o, "kernel", u.release, strlen(u.release));
	}
	set_cpu(o);
	json_object_set_new(o, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
	return o;
}

/* ---- nodes ---- */

static json_t *node_of(const struct spec_node *n)
{
	static const enum node_role roles[] = {
		ROLE_MANAGER, ROLE_WORKER, ROLE_INGRESS, ROLE_DATABASE};
	json_t *o = json_object(), *list = json_array();

	json_set_text(o, "name", n->name, strlen(n->name));
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		if (n->roles & roles[i])
			json_array_append_new(list, json_string(role_name(roles[i])));
	json_object_set_new(o, "roles", list);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		json_object_set_new(o, members[i].key, json_null());
	return o;
}

static void take_line(json_t *node, const char *line, size_t len)
{
	const char *tab = memchr(line, '\t', len);
	size_t key_len = tab ? (size_t)(tab - line) : 0;

	for (size_t i = 0; tab && i < ARRAY_SIZE(members); i++) {
		const char *value = tab + 1;
		char *end;
		long n;

		if (strlen(members[i].key) != key_len || memcmp(members[i].key, line, key_len) != 0)
			continue;
		if (!members[i].number) {
			set_text(node, members[i].key, value, len - key_len - 1);
			continue;
		}
		n = strtol(value, &end, 10);
		if (end != value && *end == '\n' && n > 0 && n < INT32_MAX)
			json_object_set_new(node, members[i].key, json_integer(n));
	}
}

void environment_parse(json_t *node, const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *line = text, *nl;
		line < end && (nl = memchr(line, '\n', (size_t)(end - line))); line = nl + 1)
		take_line(node, line, (size_t)(nl - line));
}

static int ask(struct node_run *nr, void *arg, struct err *err)
{
	json_t *node = json_array_get(arg, nr->node->index);
	_cleanup_(link_result_done) struct link_result result = {0};
	_cleanup_buf_ struct buf script = BUF_INIT;
	struct link_exec exec = {
		.deadline = ASK_SECONDS * USEC_PER_SEC,
		.max_output = 64 * 1024,
		.cancel = fleet_options_of(nr->fleet)->cancel,
	};
	_cleanup_err_ struct err why = ERR_INIT;
	int r = template_text("bench-node.sh", &script, err);

	if (r < 0)
		return r;
	exec.script = buf_str(&script);
	r = link_exec(nr->link, &exec, &result, &why);
	if (r == ERR_INTR)
		return err_move(err, &why);
	environment_parse(node, buf_str(&result.out), result.out.len);
	return 0; /* what it did not say is not known */
}

int environment_nodes(struct fleet *f, json_t **ret, struct err *err)
{
	_cleanup_json_ json_t *list = json_array();
	const bool *cancel = fleet_options_of(f)->cancel;

	for (size_t i = 0; i < fleet_size(f); i++)
		json_array_append_new(list, node_of(fleet_node(f, i)->node));
	/* A node that is not reached is the sections' business. */
	if (fleet_each(f, ask, list, NULL) == ERR_INTR ||
		(cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED)))
		return err_set(err, ERR_INTR, "interrupted");
	*ret = TAKE_PTR(list);
	return 0;
}
