/* What no single value can tell: checks across the whole spec, and its final form. */
#pragma once

#include "lib/spec/diag.h"
#include "lib/spec/grammar.h"
#include "lib/spec/include.h"
#include "lib/spec/marks.h"

/*
 * Complete @draft (values that default to other values, the sysctl map over its defaults) and
 * check it.  Mistakes go to @diag, warnings to the cluster.  Values that the parser could not read
 * are left out of the checks, so that one mistake is reported once.
 */
void spec_check(
	struct draft *draft, struct diag *diag, struct marks *marks, struct includes *includes);
