/* Amounts as deployments write them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Memory in bytes: "128Mi" "128M" "128m" "1Gi" "512k" "1073741824"; k, M, G, T are powers of 1000
 * with no i, of 1024 with one, as Kubernetes has it; a small letter and Docker's "128m" count as
 * 1024.  False for anything else, 0, or more than 2^60. */
bool quantity_memory(const char *text, int64_t *ret);
/* CPU in billionths: "100m" (thousandths), "1", "1.5", "0.25".  False for anything else, 0, more
 * than 1000 CPUs, or finer than a billionth. */
bool quantity_cpu(const char *text, int64_t *ret);
