/* Inside probe/tool: numbers on a command line.  Nothing may stand behind them; on failure *@ret is
 * untouched. */
#pragma once

#include <stdbool.h>

/* @least to @most, both finite. */
bool parse_between(const char *s, double least, double most, double *ret);
/* 0 to @most; parse_whole(): without a fraction. */
bool parse_number(const char *s, double most, double *ret);
bool parse_whole(const char *s, double most, double *ret);
/* @least to @most, without a fraction. */
bool parse_unsigned(const char *s, unsigned least, unsigned most, unsigned *ret);
/* Seconds, or 500ms, 10s, 2m; 0 to a day. */
bool parse_time(const char *s, double *ret_seconds);
