/* What measuring on the nodes printed.  A node may be broken or hostile: every number is checked,
 * and what is not as it should be counts as not measured. */
#include "probe/bench/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xalloc.h"
#include "probe/bench/clean.h"

#define MOST_COUNT 1e9
#define MOST_MBIT  1e8 /* 100 Tbit/s */

enum { MOST_MTU = 65536, TOKEN = 32, MOST_LINE = 4096, MOST_TEXT = 300 };

static int whole(const json_t *o, const char *key, double most)
{
	double value = clean_number(o, key, 0, most);

	return isnan(value) ? 0 : (int)value;
}

static const char *how_of(const json_t *o)
{
	static const char *const known[] = {"whole", "fragmentation needed", "black hole"};
	const char *text = json_str(o, "path_mtu_how");

	for (size_t i = 0; text && i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i], text))
			return known[i];
	return NULL;
}

void network_read(const json_t *o, struct arena *arena, struct network_sample *ret)
{
	const char *by = json_str(o, "by"), *error = json_str(o, "error");

	*ret = (struct network_sample){.jitter_ms = clean_number(o, "jitter_ms", 0, MOST_COUNT),
		.sent = clean_number(o, "sent", 0, MOST_COUNT),
		.lost = clean_number(o, "lost", 0, MOST_COUNT),
		.throughput_mbit = clean_number(o, "throughput_mbit", 0, MOST_MBIT),
		.interface_mtu = whole(o, "interface_mtu", MOST_MTU),
		.path_mtu = whole(o, "path_mtu", MOST_MTU),
		.path_mtu_how = how_of(o)};
	ret->rtt_known = latency_read(json_obj(o, "rtt_ms"), &ret->rtt);
	ret->by_tcp = by && !strcmp(by, "tcp");
	if (!(ret->sent >= ret->lost) || ret->sent == 0)
		ret->sent = ret->lost = NAN;
	/* A packet larger than the interface's own is no finding, and neither is one without it. */
	if (ret->path_mtu > ret->interface_mtu)
		ret->path_mtu = ret->interface_mtu = 0;
	if (error)
		ret->error = arena_strndup(arena, error, MIN_OF(strlen(error), (size_t)MOST_TEXT));
}

bool network_read_server(const char *line, int *ret_port, char ret_token[33])
{
	_cleanup_json_ json_t *o = NULL;
	const char *token;
	json_int_t port;

	if (json_parse(line, strlen(line), MOST_LINE, &o, NULL) < 0)
		return false;
	token = json_str(o, "token");
	port = json_int(o, "port", 0);
	if (!token || strspn(token, "0123456789abcdef") != TOKEN || token[TOKEN] || port < 1 ||
		port > 65535)
		return false;
	memcpy(ret_token, token, TOKEN + 1);
	*ret_port = (int)port;
	return true;
}

static double median_known(double *values, size_t n)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(values[i]))
			values[known++] = values[i];
	return median_of(values, known);
}

void network_sum(const struct network_pair *p, struct network_sum *ret)
{
	_cleanup_free_ struct latency *rtt = xcalloc(p->n_rounds + 1, sizeof(*rtt));
	_cleanup_free_ double *speed = xcalloc(p->n_rounds + 1, sizeof(*speed));
	_cleanup_free_ double *jitter = xcalloc(p->n_rounds + 1, sizeof(*jitter));
	size_t n = 0;

	*ret = (struct network_sum){.sent = 0, .error = p->why_not};
	for (size_t i = 0; i < p->n_rounds; i++) {
		const struct network_sample *s = &p->rounds[i];

		speed[i] = s->throughput_mbit;
		jitter[i] = s->rtt_known ? s->jitter_ms : NAN;
		if (s->rtt_known)
			rtt[n++] = s->rtt;
		ret->by_tcp = ret->by_tcp || s->by_tcp;
		ret->sent += isnan(s->sent) ? 0 : s->sent;
		ret->lost += isnan(s->lost) ? 0 : s->lost;
		if (s->interface_mtu && !ret->interface_mtu) {
			ret->interface_mtu = s->interface_mtu;
			ret->path_mtu = s->path_mtu;
			ret->path_mtu_how = s->path_mtu_how;
		}
		if (!ret->error)
			ret->error = s->error ? s->error : s->throughput_error;
	}
	ret->rtt_known = n > 0;
	if (n)
		latency_join(rtt, n, &ret->rtt);
	ret->throughput_mbit = median_known(speed, p->n_rounds);
	ret->jitter_ms = median_known(jitter, p->n_rounds);
	ret->loss_percent = ret->sent > 0 ? ret->lost * 100 / ret->sent : NAN;
}
