/* The grammar of cluster.yaml as a JSON Schema (draft 2020-12), printed from the same table that
 * the parser walks. */
#pragma once

#include "lib/base/buf.h"

void schema_print(struct buf *out);
