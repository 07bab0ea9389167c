/* Answers of our own, and what is added to those of functions. */
#pragma once

#include "faas/nginx/call.h"

/* Answer with @text, whatever the verb; the request's body is discarded. */
ngx_int_t reply_text(ngx_http_request_t *r, ngx_uint_t status, ngx_str_t *text);
/* Add a header; @name and @value must outlive the request. */
ngx_int_t reply_header(ngx_http_request_t *r, const char *name, const char *value);

void reply_install_filter(void);
