/* Documents kept on the leader (svarm bench --save), so that whoever measures next can compare. */
#pragma once

#include "lib/ext/json.h"
#include "lib/run/fleet.h"

/* Keep @doc in /var/lib/svarm/bench on the leader, and of all that are there the 20 newest. */
int saved_write(struct fleet *f, const json_t *doc, struct err *err) _must_check_;
/* The newest of them; *@ret is owned by the caller.  -ENOENT: none is kept. */
int saved_read(struct fleet *f, json_t **ret, struct err *err) _must_check_;
