/*
 * `svarm-gateway queue …`: what waits in the queues and what was given up, for people and for
 * `svarm queue` (docker exec).  Prints one JSON object; the exit status is 0, 1 when its "ok" is
 * false, 2 for a wrong command line.
 */
#pragma once

#include "lib/ext/json.h"
#include "lib/ext/redis.h"

int letters_main(int argc, char **argv);

/* What waits: "queues" with their numbers, "dead" and the ages of the dead, added to @out. */
int letters_status(struct redis *c, json_t *out, struct err *err) _must_check_;
