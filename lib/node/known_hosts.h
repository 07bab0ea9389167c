/*
 * OpenSSH's known_hosts files, read by us rather than by libssh, which skips @revoked lines
 * silently and, when a line of the host cannot be read, forgets the others it has for it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* The files looked into: the operator's and the machine's. */
#define KNOWN_HOSTS_GLOBAL "/etc/ssh/ssh_known_hosts"

struct known_hosts {
	struct {
		char *path;      /* owned */
		struct buf text; /* empty when there is no such file */
	} files[2];
};

enum known_host {
	KNOWN_HOST_UNKNOWN,    /* no line for this host */
	KNOWN_HOST_OK,         /* exactly this key */
	KNOWN_HOST_CHANGED,    /* a different key of the same type */
	KNOWN_HOST_OTHER_TYPE, /* only keys of other types */
	KNOWN_HOST_REVOKED,    /* this key is marked @revoked: beats everything else */
};

struct known_host_match {
	const char *path; /* where the line that decided stands; borrowed; NULL: none */
	size_t line;      /* from 1 */
	char type[32];    /* key type of that line */
	bool authority;   /* some @cert-authority line is for this host */
};

/* Read @user_path and @global_path (either may be NULL).  A missing file is an empty one; one that
 * cannot be read is an error. */
int known_hosts_load(const char *user_path, const char *global_path, struct known_hosts *ret,
	struct err *err) _must_check_;
void known_hosts_done(struct known_hosts *k);

/* What is known of the key @base64 of @type, shown by @host on @port.  @ret may be NULL. */
enum known_host known_hosts_check(const struct known_hosts *k, const char *host, int port,
	const char *type, const char *base64, struct known_host_match *ret);

/* True when a plain line for @host has a key whose type begins with @type. */
bool known_hosts_has_type(
	const struct known_hosts *k, const char *host, int port, const char *type);

/*
 * Append a line for @host to the file @path, making the file (0600) and its folder (0700) when
 * missing.  Safe from several threads.
 */
int known_hosts_append(const char *path, const char *host, int port, const char *type,
	const char *base64, struct err *err) _must_check_;
