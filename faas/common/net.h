/* Sockets: the few calls that the container programs share. */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"

/* A listening TCP socket on @port (0: any) of all addresses; *@ret_port (may be NULL) the one. */
int net_listen(int port, int backlog, int *ret_fd, int *ret_port, struct err *err) _must_check_;
/* A listening unix socket at @path (an old one is replaced) that everybody may connect to. */
int net_listen_unix(const char *path, int backlog, int *ret_fd, struct err *err) _must_check_;
/* A non-blocking TCP connection to @host:@port within @timeout_ms. */
int net_connect(const char *host, int port, int timeout_ms, int *ret_fd, struct err *err)
	_must_check_;
/* The address this machine uses towards @host, as text.  Nothing is sent. */
int net_local_address(const char *host, int port, char *ret, size_t size, struct err *err)
	_must_check_;
