/* The bytes of build/probe/svarm-probe.gz, so that svarm needs no file beside it.  The path is seen
 * from where make runs, as all paths of the sources are. */
#include "probe/bench/program.h"

__asm__(".section .rodata\n"
	".balign 16\n"
	".global svarm_node_program, svarm_node_program_end\n"
	".hidden svarm_node_program, svarm_node_program_end\n"
	"svarm_node_program:\n"
	".incbin \"build/probe/svarm-probe.gz\"\n"
	"svarm_node_program_end:\n"
	".byte 0\n"
	".text\n");

extern const char svarm_node_program[], svarm_node_program_end[];

const char *program_packed(size_t *ret_len)
{
	*ret_len = (size_t)(svarm_node_program_end - svarm_node_program);
	return svarm_node_program;
}
