/* Inside probe/load: connections in an order, each in one list at a time. */
#pragma once

#include "probe/load/conn.h"

struct conn_list {
	struct conn *first, *last;
};

static inline void conn_list_append(struct conn_list *l, struct conn *c)
{
	c->prev = l->last;
	c->next = NULL;
	if (l->last)
		l->last->next = c;
	else
		l->first = c;
	l->last = c;
}

static inline void conn_list_prepend(struct conn_list *l, struct conn *c)
{
	c->prev = NULL;
	c->next = l->first;
	if (l->first)
		l->first->prev = c;
	else
		l->last = c;
	l->first = c;
}

static inline void conn_list_remove(struct conn_list *l, struct conn *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		l->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		l->last = c->prev;
}
