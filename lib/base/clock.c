/* Time, in one place: see clock.h. */
#include "lib/base/clock.h"

usec_t clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

double clock_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void clock_format(struct buf *out, usec_t duration)
{
	unsigned long secs = (unsigned long)(duration / USEC_PER_SEC);

	if (duration < 10 * USEC_PER_SEC)
		buf_addf(out, "%.1fs", (double)duration / (double)USEC_PER_SEC);
	else if (secs < 60)
		buf_addf(out, "%lus", secs);
	else
		buf_addf(out, "%lum%02lus", secs / 60, secs % 60);
}

void clock_rfc3339(struct buf *out, time_t t)
{
	char text[32];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_adds(out, text);
}

void clock_sleep(usec_t duration)
{
	struct timespec ts = {.tv_sec = (time_t)(duration / USEC_PER_SEC),
		.tv_nsec = (long)(duration % USEC_PER_SEC) * 1000};

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}
