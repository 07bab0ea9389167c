/* Counting calls: started, ended, how and after how long.  Any process, no lock needed. */
#pragma once

#include "faas/nginx/zone.h"

/* @f is counted in flight (zone_take) from before count_start() until after count_end(). */
void count_start(struct function *f);
void count_end(struct zone *z, struct function *f, ngx_uint_t status, uint64_t micros);
/* With the lock held: a call ended with the process that carried it.  As 502, without duration. */
void count_lost(struct zone *z, struct function *f);

uint64_t count_clock(void); /* microseconds, monotonic */

/*
 * What was counted, as text that takes @pool's memory.  Functions that nobody has called are left
 * out.
 *
 *     svarm-counters 1
 *     function NAME
 *     status STATUS CALLS MICROSECONDS N N N…    of the function above; 11 buckets, not cumulative
 *     started CALLS LAST-MS                      of the function above; LAST-MS: unix time
 *     end
 */
ngx_chain_t *count_print(struct zone *z, ngx_pool_t *pool);
/* The table as it is, and what is in flight: "function NAME TIMEOUT-MS INFLIGHT" and
 * "task ADDRESS:PORT INFLIGHT FAILS" lines. */
ngx_chain_t *count_print_table(struct zone *z, ngx_pool_t *pool);
