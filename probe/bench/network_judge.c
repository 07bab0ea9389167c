/*
 * What the network section's measurements mean.  A pair is held against the others of its network,
 * because what is slow depends on where the servers stand; of pairs with something in common, the
 * node is named that is in all of them.
 */
#include "probe/bench/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/xalloc.h"

/* Loss: what TCP hardly feels, and what makes it crawl. */
#define LOSS_WARN 0.5
#define LOSS_FAIL 5.0
enum { LOSS_LEAST = 3 }; /* packets: one or two say nothing */

/* Slow: so many times the fast pairs' and so much more, in ms.  The far tail of a busy machine is
 * long by itself. */
#define P50_TIMES   4.0
#define P50_MORE    2.0
#define P99_TIMES   10.0
#define P99_MORE    50.0
#define SPEED_TIMES 5.0

enum { VXLAN_BYTES = 50, MOST_FINDINGS = 4 };

struct view {
	const struct network *net;
	const char *const *names;
	struct network_sum *sums; /* by pair */
	bool *bad;                /* of the finding that is being made */
	struct section_result *r;
	struct buf text;
	const char *remedy;
	enum health_state state;
	size_t n_findings;
};

static const char *which(const struct view *v)
{
	return network_which(v->net, v->bad, v->names, &v->r->arena);
}

/* ---- findings ---- */

static void finding(struct view *v, enum health_state state, const char *where, const char *remedy,
	const char *fmt, ...) _printf_(5, 6);

/* @where: NULL is the whole network. */
static void finding(struct view *v, enum health_state state, const char *where, const char *remedy,
	const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (v->n_findings++ < MOST_FINDINGS)
		buf_addf(&v->text, "%s%s: %s%s%s", v->text.len ? "; " : "", v->net->name,
			where ? where : "", where ? ": " : "", buf_str(&text));
	if (v->remedy && (v->state == HEALTH_FAIL || state != HEALTH_FAIL))
		return;
	v->state = state;
	v->remedy = remedy;
}

static void mark(struct view *v, bool (*is)(const struct network_sum *s, double than), double than)
{
	for (size_t i = 0; i < v->net->n_pairs; i++)
		v->bad[i] = is(&v->sums[i], than);
}

static bool is_overlay(const struct view *v)
{
	return !strcmp(v->net->name, "overlay");
}

static bool is_silent(const struct network_sum *s, double than)
{
	return !s->rtt_known;
}

static const char *error_of(const struct view *v)
{
	const char *error = v->sums[network_first_bad(v->bad)].error;

	return error ? error : "no reason given";
}

static void judge_reach(struct view *v)
{
	mark(v, is_silent, 0);
	if (network_count_bad(v->net, v->bad))
		finding(v, HEALTH_FAIL, which(v),
			is_overlay(v)
				? "let UDP 4789, and TCP and UDP 7946, pass between the "
				  "private addresses of the nodes; svarm health --only overlay"
				: "look at the routes and firewalls of the private network "
				  "between them; svarm health --only node --only swarm",
			"%s", error_of(v));
}

static bool is_tcp_only(const struct network_sum *s, double than)
{
	return s->rtt_known && s->by_tcp;
}

static void judge_udp(struct view *v)
{
	mark(v, is_tcp_only, 0);
	if (network_count_bad(v->net, v->bad))
		finding(v, HEALTH_WARN, which(v),
			"let UDP pass between the private addresses of the nodes: the overlay "
			"network is made of it",
			"UDP is not answered");
}

static bool is_narrow(const struct network_sum *s, double than)
{
	return s->path_mtu && s->path_mtu < s->interface_mtu;
}

static const char *mtu_remedy(struct view *v, int mtu)
{
	return arena_printf(&v->r->arena,
		"set the MTU of the nodes' private interfaces to %d, the size that passes; then "
		"make "
		"the network 'svarm' again, with the %d that fit inside: svarm down, svarm up",
		is_overlay(v) ? mtu + VXLAN_BYTES : mtu, is_overlay(v) ? mtu : mtu - VXLAN_BYTES);
}

