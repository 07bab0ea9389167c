/*
 * Who may take the next slot: a queue full of slow calls must leave room for the others at any
 * moment, also for one that has nothing to do now, because a slot comes back only when a call ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * True when a queue with @own calls under way, of @all in all queues, may begin another one, with
 * @max slots and @queues queues known.  Alone it may have them all.  Else it may have up to three
 * times what is free, so that one busy queue gets three quarters and n of them get 3/(3n+1) each;
 * and never the last slot, unless it has none.
 */
bool share_allows(size_t own, size_t all, size_t max, size_t queues);

/* How many more it may begin, if nobody else begins any; counted up to @most. */
size_t share_room(size_t own, size_t all, size_t max, size_t queues, size_t most);
