/*
 * What httpd.c needs of an answer in pieces; the part for handlers stands in httpd.h.  The memory
 * is shared by the writing thread and the request, and freed by whichever is done last.
 */
#pragma once

#include <microhttpd.h>

#include "lib/ext/httpd.h"

/* With two shares: the writer's and the request's. */
struct httpd_stream *stream_new(struct MHD_Connection *conn);
/* The response that libmicrohttpd fills from @s.  Owned by the caller. */
struct MHD_Response *stream_response(struct httpd_stream *s);
/* The request is over: its share of @s is given back. */
void stream_lost(struct httpd_stream *s);
