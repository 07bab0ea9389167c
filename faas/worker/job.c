/* Where the held entries are kept: see job.h.  A hash table and a binary heap. */
#include "faas/worker/job.h"

#include <string.h>

#include "lib/base/xalloc.h"

void list_add(struct job_list *l, struct job *j)
{
	j->list = l;
	j->next = NULL;
	j->prev = l->tail;
	if (l->tail)
		l->tail->next = j;
	else
		l->head = j;
	l->tail = j;
	l->n++;
}

void list_drop(struct job *j)
{
	struct job_list *l = j->list;

	if (!l)
		return;
	if (j->prev)
		j->prev->next = j->next;
	else
		l->head = j->next;
	if (j->next)
		j->next->prev = j->prev;
	else
		l->tail = j->prev;
	j->list = NULL;
	j->prev = j->next = NULL;
	l->n--;
}

struct job *list_pop(struct job_list *l)
{
	struct job *j = l->head;

	if (j)
		list_drop(j);
	return j;
}

/* Ids count up within a lane, so their digits spread well enough. */
static size_t hash_of(const struct lane *lane, const char *id)
{
	size_t h = (size_t)lane >> 4;

	for (; *id; id++)
		h = h * 31 + (unsigned char)*id;
	return h % ARRAY_SIZE(((struct jobs *)0)->by_hash);
}

struct job *jobs_find(const struct jobs *js, const struct lane *lane, const char *id)
{
	struct job *j = js->by_hash[hash_of(lane, id)];

	while (j && (j->lane != lane || strcmp(j->id, id)))
		j = j->same_hash;
	return j;
}

void jobs_add(struct jobs *js, struct job *j)
{
	struct job **at = &js->by_hash[hash_of(j->lane, j->id)];

	j->same_hash = *at;
	*at = j;
	js->n++;
}

struct job *jobs_next(const struct jobs *js, const struct job *j)
{
	size_t i = j ? hash_of(j->lane, j->id) + 1 : 0;

	if (j && j->same_hash)
		return j->same_hash;
	while (i < ARRAY_SIZE(js->by_hash) && !js->by_hash[i])
		i++;
	return i < ARRAY_SIZE(js->by_hash) ? js->by_hash[i] : NULL;
}

/* ---- the paused, by time ---- */

static void heap_put(struct jobs *js, struct job *j, size_t at)
{
	js->heap[at] = j;
	j->heap_at = at + 1;
}

/* Bring @j, meant for place @at, to where it belongs. */
static void heap_settle(struct jobs *js, struct job *j, size_t at)
{
	while (at > 0 && j->not_before < js->heap[(at - 1) / 2]->not_before) {
		heap_put(js, js->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < js->paused &&
			js->heap[child + 1]->not_before < js->heap[child]->not_before)
			child++;
		if (child >= js->paused || js->heap[child]->not_before >= j->not_before)
			break;
		heap_put(js, js->heap[child], at);
		at = child;
	}
	heap_put(js, j, at);
}

static void heap_drop(struct jobs *js, struct job *j)
{
	size_t at = j->heap_at - 1;
	struct job *last = js->heap[--js->paused];

	j->heap_at = 0;
	if (last != j)
		heap_settle(js, last, at);
}

void jobs_pause(struct jobs *js, struct job *j)
{
	xgrow(js->heap, js->paused, js->heap_cap);
	heap_settle(js, j, js->paused++);
}

struct job *jobs_due(struct jobs *js, usec_t now)
{
	struct job *j = js->paused ? js->heap[0] : NULL;

	if (!j || j->not_before > now)
		return NULL;
	heap_drop(js, j);
	return j;
}

void jobs_drop(struct jobs *js, struct job *j)
{
	struct job **at = &js->by_hash[hash_of(j->lane, j->id)];

	while (*at && *at != j)
		at = &(*at)->same_hash;
	if (*at) {
		*at = j->same_hash;
		js->n--;
	}
	if (j->heap_at)
		heap_drop(js, j);
	list_drop(j);
}

void jobs_done(struct jobs *js)
{
	free(js->heap);
	js->heap = NULL;
}
