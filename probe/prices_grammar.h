/* The keys of a file of prices, for prices.c. */
#pragma once

#include "lib/spec/grammar.h"

/* Offsets are into struct prices. */
extern const struct section prices_root;
