/* Log-linear histogram: see hist.h.  Values below 2^HIST_BITS have a bucket each; above, a value's
 * bucket is its highest bit and the HIST_BITS bits that follow it. */
#include "probe/load/hist.h"

#include "lib/base/macro.h"

static unsigned bucket_of(uint64_t value)
{
	unsigned shift;

	if (value >> HIST_BITS == 0)
		return (unsigned)value;
	if (value >> HIST_RANGE)
		return HIST_BUCKETS - 1;
	shift = 63 - HIST_BITS - (unsigned)__builtin_clzll(value);
	return ((shift + 1) << HIST_BITS) + (unsigned)((value >> shift) & ((1u << HIST_BITS) - 1));
}

/* The largest value that belongs into @bucket. */
static uint64_t top_of(unsigned bucket)
{
	unsigned shift = bucket >> HIST_BITS;
	uint64_t low = bucket & ((1u << HIST_BITS) - 1);

	if (!shift)
		return low;
	shift--;
	return ((low + (1u << HIST_BITS) + 1) << shift) - 1;
}

void hist_add(struct hist *h, uint64_t value)
{
	h->min = !h->n || value < h->min ? value : h->min;
	h->max = MAX_OF(h->max, value);
	h->n++;
	h->sum += (double)value;
	h->buckets[bucket_of(value)]++;
}

void hist_merge(struct hist *into, const struct hist *from)
{
	if (!from->n)
		return;
	into->min = !into->n || from->min < into->min ? from->min : into->min;
	into->max = MAX_OF(into->max, from->max);
	into->n += from->n;
	into->sum += from->sum;
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		into->buckets[i] += from->buckets[i];
}

uint64_t hist_at(const struct hist *h, double q)
{
	double exact = q * (double)h->n;
	uint64_t rank = (uint64_t)exact, seen = 0;

	if (!h->n)
		return 0;
	rank += (double)rank < exact;
	rank = MIN_OF(MAX_OF(rank, 1), h->n);
	if (rank == h->n)
		return h->max;
	for (unsigned i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += h->buckets[i];
		if (seen >= rank)
			return MIN_OF(top_of(i), h->max);
	}
	return h->max;
}

double hist_mean(const struct hist *h)
{
	return h->n ? h->sum / (double)h->n : 0;
}
