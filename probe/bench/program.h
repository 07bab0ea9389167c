/* svarm-probe for the nodes: the program itself, packed by gzip, as part of this one. */
#pragma once

#include <stddef.h>

/* Static memory. */
const char *program_packed(size_t *ret_len);
