/*
 * An answer in pieces.  libmicrohttpd asks for the next bytes on its event thread; the writer
 * brings them on its own.  Between the two stands a small buffer: while it is empty the connection
 * is suspended, while it is full the writer waits, so that a slow client slows down the source and
 * costs no memory.
 *
 * A suspended connection is not watched by libmicrohttpd.  The writer therefore looks at the socket
 * itself, under the lock: it stays open until stream_lost() has been called.
 */
#include "lib/ext/httpd_stream.h"

#include <poll.h>
#include <pthread.h>

#include "lib/base/buf.h"
#include "lib/base/xalloc.h"

enum {
	ROOM = 64 << 10,      /* bytes waiting for the client */
	BLOCK = 16 << 10,     /* given to libmicrohttpd at a time */
	LOOK_EVERY_MS = 1000, /* at the socket, while waiting */
};

struct httpd_stream {
	pthread_mutex_t lock;
	pthread_cond_t room;
	struct MHD_Connection *conn; /* valid until gone */
	int fd;                      /* as well */
	struct buf waiting;
	bool suspended, ended, gone;
	int shares;
};

struct httpd_stream *stream_new(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct httpd_stream *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->room, NULL);
	s->conn = conn;
	s->fd = info ? info->connect_fd : -1;
	s->shares = 2;
	return s;
}

/* Gives back one share and the lock. */
static void unlock_and_release(struct httpd_stream *s)
{
	bool last = --s->shares == 0;

	pthread_mutex_unlock(&s->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->room);
	buf_done(&s->waiting);
	free(s);
}

void stream_lost(struct httpd_stream *s)
{
	pthread_mutex_lock(&s->lock);
	s->gone = true;
	pthread_cond_signal(&s->room);
	unlock_and_release(s);
}

/* libmicrohttpd wants up to @max bytes: on its event thread. */
static ssize_t on_read(void *arg, uint64_t pos, char *out, size_t max)
{
	struct httpd_stream *s = arg;
	ssize_t n = 0;

	pthread_mutex_lock(&s->lock);
	if (s->waiting.len) {
		n = (ssize_t)MIN_OF(max, s->waiting.len);
		memcpy(out, s->waiting.data, (size_t)n);
		buf_consume(&s->waiting, (size_t)n);
		pthread_cond_signal(&s->room);
	} else if (s->ended) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		MHD_suspend_connection(s->conn);
		s->suspended = true;
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}

struct MHD_Response *stream_response(struct httpd_stream *s)
{
	struct MHD_Response *r = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK, on_read, s, NULL);

	if (!r)
		abort();
	return r;
}

static void wake_locked(struct httpd_stream *s)
{
	if (s->gone || !s->suspended)
		return;
	s->suspended = false;
	MHD_resume_connection(s->conn);
}

static bool gone_locked(struct httpd_stream *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLRDHUP};

	return s->gone || (poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* Until there is room; false when the client went. */
static bool wait_for_room(struct httpd_stream *s)
{
	struct timespec until;

	while (s->waiting.len >= ROOM && !gone_locked(s)) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += LOOK_EVERY_MS / 1000;
		pthread_cond_timedwait(&s->room, &s->lock, &until);
	}
	return !gone_locked(s);
}

bool httpd_stream_write(struct httpd_stream *s, const void *data, size_t len)
{
	bool there;

	pthread_mutex_lock(&s->lock);
	there = wait_for_room(s);
	if (there) {
		buf_add(&s->waiting, data, len);
		wake_locked(s);
	}
	pthread_mutex_unlock(&s->lock);
	return there;
}

bool httpd_stream_gone(struct httpd_stream *s)
{
	bool gone;

	pthread_mutex_lock(&s->lock);
	gone = gone_locked(s);
	pthread_mutex_unlock(&s->lock);
	return gone;
}

void httpd_stream_end(struct httpd_stream *s)
{
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	wake_locked(s);
	unlock_and_release(s);
}
