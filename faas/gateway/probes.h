/* Probes of the gateway's container: see faas/common/probe.h. */
#pragma once

#include "faas/common/probe.h"

extern const struct probe gateway_probes[];

/* What Redis says of its memory and its files: probe store.  What waits: probe queue. */
int probe_store(char **argv, json_t *out, struct err *err);
int probe_queue(char **argv, json_t *out, struct err *err);
