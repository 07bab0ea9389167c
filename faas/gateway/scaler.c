/* The thread that scales functions by their load: see scaler.h. */
#include "faas/gateway/scaler.h"

#include <pthread.h>
#include <stdatomic.h>

#include "faas/common/docker.h"
#include "faas/common/keys.h"
#include "faas/common/log.h"
#include "faas/gateway/backlog.h"
#include "faas/gateway/calls.h"
#include "faas/gateway/lease.h"
#include "faas/gateway/metrics.h"
#include "faas/gateway/plans.h"
#include "faas/gateway/replicas.h"
#include "faas/gateway/usage.h"
#include "faas/gateway/wake.h"
#include "lib/base/xalloc.h"

enum {
	REDIS_TIMEOUT_MS = 2000,
	WINDOW_ROUNDS = 5,   /* over which load is averaged */
	LEASE_ROUNDS = 5,    /* for which counters and the lease outlive their last renewal ... */
	LEASE_MIN_MS = 3000, /* ... and at least so long */
	SETTLE_MS = 2000,
	BLIND_ROUNDS = 5,    /* nginx may be about to start; more are told to the log */
	UNKNOWN_ROUNDS = 15, /* a use of processor needs two of the workers' reports */
};

static const usec_t MANAGERS_FRESH = 60 * USEC_PER_SEC;
static const usec_t TAKES_EFFECT = USEC_PER_SEC;  /* on a manager that does not lead the swarm */
static const usec_t RECONNECT = 5 * USEC_PER_SEC; /* a name that is not there takes its time */

struct scaler {
	const struct parts *parts;
	char id[CALLS_GATEWAY_LEN + 1];
	_Atomic bool decides;
	/* the thread's own */
	struct redis *redis;
	bool redis_failed; /* and the log was told */
	unsigned blind;    /* rounds in a row without nginx' counters */
	usec_t retry_at;
	struct docker *docker;
	struct load *load;
	struct plans plans;
	bool outdated; /* the picture, since we changed something */
	usec_t decide_until;
	usec_t managers_at;
	json_int_t managers; /* at that time; 0: not known */
};

static long lease_ms(const struct scaler *s)
{
	return MAX_OF(LEASE_ROUNDS * s->parts->c->scale_interval_ms, (long)LEASE_MIN_MS);
}

static uint64_t wall_ms(void)
{
	return (uint64_t)(clock_wall() * 1000);
}

/* ---- one function ---- */

static bool load_of(struct scaler *s, const struct model *m, const struct function *f,
	const struct load_view *v, double *ret)
{
	double cpu;
	uint64_t bytes;

	if (f->settings.type == SCALE_CPU) {
		if (!usage_get(s->parts->usage, m, f->name, &cpu, &bytes))
			return false;
		*ret = cpu * 1000;
		return true;
	}
	*ret = f->settings.type == SCALE_CAPACITY ? v->underway : v->per_second;
	return v->known;
}

/* Whether surely nobody needs @f now. */
static bool is_quiet(struct scaler *s, const struct function *f, const struct load_view *v)
{
	return v->known && !v->inflight && backlog_empty(s->parts->backlog, f->settings.queue) &&
	       !wake_wanted(s->parts->wake, f->name);
}

/* A function that is scaled by what its tasks use, but whose tasks run where nobody tells it, would
 * just never be scaled. */
static void note_use(const struct function *f, struct plan *p, bool known)
{
	if (known)
		p->unknown_rounds = 0;
	if (known || !f->addresses_n || ++p->unknown_rounds != UNKNOWN_ROUNDS)
		return;
	log_warn(
		"'%s' is not scaled: no queue worker tells what its tasks use of the processor; is "
		"there one on their nodes?",
		f->name);
}

static void gather(struct scaler *s, const struct model *m, const struct function *f,
	struct plan *p, struct scale_facts *ret)
{
	struct load_view v;
	uint64_t now_ms = wall_ms(), last;

	load_view(s->load, f->name, &v);
	/* Only just deployed, woken up, or come to our notice: that is as good as a call. */
	if (!f->replicas)
		p->awake_ms = 0;
	else if (!p->awake_ms)
		p->awake_ms = now_ms;
	last = MAX_OF(v.last_ms, p->awake_ms);
	*ret = (struct scale_facts){.replicas = f->replicas,
		.ready = (unsigned)f->addresses_n,
		.floor = scale_floor(&p->gift, f->replicas),
		.quiet = is_quiet(s, f, &v),
		.quiet_for = now_ms > last ? (now_ms - last) * USEC_PER_MSEC : 0};
	ret->load_known = load_of(s, m, f, &v, &ret->load);
	if (f->settings.type == SCALE_CPU)
		note_use(f, p, ret->load_known);
}

