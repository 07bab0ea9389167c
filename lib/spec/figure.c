/* The table of figures: see figure.h.  docs/bench.md repeats it; tests/system/bench.t compares. */
#include "lib/spec/figure.h"

#include <string.h>

#include "lib/base/macro.h"

const struct figure_name figure_names[] = {
	{"cpu", "steal", "%", "processor time that other guests took, of the worst node"},
	{"cpu", "slowdown", "%", "how much slower the same work is at the end, of the worst node"},
	{"disk", "fdatasync_p50", "ms", "2300 bytes appended and synced, of the worst node"},
	{"disk", "fdatasync_p99", "ms", "2300 bytes appended and synced, of the worst node"},
	{"disk", "read_p50", "ms", "4 KiB read at random, of the worst node"},
	{"disk", "read_p99", "ms", "4 KiB read at random, of the worst node"},
	{"network", "rtt_p50", "ms", "round trip between nodes, of the worst pair"},
	{"network", "rtt_p99", "ms", "round trip between nodes, of the worst pair"},
	{"network", "throughput", "Mbit/s", "between nodes, of the worst pair"},
	{"network", "overlay_rtt_p50", "ms", "the same through the overlay"},
	{"network", "overlay_rtt_p99", "ms", "the same through the overlay"},
	{"network", "overlay_throughput", "Mbit/s", "the same through the overlay"},
	{"network", "loss", "%", "packets lost, of the worst pair"},
	{"redis", "rate", "1/s", "new connections to Redis"},
	{"redis", "connect_p99", "ms", "time of one connect"},
	{"redis", "connect_cpu", "us", "processor time of one connect"},
	{"redis", "refused", "count", "connects that were refused"},
	{"redis", "rate_gain", "ratio", "rate with the tuning over the rate without; --ab"},
	{"redis", "cpu_gain", "ratio", "processor time without the tuning over that with it; --ab"},
	{"http", "p50", "ms", "latency of calls"},
	{"http", "p90", "ms", "latency of calls"},
	{"http", "p99", "ms", "latency of calls"},
	{"http", "p999", "ms", "latency of calls"},
	{"http", "rps", "1/s", "answers"},
	{"http", "errors", "%", "calls without an answer, or with a status of 400 and more"},
	{"http", "cpu_us", "us", "the client's processor time for an answer"},
	{"http", "lag_p99", "ms", "how late requests were sent; open loop"},
	{"async", "accept", "1/s", "calls accepted into the queue"},
	{"async", "drain", "1/s", "calls worked off"},
	{"async", "p50", "ms", "from the call to its callback"},
	{"async", "p99", "ms", "from the call to its callback"},
	{"async", "lost", "count", "calls accepted that were never called back"},
	{"async", "duplicated", "count", "callbacks after a call's first"},
	{"cold", "p50", "ms", "a call while no container runs"},
	{"cold", "p90", "ms", "a call while no container runs"},
	{"cold", "max", "ms", "a call while no container runs"},
	{"tuning", "upstream_keepalive", "ratio", "what the setting buys"},
	{"tuning", "body_buffer", "ratio", "what the setting buys"},
	{"tuning", "proxy_buffers", "ratio", "what the setting buys"},
	{"tuning", "backlog", "ratio", "what the setting buys"},
	{"tuning", "tcp_tw_reuse", "ratio", "what the setting buys"},
	{"compare", "worse", "count", "figures that are worse than in the earlier run; --compare"},
};
const size_t n_figure_names = ARRAY_SIZE(figure_names);

static bool same(const char *word, const char *s, size_t len)
{
	return strlen(word) == len && !memcmp(word, s, len);
}

const struct figure_name *figure_find(
	const char *section, size_t section_len, const char *name, size_t name_len)
{
	for (size_t i = 0; i < n_figure_names; i++)
		if (same(figure_names[i].section, section, section_len) &&
			same(figure_names[i].name, name, name_len))
			return &figure_names[i];
	return NULL;
}

bool figure_section(const char *section, size_t len)
{
	for (size_t i = 0; i < n_figure_names; i++)
		if (same(figure_names[i].section, section, len))
			return true;
	return false;
}
