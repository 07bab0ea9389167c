/*
 * Inside probe/load: what a thread says of its run beside its answers: its processor time, the
 * seconds of the series, its connections.  loop.c calls these a few times a run, or once a turn.
 */
#pragma once

#include "probe/load/loop.h"

/* Processor time of the calling thread. */
double loop_cpu_seconds(void);
/* Remember it as that at the start, if what counts has begun. */
void loop_take_cpu(struct loop *l);
/* Hand in the answers of a second that is over. */
void loop_next_window(struct loop *l);
/* The run is over: fill in @l->result, and hand in what is left. */
void loop_give(struct loop *l, double cpu_at_stop);
