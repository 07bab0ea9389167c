/*
 * The metrics of functions, under the names that OpenFaaS' gateway gives them; their label
 * function_name is "NAME.openfaas-fn", as it is there since the end of 2020.
 */
#pragma once

#include "faas/gateway/plane.h"

/* Either may be NULL: nothing is known then, and nothing printed from it. */
void metrics_functions(const struct plane_sample *sample, const struct model *m, struct buf *out);
