/*
 * `svarm-gateway queue …`: what waits in the queues and what was given up, for people and for
 * `svarm queue` (docker exec).  Prints one JSON object; the exit status is 0, 1 when its "ok" is
 * false, 2 for a wrong command line.
 */
#pragma once

#include "faas/gateway/config.h"
#include "lib/base/buf.h"

int letters_main(int argc, char **argv);

/* Append gauges for Prometheus: what waits in each queue, and the dead letters; nothing when Redis
 * does not answer within a second.  Blocks meanwhile. */
void letters_gauges(const struct config *c, struct buf *out);