static void changed(struct scaler *s, struct plan *p, const struct scale_facts *f,
	enum scale_verdict verdict, unsigned n)
{
	static const enum metric counters[] = {[SCALE_UP] = METRIC_SCALED_UP,
		[SCALE_DOWN] = METRIC_SCALED_DOWN,
		[SCALE_ZERO] = METRIC_SLEPT};
	_cleanup_err_ struct err err = ERR_INIT;

	metric_add(counters[verdict]);
	if (verdict == SCALE_ZERO)
		log_info("put '%s' to sleep: not called for %llu s", p->name,
			(unsigned long long)(f->quiet_for / USEC_PER_SEC));
	else
		log_info("scaled '%s' from %u to %u task%s for a load of %.1f", p->name,
			f->replicas, n, n == 1 ? "" : "s", f->load);
	p->gift.set = n;
	if (verdict == SCALE_ZERO)
		p->gift.base = 0;
	if (s->redis && plan_store(p, s->redis, &err) < 0)
		log_debug("remembering the tasks given to '%s': %s", p->name, err_msg(&err));
}

/* True when the number was changed. */
static bool apply(struct scaler *s, const struct function *f, struct plan *p,
	const struct scale_facts *facts, enum scale_verdict verdict, unsigned n)
{
	struct replicas_change change = {
		.service_id = f->service_id, .expect = (int)f->replicas, .want = n, .calm = true};
	_cleanup_err_ struct err err = ERR_INIT;
	bool done = false;
	int r;

	r = replicas_set(s->docker, &change, &done, &err);
	if (r < 0 && r != -EBUSY && r != -EINVAL && !p->refused)
		log_warn("scaling '%s' to %u: %s", p->name, n, err_msg(&err));
	p->refused = r < 0;
	if (!done)
		return false;
	p->set_at = clock_now();
	p->was = f->replicas;
	changed(s, p, facts, verdict, n);
	return true;
}

/* Our own change, that the picture does not show yet. */
static bool in_the_air(const struct plan *p, const struct function *f, usec_t now)
{
	return p->set_at && f->replicas == p->was && now - p->set_at < TAKES_EFFECT;
}

static bool decide(struct scaler *s, const struct model *m, size_t i)
{
	const struct function *f = &m->functions[i];
	struct plan *p = &s->plans.v[i];
	usec_t now = clock_now(), settle = (usec_t)s->parts->c->scale_settle_ms * USEC_PER_MSEC;
	enum scale_verdict verdict;
	struct scale_facts facts;
	unsigned n = 0;

	if (in_the_air(p, f, now))
		return false;
	gather(s, m, f, p, &facts);
	verdict = scale_rule(&f->settings, &facts, &p->memory, now, settle, &n);
	if (verdict == SCALE_KEEP || now > s->decide_until)
		return false;
	return apply(s, f, p, &facts, verdict, n);
}

/* ---- who decides ---- */

/* Without Redis: only where no other gateway can be. */
static bool alone(struct scaler *s)
{
	_cleanup_json_ json_t *info = NULL;
	usec_t now = clock_now();

	if (!s->managers_at || now - s->managers_at > MANAGERS_FRESH) {
		s->managers_at = now;
		s->managers = 0;
		if (docker_get(s->docker, "/info", &info, NULL) == 0)
			s->managers = json_int(json_obj(info, "Swarm"), "Managers", 0);
		else
			s->managers_at = 0; /* not known: asked again in the next round */
	}
	return s->managers == 1;
}

static void begin_to_decide(struct scaler *s)
{
	_cleanup_err_ struct err err = ERR_INIT;

	log_info("this gateway decides on scaling now");
	for (size_t i = 0; i < s->plans.n; i++) {
		s->plans.v[i].memory = (struct scale_memory){0};
		if (s->redis) /* which knows better */
			s->plans.v[i].gift = (struct scale_gift){0};
	}
	if (s->redis && plans_load(&s->plans, s->redis, &err) < 0)
		log_debug("%s", err_msg(&err));
}

static void set_decides(struct scaler *s, bool mine)
{
	if (mine && !s->decides)
		begin_to_decide(s);
	else if (!mine && s->decides)
		log_info("another gateway decides on scaling now, or none");
	s->decides = mine;
}

