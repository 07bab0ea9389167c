/* The network section's figures, and all that was measured as JSON: see network.h. */
#include "probe/bench/network.h"

#include <math.h>
#include <string.h>

#include "probe/bench/clean.h"

struct worst {
	double p50, p99, speed, loss;
};

/* Of one round, over the pairs. */
static void worst_of(const struct network *net, size_t round, struct worst *ret)
{
	*ret = (struct worst){NAN, NAN, NAN, NAN};
	for (size_t i = 0; i < net->n_pairs; i++) {
		const struct network_sample *s = &net->pairs[i].rounds[round];

		if (round >= net->pairs[i].n_rounds)
			continue;
		if (s->rtt_known) {
			ret->p50 = fmax(ret->p50, s->rtt.p50);
			ret->p99 = fmax(ret->p99, s->rtt.p99);
		}
		ret->speed = fmin(ret->speed, s->throughput_mbit);
		if (s->rtt_known)
			ret->loss = fmax(ret->loss, s->lost * 100 / s->sent);
	}
}

static size_t most_rounds(const struct network *networks, size_t n)
{
	size_t most = 0;

	for (size_t k = 0; k < n; k++)
		for (size_t i = 0; i < networks[k].n_pairs; i++)
			most = MAX_OF(most, networks[k].pairs[i].n_rounds);
	return most;
}

void network_figures(const struct network *networks, size_t n, struct section_result *ret)
{
	static const char *const names[][3] = {{"rtt_p50", "rtt_p99", "throughput"},
		{"overlay_rtt_p50", "overlay_rtt_p99", "overlay_throughput"}};

	for (size_t round = 0; round < most_rounds(networks, n); round++) {
		double loss = NAN;

		for (size_t k = 0; k < n && k < ARRAY_SIZE(names); k++) {
			struct worst w;

			worst_of(&networks[k], round, &w);
			section_figure(ret, names[k][0], "ms", BETTER_LOWER, w.p50);
			section_figure(ret, names[k][1], "ms", BETTER_LOWER, w.p99);
			section_figure(ret, names[k][2], "Mbit/s", BETTER_HIGHER, w.speed);
			loss = fmax(loss, w.loss);
		}
		section_figure(ret, "loss", "%", BETTER_LOWER, loss);
	}
}

/* ---- detail ---- */

static void set_whole(json_t *o, const char *key, int value)
{
	json_object_set_new(o, key, value ? json_integer(value) : json_null());
}

static void set_text(json_t *o, const char *key, const char *text)
{
	if (text)
		json_set_text(o, key, text, strlen(text));
	else
		json_object_set_new(o, key, json_null());
}

static json_t *pair_detail(
	const struct network_pair *p, const struct network_sum *s, const char *const *names)
{
	json_t *o = json_object();

	set_text(o, "from", names[p->from]);
	set_text(o, "to", names[p->to]);
	json_object_set_new(o, "rtt_ms", s->rtt_known ? latency_make(&s->rtt) : json_null());
	clean_set(o, "jitter_ms", s->jitter_ms);
	json_object_set_new(
		o, "by", s->rtt_known ? json_string(s->by_tcp ? "tcp" : "udp") : json_null());
	json_object_set_new(
		o, "lost", s->sent > 0 ? json_integer((json_int_t)s->lost) : json_null());
	json_object_set_new(
		o, "sent", s->sent > 0 ? json_integer((json_int_t)s->sent) : json_null());
	clean_set(o, "throughput_mbit", s->throughput_mbit);
	set_whole(o, "interface_mtu", s->interface_mtu);
	set_whole(o, "path_mtu", s->path_mtu);
	set_text(o, "path_mtu_how", s->path_mtu_how);
	set_text(o, "error", s->error);
	return o;
}

static json_t *texts(const char *const *texts, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++) {
		_cleanup_json_ json_t *o = json_object();

		set_text(o, "text", texts[i]);
		json_array_append(all, json_object_get(o, "text"));
	}
	return all;
}

void network_detail(const struct network *net, const struct network_sum *sums,
	const char *const *names, json_t *detail)
{
	json_t *o = json_object(), *pairs = json_array();
	int mtu = 0;

	for (size_t i = 0; i < net->n_pairs; i++) {
		json_array_append_new(pairs, pair_detail(&net->pairs[i], &sums[i], names));
		if (sums[i].interface_mtu && (!mtu || sums[i].interface_mtu < mtu))
			mtu = sums[i].interface_mtu;
	}
	set_text(o, "name", net->name);
	set_whole(o, "mtu", mtu);
	json_object_set_new(o, "pairs", pairs);
	json_object_set_new(o, "left_out", texts(net->left_out, net->n_left_out));
	if (!json_arr(detail, "networks"))
		json_object_set_new(detail, "networks", json_array());
	json_array_append_new(json_arr(detail, "networks"), o);
}
