/*
 * Inside probe/tool: a stage for trying settings without touching what runs.  A network namespace
 * of its own, with kernel settings of its own, and in it two nginx of the node's own make: a front
 * as svarm configures it, and behind it a back that answers at once.  Disks and processors are the
 * node's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { STAGE_FRONT = 8001, STAGE_BACK = 8002 }; /* ports on 127.0.0.1 */

struct stage {
	const char *nginx; /* path of the program; borrowed */
	char *dir;         /* owned: configurations, temporary files; removed by stage_close() */
	pid_t front, back; /* masters; 0: not running */
	int undo;          /* removes the folder when this process is killed */
};

/* The calling process moves into a network namespace of its own for good.  Needs root.  The folder
 * is made below @below.  @ret must be zeroed; stage_close() it also after a failure. */
int stage_open(const char *nginx, const char *below, struct stage *ret, struct err *err)
	_must_check_;
void stage_close(struct stage *s);

/* What differs between two fronts; 0 leaves nginx' or the kernel's own default. */
struct front {
	unsigned keepalive;   /* idle connections kept to the back */
	unsigned body_buffer; /* client_body_buffer_size */
	bool proxy_buffers;   /* as templates/nginx.conf has them */
	unsigned backlog;     /* of listen */
};

/* Start a front, in the place of one that runs; 0 when it takes connections. */
int stage_front(struct stage *s, const struct front *f, struct err *err) _must_check_;
/* Stop the front's workers for that long, then let them go on: a server that is busy. */
int stage_stall_front(struct stage *s, unsigned msec, struct err *err) _must_check_;

/* A kernel setting of the stage: "core/somaxconn", below /proc/sys/net. */
int stage_set(const char *setting, const char *value, struct err *err) _must_check_;
int stage_get(const char *setting, struct buf *ret, struct err *err) _must_check_;
/* A counter of the stage's network: @group "Tcp" or "TcpExt", @name "ActiveOpens"; -1: has none. */
long long stage_counter(const char *group, const char *name);
