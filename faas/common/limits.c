/* Limits of this process: see limits.h. */
#include "faas/common/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "faas/common/log.h"

void limits_warn_files(unsigned long have, unsigned long want, const char *who)
{
	log_warn("%s may have %lu files open, fewer than the %lu of its settings: calls will fail "
		 "under load; raise the hard limit (default-ulimits in docker's daemon.json)",
		who, have, want);
}

unsigned long limits_open_files(unsigned long want, const char *who)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0) {
		log_warn("limit of open files: %s", strerror(errno));
		return want;
	}
	if (l.rlim_cur < want) {
		l.rlim_cur = l.rlim_max < want ? l.rlim_max : want;
		if (setrlimit(RLIMIT_NOFILE, &l) < 0)
			log_warn("limit of open files: %s", strerror(errno));
	}
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < want) {
		limits_warn_files(l.rlim_cur, want, who);
		return l.rlim_cur;
	}
	return want;
}
