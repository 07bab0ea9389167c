/* `svarm version`: which svarm this is. */
#include "cli/cmds.h"

#include "cli/output.h"
#include "lib/base/quote.h"

static int run(const struct cli *cli, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	if (cli->opt.json) {
		buf_adds(&out, "{\"ok\": true, \"version\": ");
		quote_json(&out, SVARM_VERSION);
		buf_adds(&out, "}\n");
	} else {
		buf_adds(&out, "svarm " SVARM_VERSION "\n");
	}
	output_text(&out);
	return EXIT_FINE;
}

const struct cmd cmd_version = {
	.name = "version",
	.usage = "",
	.summary = "print the version",
	.about = "Print the version of svarm.",
	.common = COMMON_JSON,
	.run = run,
};
