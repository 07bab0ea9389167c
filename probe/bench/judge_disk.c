/*
 * What class of disk is it?  Whether a disk is "NVMe" cannot be read off (virtual ones say what
 * they like), so the class is one of latency.  Bounds marked E are experience, not anyone's
 * specification; see docs/decisions.md.
 */
#include <math.h>
#include <stdlib.h>

#include "lib/base/xalloc.h"
#include "probe/bench/node_judge.h"
#include "probe/bench/node_tool.h"

/* All in milliseconds. */
#define NOT_DURABLE    0.020  /* a fdatasync that fast reached no medium (tmpfs: 0.002) [E] */
#define READ_MEMORY    0.005  /* 4 KiB: faster than any disk, it came from memory [E] */
#define READ_NVME      0.15   /* 4 KiB, one at a time: below it is local NVMe … [E] */
#define READ_SSD       1.0    /* … SATA or a network SSD … [E] */
#define READ_DISK      5.0    /* … a limited one; and above a turning disk [E] */
#define SYNC_DISK      20.0   /* p50 of writes, whatever the reads [E] */
#define SYNC_GOOD      10.0   /* p99: etcd's requirement (IBM; etcd's hardware page) */
#define SYNC_WARN      100.0  /* p99: etcd's alert (awesome-prometheus-alerts) */
#define SYNC_FAIL      1000.0 /* p99: a tick of the swarm's raft, of which ten are an election */
/* A limit by tokens lets a few through at once and makes the next wait, or paces all alike. */
#define LIMIT_MEAN     1.0
#define LIMIT_BURSTY   10.0 /* p99 over p50 */
#define LIMIT_PACED    1.2
#define LIMIT_LEAST_N  20
/* Credits that run out: what the last third does of the first. */
#define WINDOWS_LEAST  6
#define WINDOWS_SLOWER 0.5

#define REMEDY_SLOW                                                                              \
	"the swarm's raft log and Redis wait for this disk: give it less other work, or take a " \
	"faster one"
#define REMEDY_LIMIT                                                                       \
	"the provider limits this volume: take a larger or faster one; `svarm bench disk " \
	"--sustain "                                                                       \
	"60` shows whether credits run out"
#define REMEDY_LOST                                                                             \
	"/var/lib/docker must be on a disk; of a virtual machine's see that its host does not " \
	"ignore flushes (cache mode 'unsafe')"

struct figures {
	double n, mean, p50, p99;
};

static struct figures figures_of(const json_t *seen, const char *key)
{
	const json_t *o = json_obj(seen, key);
	double n = node_number(o, "n");

	return (struct figures){isfinite(n) ? n : 0, node_number(o, "mean"), node_number(o, "p50"),
		node_number(o, "p99")};
}

/* Reads that came from the page cache say nothing of the disk: some file systems (ZFS) know no way
 * past it, or only say that they do. */
static struct figures reads_of(const json_t *seen)
{
	const struct figures r = figures_of(seen, "read_ms");

	if (json_is_false(json_object_get(seen, "direct")) || r.p50 < READ_MEMORY)
		return (struct figures){0, NAN, NAN, NAN};
	return r;
}

/* Comparisons with NAN are false: what is not known accuses nobody. */
static bool limited(const struct figures *f)
{
	return f->n >= LIMIT_LEAST_N && f->mean >= LIMIT_MEAN &&
	       (f->p99 / f->p50 > LIMIT_BURSTY || f->p99 / f->p50 < LIMIT_PACED);
}

/* The median of how many writes the windows from @from to @to had. */
static double rate_of(const json_t *windows, size_t from, size_t to)
{
	_cleanup_free_ double *n = xcalloc(to - from, sizeof(*n));

	for (size_t i = from; i < to; i++)
		n[i - from] = node_number(json_array_get(windows, i), "n");
	return median_of(n, to - from);
}

static bool runs_out(const json_t *seen, double *ret_first, double *ret_last)
{
	const json_t *windows = json_arr(seen, "windows");
	size_t n = json_array_size(windows);

	if (n < WINDOWS_LEAST)
		return false;
	*ret_first = rate_of(windows, 0, n / 3);
	*ret_last = rate_of(windows, n - n / 3, n);
	return *ret_last < *ret_first * WINDOWS_SLOWER;
}

static void found(struct node_verdict *v, const char *verdict, enum health_state state,
	const char *reason, const char *remedy)
{
	*v = (struct node_verdict){verdict, state, reason, remedy};
}

/* By latency alone. */
static void classify(
	const struct figures *w, const struct figures *r, struct arena *a, struct node_verdict *v)
{
	double by = r->n > 0 ? r->p50 : w->p50;
	const char *what = r->n > 0 ? "4 KiB reads" : "durable writes";
	const char *reason = arena_printf(a, "%s take %.2f ms (p50)", what, by);

	if (w->p50 >= SYNC_DISK)
		found(v, "disk-class", HEALTH_OK,
			arena_printf(a, "writes take %.0f ms to be durable (p50)", w->p50), NULL);
	else if (by < READ_NVME)
		found(v, "NVMe-class", HEALTH_OK, reason, NULL);
	else if (by < READ_SSD)
		found(v, "SSD-class", HEALTH_OK, reason, NULL);
	else if (by < READ_DISK)
		found(v, "throttled", HEALTH_WARN,
			arena_printf(a, "%s, which no disk needs and limits make", reason),
			REMEDY_LIMIT);
	else
		found(v, "disk-class", HEALTH_OK, reason, NULL);
}

/* The swarm's raft and Redis wait for the slowest of its writes, whatever the class. */
static void judge_slowest(const struct figures *w, struct arena *a, struct node_verdict *v)
{
	if (!(w->p99 >= SYNC_GOOD))
		return;
	v->reason = arena_printf(
		a, "%s; one durable write of a hundred takes %.0f ms or more", v->reason, w->p99);
	if (w->p99 < SYNC_WARN)
		return;
	v->state = w->p99 >= SYNC_FAIL ? HEALTH_FAIL : MAX_OF(v->state, HEALTH_WARN);
	if (!v->remedy)
		v->remedy = REMEDY_SLOW;
}

void judge_disk(const json_t *seen, struct arena *a, struct node_verdict *ret)
{
	const struct figures w = figures_of(seen, "fdatasync_ms"), r = reads_of(seen);
	double first, last;

	if (!(w.n > 0) || !isfinite(w.p50))
		found(ret, NULL, HEALTH_FAIL, "no write was durable in time", REMEDY_SLOW);
	else if (w.p50 < NOT_DURABLE)
		found(ret, "no durability", HEALTH_WARN,
			arena_printf(a,
				"a write is \"durable\" after %.4f ms (p50): it reaches no disk",
				w.p50),
			REMEDY_LOST);
	else if (runs_out(seen, &first, &last))
		found(ret, "throttled", HEALTH_WARN,
			arena_printf(a, "at first %.0f durable writes a second, in the end %.0f",
				first, last),
			REMEDY_LIMIT);
	else if (limited(&r))
		found(ret, "throttled", HEALTH_WARN,
			arena_printf(a, "%.0f reads a second: p50 %.2f ms, mean %.2f, p99 %.1f",
				1000 / r.mean, r.p50, r.mean, r.p99),
			REMEDY_LIMIT);
	else if (limited(&w) && w.p99 / w.p50 < LIMIT_PACED)
		found(ret, "throttled", HEALTH_WARN,
			arena_printf(a, "every durable write takes the same %.1f ms", w.p50),
			REMEDY_LIMIT);
	else
		classify(&w, &r, a, ret);
	judge_slowest(&w, a, ret);
}
