/* Probes of the gateway's container: see faas/common/probe.h. */
#pragma once

#include "faas/common/probe.h"

extern const struct probe gateway_probes[];