static void judge_mtu(struct view *v)
{
	const struct network_sum *worst;

	mark(v, is_narrow, 0);
	if (!network_count_bad(v->net, v->bad))
		return;
	worst = &v->sums[network_first_bad(v->bad)];
	for (size_t i = 0; i < v->net->n_pairs; i++)
		if (v->bad[i] && v->sums[i].path_mtu < worst->path_mtu)
			worst = &v->sums[i];
	finding(v, HEALTH_FAIL, which(v), mtu_remedy(v, worst->path_mtu),
		"packets of more than %d bytes do not pass, where the interface sends %d (%s)",
		worst->path_mtu, worst->interface_mtu,
		worst->path_mtu_how ? worst->path_mtu_how : "nobody says why");
}

static bool is_gap(const struct network_sum *s, double than)
{
	return s->rtt_known && !is_narrow(s, 0) &&
	       ((s->interface_mtu && !s->path_mtu && !s->by_tcp) || isnan(s->throughput_mbit));
}

/* What was tried and gave no result, although packets pass. */
static void judge_gaps(struct view *v)
{
	mark(v, is_gap, 0);
	if (network_count_bad(v->net, v->bad))
		finding(v, HEALTH_WARN, which(v),
			"run the section again; svarm health --only overlay --only swarm",
			"not all could be measured: %s", error_of(v));
}

static bool is_lossy(const struct network_sum *s, double than)
{
	return s->rtt_known && s->lost >= LOSS_LEAST && s->loss_percent >= than;
}

static void judge_loss(struct view *v)
{
	double most = 0;

	mark(v, is_lossy, LOSS_WARN);
	if (!network_count_bad(v->net, v->bad))
		return;
	for (size_t i = 0; i < v->net->n_pairs; i++)
		most = v->bad[i] ? MAX_OF(most, v->sums[i].loss_percent) : most;
	finding(v, most >= LOSS_FAIL ? HEALTH_FAIL : HEALTH_WARN, which(v),
		"look at the errors and drops of the interfaces (ip -s link), and for limits of "
		"the "
		"provider",
		"packets are lost, up to %.1f %%", most);
}

/* What the fast quarter of the pairs has of @pick: one bad node of three is in most pairs, so the
 * median would be its.  NAN when there are too few to compare. */
static double usual(const struct view *v, double (*pick)(const struct network_sum *s), bool high)
{
	_cleanup_free_ double *values = xcalloc(v->net->n_pairs + 1, sizeof(*values));
	size_t n = 0;

	for (size_t i = 0; i < v->net->n_pairs; i++)
		if (!isnan(pick(&v->sums[i])))
			values[n++] = pick(&v->sums[i]);
	if (n < 3)
		return NAN;
	sort_values(values, n);
	return values[high ? n - 1 - n / 4 : n / 4];
}

static double pick_p50(const struct network_sum *s)
{
	return s->rtt_known ? s->rtt.p50 : NAN;
}

static double pick_p99(const struct network_sum *s)
{
	return s->rtt_known ? s->rtt.p99 : NAN;
}

static double pick_speed(const struct network_sum *s)
{
	return s->throughput_mbit;
}

static bool is_far(const struct network_sum *s, double than)
{
	return s->rtt_known && s->rtt.p50 > P50_TIMES * than && s->rtt.p50 > than + P50_MORE;
}

static bool has_tail(const struct network_sum *s, double than)
{
	return s->rtt_known && s->rtt.p99 > P99_TIMES * than && s->rtt.p99 > than + P99_MORE;
}

static bool is_thin(const struct network_sum *s, double than)
{
	return s->throughput_mbit < than / SPEED_TIMES;
}

static void judge_round_trips(struct view *v)
{
	double p50 = usual(v, pick_p50, false), p99 = usual(v, pick_p99, false);

	mark(v, is_far, p50);
	if (network_count_bad(v->net, v->bad)) {
		finding(v, HEALTH_WARN, which(v),
			"look where these nodes stand (zone, provider) and what else loads them",
			"round trips of %.1f ms, where fast pairs have %.2f",
			v->sums[network_first_bad(v->bad)].rtt.p50, p50);
		return;
	}
	mark(v, has_tail, p99);
	if (network_count_bad(v->net, v->bad))
		finding(v, HEALTH_WARN, which(v),
			"look for what else uses these nodes and their link; svarm bench cpu",
			"one round trip in a hundred takes %.1f ms, where fast pairs have %.2f",
			v->sums[network_first_bad(v->bad)].rtt.p99, p99);
}

