/*
 * What runs short on a node before anything stops: memory, disks, a clock that nobody keeps; and
 * what its logs complain of.
 */
#include "probe/judge.h"

/* Less memory than this share, and whoever asks next is in danger of being killed. */
static const double memory_warn = 0.08;
/*
 * Programs that run or wait for a disk, for each core.  Linux' load says little: a machine that
 * does as much as it can has some of it, so only what is out of all proportion, and still is, is
 * worth a warning.  When all programs at once wait for memory or for disks, nothing gets done: per
 * cent of the latest five minutes.
 */
static const double load_note = 4, load_warn = 16;
static const double memory_stall_warn = 25, disk_stall_note = 40, disk_stall_warn = 80;
/* Of a disk.  Databases and dockerd fail at once when nothing is left, so early is better. */
static const double space_warn = 0.80, space_fail = 0.90, space_least = 1e9;
/* dockerd complains of this and that; what it says every half minute is a state, not an event. */
enum { ERRORS_MANY = 100 };

void judge_memory(struct judge *j, const struct node_evidence *e)
{
	const double total = e->answer.memory.total, left = e->answer.memory.available;
	struct health_result *r;

	if (skip_unanswered(j, e))
		return;
	if (total <= 0) {
		found(j, e->node, HEALTH_SKIP, "the node does not say");
	} else if (left < total * memory_warn) {
		r = found(j, e->node, HEALTH_WARN, "%s of %s are left", amount(j, left),
			amount(j, total));
		remedy(j, r,
			"give functions limits ('limits: {memory: …}'), or the node more memory; "
			"on the node: 'docker stats'");
	} else {
		found(j, e->node, HEALTH_OK, "%s of %s are left", amount(j, left),
			amount(j, total));
	}
}

static enum health_state rate_load(const struct answer *a)
{
	const double now = a->load.one / (double)a->load.cores;
	const double five = a->load.five / (double)a->load.cores;

	if ((five >= load_warn && now >= load_warn) || a->load.memory_stall >= memory_stall_warn ||
		a->load.disk_stall >= disk_stall_warn)
		return HEALTH_WARN;
	return five >= load_note || a->load.disk_stall >= disk_stall_note ? HEALTH_NOTE : HEALTH_OK;
}

void judge_load(struct judge *j, const struct node_evidence *e)
{
	const struct answer *a = &e->answer;
	_cleanup_buf_ struct buf text = BUF_INIT;
	enum health_state state;
	struct health_result *r;

	if (skip_unanswered(j, e))
		return;
	if (!a->load.cores) {
		found(j, e->node, HEALTH_SKIP, "the node does not say");
		return;
	}
	buf_addf(&text, "load of %.1f a core within 5 min (%ld core%s)",
		a->load.five / (double)a->load.cores, a->load.cores, a->load.cores == 1 ? "" : "s");
	if (a->load.memory_stall >= 0)
		buf_addf(&text, "; all waited for memory %.0f %% of it", a->load.memory_stall);
	if (a->load.disk_stall >= 0)
		buf_addf(&text, "%s for disks %.0f %%",
			a->load.memory_stall >= 0 ? "," : "; all waited", a->load.disk_stall);
	state = rate_load(a);
	r = found(j, e->node, state, "%s", buf_str(&text));
	if (state != HEALTH_OK)
		remedy(j, r,
			"on the node: 'top' and 'docker stats' say who it is, 'head "
			"/proc/pressure/*' what they wait for; give functions limits, or the "
			"cluster another worker");
}

void judge_kills(struct judge *j, const struct node_evidence *e)
{
	const struct complaints *kills = &e->answer.kills;
	struct health_result *r;

	if (late(j, e, SECTION_JOURNAL))
		return;
	if (!kills->asked) {
		found(j, e->node, HEALTH_SKIP, "the node does not say");
	} else if (kills->n) {
		r = found(j, e->node, HEALTH_WARN, "%ld process%s killed within a day; last: %s",
			kills->n, kills->n == 1 ? " was" : "es were", shown(j, kills->last, 160));
		remedy(j, r,
			"a 'Memory cgroup' is a container that met its own limit; else give "
			"functions limits, or the node more memory");
	} else {
		found(j, e->node, HEALTH_OK, "nothing was killed within a day");
	}
}

void judge_reboot(struct judge *j, const struct node_evidence *e)
{
	const char *packages = e->answer.reboot;
	struct health_result *r;

	if (skip_unanswered(j, e))
		return;
	if (!packages) {
		found(j, e->node, HEALTH_OK, "no update waits for a restart");
		return;
	}
	packages = shown(j, packages, 120);
	r = found(
		j, e->node, HEALTH_NOTE, "wants a restart%s%s", *packages ? " for " : "", packages);
	remedy(j, r,
		"one node at a time: 'docker node update --availability drain', restart, '… "
		"active'");
}

