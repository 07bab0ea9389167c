/*
 * The life of an accepted call: invoke the function, retry what may pass, deliver the callback,
 * acknowledge; or the dead-letter stream.  One thread drives everything through http_multi; an
 * entry is acknowledged only after all of that, so that whatever happens it runs at least once.
 */
#pragma once

#include "faas/worker/config.h"

struct work;

/* @c is borrowed for good. */
struct work *work_new(const struct config *c);
void work_free(struct work *w);

/* Run until *@stop turns true, then finish what is under way within the stop timeout, and hand the
 * rest over to others. */
void work_run(struct work *w, const volatile int *stop);
/* End a wait early; safe in a signal handler. */
void work_wakeup(struct work *w);
