/* The end of listening: nobody's connection is reset when nginx closes its sockets. */
#pragma once

#include "faas/nginx/call.h"

/*
 * From now on nobody gets a new connection, from any worker process: the sockets are all workers'.
 * Those that had been made still come in.  May be asked again.  @ret_waiting: connections that no
 * worker has accepted yet; they would be reset if the sockets were closed now.  Sockets for our own
 * programs (AF_UNIX) stay as they are.  NGX_ERROR: the kernel refused, and the log says why.
 */
ngx_int_t deaf_listen(ngx_log_t *log, ngx_uint_t *ret_waiting);
