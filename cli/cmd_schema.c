/* `svarm schema`: the grammar of cluster.yaml for editors. */
#include "cli/cmds.h"

#include "cli/output.h"
#include "lib/spec/schema.h"

static int run(const struct cli *cli, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	schema_print(&out);
	if (!out.len || out.data[out.len - 1] != '\n')
		buf_addc(&out, '\n');
	output_text(&out);
	return EXIT_FINE;
}

const struct cmd cmd_schema = {
	.name = "schema",
	.usage = "",
	.summary = "print the JSON Schema of cluster.yaml",
	.about =
		"Print the grammar of cluster.yaml as a JSON Schema (draft 2020-12), made from the "
		"table that svarm itself parses by.\n"
		"Point an editor's YAML support to it for completion and checks while typing.",
	.common = COMMON_JSON,
	.run = run,
};
