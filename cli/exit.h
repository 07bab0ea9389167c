/* The exit codes of `svarm`, stated once; the manual page and `svarm help` repeat them. */
#pragma once

enum exit_code {
	EXIT_FINE = 0,
	EXIT_NODE = 1,        /* a node or a probe failed */
	EXIT_USAGE = 2,       /* the command line or the spec is wrong */
	EXIT_LOCAL = 3,       /* this machine failed us: a file, memory, standard output */
	EXIT_INTERRUPTED = 4, /* SIGINT or SIGTERM */
	EXIT_LOCKED = 5,      /* another run holds the lock */
	EXIT_PENDING = 10,    /* plan, status: there are changes to be made */
};

/* The exit code that an error code (err.h) means. */
enum exit_code exit_of(int err_code);
/* A word for it in JSON: "spec", "node", "local" … */
const char *exit_word(enum exit_code code);
