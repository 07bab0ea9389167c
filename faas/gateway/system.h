/* What the handlers of the /system/ routes share: answers, and the rules for names in requests. */
#pragma once

#include "faas/common/name.h"
#include "faas/gateway/api.h"
#include "faas/gateway/services.h"

void system_reply_json(struct call *c, unsigned status, const json_t *j);
/* 500 with the message, which is also logged. */
void system_reply_error(struct call *c, const struct err *err);
/* An empty answer once the watcher has seen the change (or soon will), so that the next call does.
 */
void system_reply_accepted(struct call *c, unsigned status);

/* The query names no other namespace than ours. */
bool system_namespace_ok(const struct call *c);
/* Neither does the request's own member "namespace". */
bool system_body_namespace_ok(const json_t *request);
/* The request's body as a JSON object; false when it is none. */
bool system_body(struct call *c, json_t **ret);