void judge_clock_kept(struct judge *j, const struct node_evidence *e)
{
	struct health_result *r;

	if (skip_unanswered(j, e))
		return;
	switch (e->answer.clock) {
	case CLOCK_KEPT: found(j, e->node, HEALTH_OK, "kept right"); break;
	case CLOCK_OF_HOST:
		found(j, e->node, HEALTH_SKIP, "a container: its clock is its host's");
		break;
	case CLOCK_UNKEPT:
		r = found(j, e->node, HEALTH_WARN, "nobody keeps its clock right");
		remedy(j, r,
			"on the node: 'timedatectl set-ntp true'; is a time server reachable "
			"(123/udp)? 'timedatectl timesync-status'");
		break;
	default: found(j, e->node, HEALTH_SKIP, "the node does not say");
	}
}

/* ---- disks ---- */

/* Images that are mounted whole, never written to and always full. */
static bool is_image(const struct disk *d)
{
	return !strcmp(d->type, "squashfs") || !strcmp(d->type, "iso9660") || d->size <= 0;
}

static double share_of(double used, double left)
{
	return used + left > 0 ? used / (used + left) : 0;
}

/* What is said of one disk, appended to @out. */
static enum health_state look_at(struct judge *j, const struct disk *d, struct buf *out)
{
	const double bytes = share_of(d->used, d->avail);
	const double inodes = share_of(d->inodes - d->inodes_free, d->inodes_free);
	const double worst = MAX_OF(bytes, inodes);

	buf_addf(out, "%s%s %.0f %% full, %s left", out->len ? "; " : "", shown(j, d->target, 80),
		bytes * 100, amount(j, d->avail));
	if (inodes > bytes && inodes >= space_warn)
		buf_addf(out, ", %.0f %% of its inodes used", inodes * 100);
	/* A small one is meant to be small: only its share counts. */
	if (worst >= space_fail || (d->avail < space_least && d->size > 8 * space_least))
		return HEALTH_FAIL;
	return worst >= space_warn ? HEALTH_WARN : HEALTH_OK;
}

void judge_space(struct judge *j, const struct node_evidence *e)
{
	_cleanup_buf_ struct buf bad = BUF_INIT, all = BUF_INIT;
	enum health_state state = HEALTH_OK;
	struct health_result *r;

	if (late(j, e, SECTION_DISK))
		return;
	for (size_t i = 0; i < e->answer.n_disks; i++) {
		const struct disk *d = &e->answer.disks[i];
		_cleanup_buf_ struct buf one = BUF_INIT;
		enum health_state s = is_image(d) ? HEALTH_OK : look_at(j, d, &one);

		if (!one.len)
			continue;
		buf_addf(s == HEALTH_OK ? &all : &bad, "%s%s",
			(s == HEALTH_OK ? &all : &bad)->len ? "; " : "", buf_str(&one));
		state = MAX_OF(state, s);
	}
	if (state != HEALTH_OK) {
		r = found(j, e->node, state, "%s", buf_str(&bad));
		remedy(j, r,
			"on the node: 'docker system df', 'docker image prune -a', 'journalctl "
			"--vacuum-size=200M', 'du -xh / | sort -h | tail'");
	} else {
		found(j, e->node, all.len ? HEALTH_OK : HEALTH_SKIP, "%s",
			all.len ? buf_str(&all) : "the node does not say");
	}
}

/* The kernel does that to a disk that fails under it. */
void judge_read_only(struct judge *j, const struct node_evidence *e)
{
	_cleanup_buf_ struct buf bad = BUF_INIT;
	struct health_result *r;
	bool n = false;

	if (late(j, e, SECTION_DISK))
		return;
	for (size_t i = 0; i < e->answer.n_disks; i++) {
		const struct disk *d = &e->answer.disks[i];

		n |= d->mount == MOUNT_WRITABLE;
		if (d->mount == MOUNT_READ_ONLY && !is_image(d))
			buf_addf(&bad, "%s%s", bad.len ? ", " : "", shown(j, d->target, 80));
	}
	if (bad.len) {
		r = found(j, e->node, HEALTH_FAIL, "read-only: %s", buf_str(&bad));
		remedy(j, r,
			"on the node: 'dmesg' says why; check the disk, then 'mount -o "
			"remount,rw …' or restart");
	} else {
		found(j, e->node, n ? HEALTH_OK : HEALTH_SKIP, "%s",
			n ? "every file system takes writes" : "the node does not say");
	}
}

/* ---- dockerd's log ---- */

/* The message within a line of logfmt: time=… level=error msg="…" error="…". */
static const char *message(struct judge *j, const char *line)
{
	const char *msg = strstr(line, "msg=");

	return shown(j, msg ? msg + 4 : line, 200);
}

void judge_docker_errors(struct judge *j, const struct node_evidence *e)
{
	const struct complaints *errors = &e->answer.errors;
	struct health_result *r;

	if (late(j, e, SECTION_JOURNAL))
		return;
	if (!errors->asked) {
		found(j, e->node, HEALTH_SKIP, "the node does not say");
	} else if (!errors->n) {
		found(j, e->node, HEALTH_OK, "none within an hour");
	} else {
		r = found(j, e->node, errors->n >= ERRORS_MANY ? HEALTH_WARN : HEALTH_NOTE,
			"%ld within an hour; last: %s", errors->n, message(j, errors->last));
		remedy(j, r, "on the node: 'journalctl -u docker --since -1h'");
	}
}
