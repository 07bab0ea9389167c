/* glibc's knobs; nothing happens with another C library: see heap.h. */
#include "lib/ext/heap.h"

#include <features.h>

#ifdef __GLIBC__
#include <malloc.h>

void heap_tune(void)
{
	mallopt(M_ARENA_MAX, 2);
	/* Fixed: left alone, the threshold grows with the first large block that is freed. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_TRIM_THRESHOLD, 128 << 10);
}
#else
void heap_tune(void)
{
}
#endif