static void judge_throughput(struct view *v)
{
	double speed = usual(v, pick_speed, true);

	mark(v, is_thin, speed);
	if (network_count_bad(v->net, v->bad))
		finding(v, HEALTH_WARN, which(v),
			"look for limits of the provider, and for what else uses the link",
			"%.0f Mbit/s, where fast pairs have %.0f",
			v->sums[network_first_bad(v->bad)].throughput_mbit, speed);
}

/* The overlay's packets are longer by a header on the private network.  Where they are too long
 * there, the kernel cuts each in two, which no packet inside notices. */
static void judge_fit(struct view *v, const struct network *private, const struct network_sum *sums)
{
	int overlay = 0, below = 0;

	mark(v, is_narrow, 0);
	if (network_count_bad(v->net, v->bad))
		return; /* that is said already */
	for (size_t i = 0; i < v->net->n_pairs; i++)
		overlay = MAX_OF(overlay, v->sums[i].interface_mtu);
	for (size_t i = 0; i < private->n_pairs; i++)
		if (sums[i].path_mtu && (!below || sums[i].path_mtu < below))
			below = sums[i].path_mtu;
	if (overlay && below && overlay + VXLAN_BYTES > below)
		finding(v, HEALTH_FAIL, NULL, mtu_remedy(v, below - VXLAN_BYTES),
			"its packets of %d bytes are %d on the private network, which carries %d: "
			"each is cut in two",
			overlay, overlay + VXLAN_BYTES, below);
}

static void judge_left_out(struct view *v)
{
	size_t n = v->net->n_left_out;

	if (n)
		finding(v, HEALTH_WARN, NULL, "see svarm health, then run the section again",
			"not measured: %s%s", v->net->left_out[0],
			n > 1 ? arena_printf(&v->r->arena, ", and %zu more nodes", n - 1) : "");
}

static void judge_one(struct view *v)
{
	judge_left_out(v);
	judge_reach(v);
	judge_udp(v);
	judge_mtu(v);
	judge_gaps(v);
	judge_loss(v);
	judge_round_trips(v);
	judge_throughput(v);
}

/* "private: worst pair 0.31 ms, 8912 Mbit/s; overlay: 0.42 ms, 2400 Mbit/s" */
static void sum_up(const struct network *networks, size_t n, struct section_result *ret)
{
	static const char *const names[][2] = {
		{"rtt_p50", "throughput"}, {"overlay_rtt_p50", "overlay_throughput"}};
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t k = 0; k < n && k < ARRAY_SIZE(names); k++) {
		if (!networks[k].n_pairs)
			continue;
		buf_addf(&text, "%s%s: %s%.2f ms, %.0f Mbit/s", text.len ? "; " : "",
			networks[k].name, text.len ? "" : "worst pair ",
			section_median(ret, names[k][0]), section_median(ret, names[k][1]));
	}
	section_found(ret, HEALTH_OK, "%s", buf_str(&text));
}

void network_judge(const struct network *networks, size_t n, const char *const *names,
	struct section_result *ret)
{
	struct network_sum **sums = xcalloc(n + 1, sizeof(*sums));
	struct view v = {.names = names, .r = ret, .state = HEALTH_OK};
	size_t pairs = 0;

	network_figures(networks, n, ret);
	for (size_t k = 0; k < n; k++) {
		v.net = &networks[k];
		v.sums = sums[k] = xcalloc(v.net->n_pairs + 1, sizeof(*v.sums));
		v.bad = xcalloc(v.net->n_pairs + 1, sizeof(*v.bad));
		for (size_t i = 0; i < v.net->n_pairs; i++)
			network_sum(&v.net->pairs[i], &v.sums[i]);
		judge_one(&v);
		if (k > 0)
			judge_fit(&v, &networks[0], sums[0]);
		network_detail(v.net, v.sums, names, ret->detail);
		pairs += v.net->n_pairs;
		free(v.bad);
	}
	if (v.n_findings > MOST_FINDINGS)
		buf_addf(&v.text, "; and %zu more", v.n_findings - MOST_FINDINGS);
	if (!pairs)
		section_found(ret, HEALTH_SKIP, "no pair of nodes could be measured%s%s",
			v.text.len ? ": " : "", buf_str(&v.text));
	else if (v.n_findings)
		section_found(ret, v.state, "%s", buf_str(&v.text));
	else
		sum_up(networks, n, ret);
	if (pairs && v.remedy)
		section_remedy(ret, "%s", v.remedy);
	buf_done(&v.text);
	for (size_t k = 0; k < n; k++)
		free(sums[k]);
	free(sums);
}
