/*
 * svarm-probe net: what is the way to another machine like?
 *
 *	svarm-probe net-serve                                   there
 *	svarm-probe net --to ADDRESS --port N <TOKEN            here
 *
 * The token that net-serve printed is read from standard input.  Prints one JSON object.  Exit: 0,
 * 1 something could not be measured (the object says what), 2 usage, 3 this machine's own fault.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/load/hist_json.h"
#include "probe/tool/net.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"

static const char usage[] = "usage: svarm-probe net --to ADDRESS --port N [OPTIONS] <TOKEN\n"
			    "  --seconds S      of the round trips, and of the stream (1)\n"
			    "  --interval MS    between questions (1)\n"
			    "  --only PART,…    of rtt, mtu, throughput (all)\n";

enum part { RTT = 1, MTU = 2, THROUGHPUT = 4, ALL = 7 };

struct measured {
	unsigned parts;
	struct net_rtt rtt;
	struct net_mtu mtu;
	struct net_count count; /* ns 0: not known */
	bool udp_silent;        /* round trips are TCP's, because UDP was not answered */
	struct buf error;
};

static bool parse_parts(char *text, unsigned *ret)
{
	static const char *const names[] = {"rtt", "mtu", "throughput"};
	char *rest = NULL;

	*ret = 0;
	for (char *p = strtok_r(text, ",", &rest); p; p = strtok_r(NULL, ",", &rest)) {
		size_t i = 0;

		while (i < ARRAY_SIZE(names) && strcmp(names[i], p))
			i++;
		if (i == ARRAY_SIZE(names))
			return false;
		*ret |= 1u << i;
	}
	return *ret != 0;
}

static bool read_token(struct net_target *t)
{
	char text[NET_TOKEN_TEXT + 8];

	return fgets(text, sizeof(text), stdin) && net_token_parse(text, t->token);
}

static int parse(int argc, char **argv, struct net_target *t, unsigned *parts)
{
	static const struct option options[] = {{"to", required_argument, NULL, 't'},
		{"port", required_argument, NULL, 'p'}, {"seconds", required_argument, NULL, 's'},
		{"interval", required_argument, NULL, 'i'}, {"only", required_argument, NULL, 'o'},
		{0}};
	_cleanup_err_ struct err err = ERR_INIT;
	double port = 0, seconds = 1, interval = 1;
	const char *to = NULL;
	bool good = true;
	int option;

	*parts = ALL;
	while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't': to = optarg; break;
		case 'p': good = parse_whole(optarg, 65535, &port); break;
		case 's': good = parse_number(optarg, NET_MAX_SECONDS, &seconds); break;
		case 'i': good = parse_number(optarg, 10000, &interval); break;
		case 'o': good = parse_parts(optarg, parts); break;
		default: good = false;
		}
	}
	t->duration = (usec_t)(seconds * 1e6);
	t->interval = (usec_t)(interval * 1e3);
	if (!good || optind != argc || !to || port < 1 || t->duration < 10000 || t->interval < 100)
		return fputs(usage, stderr), TOOL_USAGE;
	if (net_address(to, (int)port, t, &err) < 0)
		return fprintf(stderr, "svarm-probe net: %s\n", err_msg(&err)), TOOL_USAGE;
	if (!read_token(t))
		return fputs("svarm-probe net: no token on standard input\n", stderr), TOOL_USAGE;
	return 0;
}

static void note(struct measured *m, const char *what, struct err *err)
{
	buf_addf(&m->error, "%s%s: %s", m->error.len ? "; " : "", what, err_msg(err));
	err_done(err);
}

static void measure_rtt(const struct net_target *t, struct measured *m)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (net_rtt_udp(t, &m->rtt, &err) < 0)
		note(m, "round trips", &err);
	if (m->rtt.by)
		return;
	m->udp_silent = true;
	m->rtt = (struct net_rtt){0};
	if (net_rtt_tcp(t, &m->rtt, &err) < 0)
		note(m, "no answer by UDP, nor by TCP", &err);
}

static void measure(const struct net_target *t, struct measured *m)
{
	_cleanup_err_ struct err err = ERR_INIT;
	bool reached;

	if (m->parts & RTT)
		measure_rtt(t, m);
	reached = !(m->parts & RTT) || m->rtt.by;
	if (m->parts & MTU && reached && !m->udp_silent && net_mtu(t, &m->mtu, &err) < 0)
		note(m, "packet size", &err);
	if (m->parts & THROUGHPUT && reached && net_stream(t, &m->count, &err) < 0) {
		m->count.ns = 0;
		note(m, "throughput", &err);
	}
}

static void add_text(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, ", \"%s\": ", key);
	if (text && *text)
		quote_json(out, text);
	else
		buf_adds(out, "null");
}

static void add_count(struct buf *out, const char *key, uint64_t value, bool known)
{
	if (known)
		buf_addf(out, ", \"%s\": %llu", key, (unsigned long long)value);
	else
		buf_addf(out, ", \"%s\": null", key);
}

static void print(const struct net_target *t, const struct measured *m)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	bool udp = m->rtt.by && !m->udp_silent;

	buf_addf(&out, "{\"family\": %d", net_family(t) == AF_INET6 ? 6 : 4);
	add_text(&out, "by", m->rtt.by);
	buf_adds(&out, ", \"rtt_ms\": ");
	hist_json_or_null(&out, &m->rtt.ns);
	if (m->rtt.by)
		buf_addf(&out, ", \"jitter_ms\": %.4f", m->rtt.jitter_ms);
	add_count(&out, "sent", m->rtt.sent, udp);
	add_count(&out, "lost", m->rtt.lost, udp);
	add_count(&out, "duplicates", m->rtt.duplicates, udp);
	add_text(&out, "interface", m->mtu.interface);
	add_count(&out, "interface_mtu", (uint64_t)m->mtu.interface_mtu, m->mtu.interface_mtu);
	add_count(&out, "path_mtu", (uint64_t)m->mtu.path_mtu, m->mtu.path_mtu);
	add_text(&out, "path_mtu_how", m->mtu.how);
	if (m->count.ns)
		buf_addf(&out, ", \"throughput_mbit\": %.3f",
			(double)m->count.bytes * 8e3 / (double)m->count.ns);
	add_text(&out, "error", buf_str(&m->error));
	buf_addc(&out, '}');
	puts(buf_str(&out));
}

int tool_net(int argc, char **argv)
{
	_cleanup_free_ struct measured *m = xcalloc(1, sizeof(*m));
	struct net_target t = {0};
	int r = parse(argc, argv, &t, &m->parts);

	if (r)
		return r;
	signal(SIGPIPE, SIG_IGN);
	measure(&t, m);
	print(&t, m);
	r = m->error.len ? TOOL_BAD : 0;
	buf_done(&m->error);
	return r;
}
