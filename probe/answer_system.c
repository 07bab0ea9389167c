/* What a node says of itself, beside docker: see answer_parts.h. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "probe/answer_parts.h"

enum {
	MAX_DISKS = 64,
	MAX_ADDRESSES6 = 16,
	MAX_COUNT = 1000000,
	MAX_CORES = 65536,
};

/* Bytes and inodes, also of the largest file system there is. */
static bool to_amount(const char *s, double *ret)
{
	size_t len = s ? strspn(s, "0123456789") : 0;

	if (!len || s[len] || len > 19)
		return false;
	*ret = strtod(s, NULL);
	return true;
}

static char *rest_of(struct answer *a, const char *text)
{
	return arena_strdup(&a->facts.arena, text);
}

/* The next word of a line that is cut up. */
static const char *next(char **line)
{
	return *line ? strsep(line, "\t") : NULL;
}

static void on_memory(struct answer *a, const char *first, const char *second)
{
	double total, available;

	if (!to_amount(first, &total) || !to_amount(second, &available) || available > total)
		return;
	a->memory.total = total * 1024;
	a->memory.available = available * 1024;
}

/* "0.52": digits and at most one point. */
static bool to_decimal(const char *s, double most, double *ret)
{
	size_t whole = s ? strspn(s, "0123456789") : 0;
	const char *rest = whole && whole <= 9 ? s + whole : NULL;

	if (!rest || (*rest && (*rest != '.' || strspn(rest + 1, "0123456789") > 9 ||
				       rest[1 + strspn(rest + 1, "0123456789")])))
		return false;
	*ret = strtod(s, NULL);
	return *ret <= most;
}

static void on_load(struct answer *a, const char *first, const char *second)
{
	char *line = rest_of(a, second);
	double one, five;
	long cores;

	if (!to_decimal(first, MAX_COUNT, &one) || !to_decimal(next(&line), MAX_COUNT, &five) ||
		!answer_number(line, MAX_CORES, &cores) || cores < 1)
		return;
	a->load.one = one;
	a->load.five = five;
	a->load.cores = cores;
}

static void on_pressure(struct answer *a, const char *what, const char *text)
{
	char *line = rest_of(a, text);
	const char *who = next(&line);
	double percent;

	if (strcmp(who, "full") != 0 || !to_decimal(line, 100, &percent))
		return;
	if (!strcmp(what, "memory"))
		a->load.memory_stall = percent;
	else if (!strcmp(what, "io"))
		a->load.disk_stall = percent;
}

static void on_clock(struct answer *a, const char *word)
{
	if (!strcmp(word, "synchronized"))
		a->clock = CLOCK_KEPT;
	else if (!strcmp(word, "unsynchronized"))
		a->clock = CLOCK_UNKEPT;
	else if (!strcmp(word, "container"))
		a->clock = CLOCK_OF_HOST;
}

static void on_firewall(struct answer *a, const char *word)
{
	if (!strcmp(word, "loaded"))
		a->firewall = FIREWALL_LOADED;
	else if (!strcmp(word, "absent"))
		a->firewall = FIREWALL_ABSENT;
}

static void on_address6(struct answer *a, const char *address)
{
	struct in6_addr parsed;

	if (a->n_addresses6 == MAX_ADDRESSES6 || inet_pton(AF_INET6, address, &parsed) != 1)
		return;
	*arena_push(&a->facts.arena, a->addresses6, a->n_addresses6,
		a->cap_addresses6) = arena_strdup(&a->facts.arena, address);
}

static void on_link(struct answer *a, const char *interface, const char *mtu)
{
	long n;

	if (!*interface || !answer_number(mtu, 65536, &n) || n < 1)
		return;
	a->link.interface = rest_of(a, interface);
	a->link.mtu = n;
}

/* Two paths may be on one file system. */
static struct disk *disk_at(struct answer *a, const char *target)
{
	for (size_t i = 0; i < a->n_disks; i++)
		if (!strcmp(a->disks[i].target, target))
			return &a->disks[i];
	return NULL;
}

static void on_disk(struct answer *a, const char *type, const char *text)
{
	char *line = rest_of(a, text);
	struct disk d = {.type = rest_of(a, type)}, *to;
	double *const amounts[] = {&d.size, &d.used, &d.avail};
	bool counted;

	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
		if (!to_amount(next(&line), amounts[i]))
			return;
	/* Some file systems count no inodes and say "-". */
	counted = to_amount(next(&line), &d.inodes);
	counted &= to_amount(next(&line), &d.inodes_free);
	if (!counted || d.inodes_free > d.inodes)
		d.inodes = d.inodes_free = 0;
	if (!line || *line != '/' || disk_at(a, line) || a->n_disks == MAX_DISKS)
		return;
	d.target = line;
	to = arena_push(&a->facts.arena, a->disks, a->n_disks, a->cap_disks);
	*to = d;
}

static void on_mount(struct answer *a, const char *how, const char *target)
{
	struct disk *d = disk_at(a, target);

	if (d && !strcmp(how, "rw"))
		d->mount = MOUNT_WRITABLE;
	else if (d && !strcmp(how, "ro"))
		d->mount = MOUNT_READ_ONLY;
}

static void on_complaints(struct answer *a, struct complaints *c, const char *n, const char *last)
{
	if (!answer_number(n, MAX_COUNT, &c->n))
		return;
	c->asked = true;
	c->last = rest_of(a, last);
}

/* It came on one line, with a bar for each newline. */
static void on_certificate(struct answer *a, const char *text)
{
	char *pem = rest_of(a, text);

	for (char *c = pem; *c; c++)
		if (*c == '|')
			*c = '\n';
	a->certificate = *pem ? pem : NULL;
}

static void on_late(struct answer *a, const char *name)
{
	a->late[SECTION_DISK] |= !strcmp(name, "disk");
	a->late[SECTION_JOURNAL] |= !strcmp(name, "journal");
}

bool answer_system(struct answer *a, const char *word, const char *first, const char *second)
{
	if (!strcmp(word, "memory"))
		on_memory(a, first, second);
	else if (!strcmp(word, "load"))
		on_load(a, first, second);
	else if (!strcmp(word, "pressure"))
		on_pressure(a, first, second);
	else if (!strcmp(word, "ntp"))
		on_clock(a, first);
	else if (!strcmp(word, "firewall"))
		on_firewall(a, first);
	else if (!strcmp(word, "reboot"))
		a->reboot = rest_of(a, first);
	else if (!strcmp(word, "link"))
		on_link(a, first, second);
	else if (!strcmp(word, "address6"))
		on_address6(a, second);
	else if (!strcmp(word, "disk"))
		on_disk(a, first, second);
	else if (!strcmp(word, "mount"))
		on_mount(a, first, second);
	else if (!strcmp(word, "errors"))
		on_complaints(a, &a->errors, first, second);
	else if (!strcmp(word, "oom"))
		on_complaints(a, &a->kills, first, second);
	else if (!strcmp(word, "certificate"))
		on_certificate(a, first);
	else if (!strcmp(word, "late"))
		on_late(a, first);
	else
		return false;
	return true;
}