/* ---- rounds ---- */

static void lose_redis(struct scaler *s, const char *why)
{
	if (!s->redis_failed)
		log_warn("scaling without redis: %s", why);
	s->redis_failed = true;
	redis_free(TAKE_PTR(s->redis));
	s->retry_at = clock_now() + RECONNECT;
	backlog_forget(s->parts->backlog);
}

/* Everything that Redis is asked in a round. */
static int with_redis(
	struct scaler *s, const struct plane_sample *sample, bool *ret_mine, struct err *err)
{
	const struct config *c = s->parts->c;
	int r = 0;

	if (!s->redis && clock_now() < s->retry_at)
		return err_set(err, -EAGAIN, "redis: not tried again yet");
	if (!s->redis)
		r = redis_open(
			&c->redis, buf_str(&c->redis_password), REDIS_TIMEOUT_MS, &s->redis, err);
	if (r == 0)
		r = calls_publish(s->redis, s->id, sample, lease_ms(s), err);
	if (r == 0)
		r = calls_collect(s->redis, s->load, err);
	if (r == 0)
		r = usage_refresh(s->parts->usage, s->redis, err);
	if (r == 0)
		r = backlog_refresh(s->parts->backlog, s->redis, err);
	if (r == 0)
		r = lease_take(s->redis, KEY_SCALER, s->id, lease_ms(s), ret_mine, err);
	return r;
}

/* Tell, hear and add up.  True when the decisions are ours, until s->decide_until. */
static bool count(struct scaler *s, const struct plane_sample *sample)
{
	_cleanup_err_ struct err err = ERR_INIT;
	usec_t begun = clock_now();
	bool mine = false;

	load_begin(s->load, begun);
	if (with_redis(s, sample, &mine, &err) == 0) {
		s->redis_failed = false;
	} else {
		if (s->redis || clock_now() >= s->retry_at)
			lose_redis(s, err_msg(&err));
		calls_add_own(sample, s->id, s->load);
		mine = alone(s);
	}
	load_end(s->load);
	s->decide_until = begun + (usec_t)lease_ms(s) * USEC_PER_MSEC / 2;
	return mine;
}

static void decide_all(struct scaler *s, bool mine)
{
	_cleanup_(model_unrefp) struct model *m = NULL;

	/* Nothing is decided on a picture from before our last change. */
	if (s->outdated && !watch_settle(s->parts->watch, SETTLE_MS))
		return;
	s->outdated = false;
	m = watch_model(s->parts->watch);
	if (!m)
		return;
	plans_match(&s->plans, m);
	set_decides(s, mine);
	for (size_t i = 0; mine && i < m->functions_n; i++)
		s->outdated |= decide(s, m, i);
}

static void one_round(struct scaler *s)
{
	_cleanup_err_ struct err err = ERR_INIT;
	struct plane_sample sample = {0};
	bool mine;

	if (plane_sample(s->parts->plane, &sample, &err) < 0) {
		if (++s->blind == BLIND_ROUNDS)
			log_warn("nothing is scaled: no counters from nginx: %s", err_msg(&err));
		return;
	}
	if (s->blind >= BLIND_ROUNDS)
		log_info("nginx' counters are there again");
	s->blind = 0;
	mine = count(s, &sample);
	plane_sample_done(&sample);
	decide_all(s, mine);
}

static void *run(void *arg)
{
	struct scaler *s = arg;
	usec_t interval = (usec_t)s->parts->c->scale_interval_ms * USEC_PER_MSEC, next;

	for (;;) {
		next = clock_now() + interval;
		one_round(s);
		if (clock_now() < next)
			clock_sleep(next - clock_now());
	}
	return NULL;
}

int scaler_start(const struct parts *parts, struct scaler **ret, struct err *err)
{
	struct scaler *s = xcalloc(1, sizeof(*s));
	pthread_t t;
	int r;

	s->parts = parts;
	calls_name_gateway(s->id);
	s->load = load_new(
		WINDOW_ROUNDS * (usec_t)parts->c->scale_interval_ms * USEC_PER_MSEC * 11 / 10);
	r = docker_new(parts->c->docker_host, &s->docker, err);
	if (r < 0)
		return r;
	r = -pthread_create(&t, NULL, run, s);
	if (r < 0)
		return err_errno(err, r, "unable to start a thread");
	pthread_detach(t);
	*ret = s;
	return 0;
}

bool scaler_decides(struct scaler *s)
{
	return s->decides;
}
