/*
 * Where callbacks may go, when an operator wants to say so: callers of asynchronous functions need
 * no password, and a callback is a request from within the cluster.
 */
#pragma once

#include <stdbool.h>

#include "lib/base/err.h"

/* @list: names ("hooks.example.com"), names with all below them ("*.example.com"), addresses and
 * networks ("10.0.0.0/8", "fd00::/8"), with commas between.  -EINVAL for anything else. */
int allow_check(const char *list, struct err *err) _must_check_;

/* True when @list (which allow_check() took) is "" or has the host of the URL @url.  A host given
 * as a name is compared as a name: what it resolves to is not looked at. */
bool allow_url(const char *list, const char *url);
