/*
 * The firewall: which doors of a node are open to whom.  The rules stand in
 * templates/firewall.nft; here they get the node's own interface, ports and peers.
 *
 * Interface names come from the node and end up in a file that nft parses, so they are checked
 * against what an interface name can be, however unlikely a hostile one is.
 */
#include "provision/parts.h"

#include <stdio.h>
#include <string.h>

#include "lib/node/template.h"

#define RULES "/etc/svarm/firewall.nft"
#define UNIT  "svarm-firewall.service"

void firewall_ask(struct buf *question)
{
	facts_ask(question, "file", "/etc/svarm");
	facts_ask(question, "file", RULES);
	facts_ask(question, "file", "/etc/systemd/system/" UNIT);
	facts_ask(question, "unit", UNIT);
	facts_ask(question, "firewall", "svarm");
}

static bool interface_ok(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-";
	const size_t n = strlen(name);

	return n > 0 && n < 16 && strspn(name, plain) == n;
}

static void list_add(struct buf *list, const char *item)
{
	buf_addf(list, "%s%s", list->len ? ", " : "", item);
}

/* A list with one row when @addresses has any, else an empty one: the template's "if". */
static void set_peers(struct template_scope *s, const char *list, const struct buf *addresses)
{
	template_list(s, list);
	if (addresses->len)
		template_set(template_row(s, list), "addresses", "%s", buf_str(addresses));
}

static void peers(const struct cluster *c, const struct spec_node *n, struct template_scope *s)
{
	_cleanup_buf_ struct buf v4 = BUF_INIT;
	_cleanup_buf_ struct buf v6 = BUF_INIT;

	for (size_t i = 0; i < c->n_nodes; i++) {
		const char *address = c->nodes[i].private;

		if (&c->nodes[i] != n)
			list_add(strchr(address, ':') ? &v6 : &v4, address);
	}
	set_peers(s, "peers4", &v4);
	set_peers(s, "peers6", &v6);
}

static void ports(const struct spec_node *n, struct template_scope *s)
{
	_cleanup_buf_ struct buf list = BUF_INIT;

	/* 22 too when the spec names another port: a router may map that one to sshd's 22. */
	buf_adds(&list, "22");
	if (n->port != 22 && n->port != 80 && n->port != 443)
		buf_addf(&list, ", %d", n->port);
	if (n->roles & ROLE_INGRESS || n->port == 80)
		list_add(&list, "80");
	if (n->roles & ROLE_INGRESS || n->port == 443)
		list_add(&list, "443");
	template_set(s, "ports", "%s", buf_str(&list));
}

/* Docker names its bridges br-<12 hex digits>. */
static bool docker_bridge(const char *name)
{
	return !strncmp(name, "br-", 3) && strlen(name) == 15 &&
	       strspn(name + 3, "0123456789abcdef") == 12;
}

static bool link_local(const char *address)
{
	return !strncmp(address, "fe80:", 5) || !strncmp(address, "169.254.", 8);
}

/* Looks like a container's interface by name, but is the node's own: "br-lan", "veth0". */
static bool is_doubtful(const struct fact_address *a)
{
	if (strncmp(a->interface, "br-", 3) && strncmp(a->interface, "veth", 4))
		return false;
	return !docker_bridge(a->interface) && !link_local(a->address) &&
	       interface_ok(a->interface);
}

static bool seen_before(const struct facts *f, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (is_doubtful(&f->addresses[j]) &&
			!strcmp(f->addresses[j].interface, f->addresses[i].interface))
			return true;
	return false;
}

static void doubtful(const struct facts *f, struct template_scope *s)
{
	template_list(s, "doubtful");
	for (size_t i = 0; i < f->n_addresses; i++)
		if (is_doubtful(&f->addresses[i]) && !seen_before(f, i))
			template_set(template_row(s, "doubtful"), "interface", "%s",
				f->addresses[i].interface);
}

static int rules(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct buf *out, struct err *err)
{
	_cleanup_(template_scope_freep) struct template_scope *s = template_scope_new();
	const struct fact_address *home = provision_address(f, n->private);

	if (!home)
		return err_set(err, -EADDRNOTAVAIL,
			"the private address %s is on no interface of the node", n->private);
	if (!interface_ok(home->interface))
		return err_set(
			err, -EBADMSG, "the node's answer holds an impossible interface name");
	template_set(s, "cluster", "%s", c->name);
	template_set(s, "interface", "%s", home->interface);
	peers(c, n, s);
	ports(n, s);
	doubtful(f, s);
	return template_render("firewall.nft", s, out, err);
}

static void file_want(struct resource_set *want, const char *path, const char *why,
	const struct buf *content, const char *check)
{
	struct resource *r = resource_add(want, RES_FILE, path, why);

	r->file.content = arena_memdup(want->arena, buf_str(content), content->len + 1);
	r->file.len = content->len;
	r->file.mode = 0644;
	r->file.check = check;
	r->file.triggers = UNIT;
}

int firewall_want(const struct cluster *c, const struct spec_node *n, const struct facts *f,
	struct resource_set *want, struct err *err)
{
	_cleanup_buf_ struct buf unit = BUF_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct resource *d;
	int r;

	r = rules(c, n, f, &text, err);
	if (r < 0)
		return r;
	r = template_text("svarm-firewall.service", &unit, err);
	if (r < 0)
		return r;

	d = resource_add(want, RES_DIRECTORY, "/etc/svarm", "svarm's own files");
	d->directory.mode = 0755;
	file_want(want, RULES, "closes the public side but for ssh and the public door", &text,
		"check_nft");
	file_want(want, "/etc/systemd/system/" UNIT, "loads the firewall before the network is up",
		&unit, NULL);
	d = resource_add(want, RES_UNIT, UNIT, "loads the firewall before the network is up");
	d->unit.firewall = true;
	return 0;
}
