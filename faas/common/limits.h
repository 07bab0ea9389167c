/*
 * Open files.  Containers may begin with a soft limit of 1024 (containerd 2 leaves it at systemd's
 * default), which a burst of callers exhausts; the hard limit is higher, and raising the soft one
 * to it needs no privilege.
 */
#pragma once

/* Make room for @want open files, as far as the hard limit lets; a warning in the log when it does
 * not let that far.  @who is what the files are for: "nginx", say.  Returns how many there may be.
 */
unsigned long limits_open_files(unsigned long want, const char *who);
/* Warn that @have is less than @want. */
void limits_warn_files(unsigned long have, unsigned long want, const char *who);
