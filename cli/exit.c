/* From error codes to exit codes: see exit.h. */
#include "cli/exit.h"

#include "lib/base/err.h"

enum exit_code exit_of(int err_code)
{
	switch (err_code) {
	case 0: return EXIT_FINE;
	case ERR_SPEC: return EXIT_USAGE;
	case ERR_INTR: return EXIT_INTERRUPTED;
	case ERR_LOCKED: return EXIT_LOCKED;
	case ERR_HOSTKEY:
	case ERR_AUTH:
	case ERR_REMOTE:
	case ERR_PROMISE:
	case -ETIMEDOUT:
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EHOSTUNREACH:
	case -ENETUNREACH: return EXIT_NODE;
	default: return EXIT_LOCAL;
	}
}

const char *exit_word(enum exit_code code)
{
	switch (code) {
	case EXIT_FINE: return "fine";
	case EXIT_NODE: return "node";
	case EXIT_USAGE: return "usage";
	case EXIT_LOCAL: return "local";
	case EXIT_INTERRUPTED: return "interrupted";
	case EXIT_LOCKED: return "locked";
	case EXIT_PENDING: return "pending";
	}
	return "unknown";
}
