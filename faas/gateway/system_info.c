/* The /system/ routes that ask nobody: what we are, the one namespace, and what clients may send.
 */
#include <sys/utsname.h>

#include "faas/common/keys.h"
#include "faas/gateway/system.h"

void system_info(struct call *c)
{
	_cleanup_json_ json_t *j = NULL;
	struct utsname u;

	uname(&u);
	j = json_pack("{s:{s:s, s:{s:s, s:s}, s:s}, s:{s:s, s:s, s:s}, s:s}", "provider",
		"provider", "svarm", "version", "sha", "", "release", SVARM_VERSION,
		"orchestration", "swarm", "version", "commit_message", "", "sha", "", "release",
		SVARM_VERSION, "arch", u.machine);
	system_reply_json(c, 200, j);
}

void system_namespaces(struct call *c)
{
	_cleanup_json_ json_t *j = json_pack("[s]", FUNCTION_NAMESPACE);

	system_reply_json(c, 200, j);
}

/* There is one namespace; it is neither made nor changed nor removed. */
void system_namespace(struct call *c)
{
	_cleanup_json_ json_t *j = NULL;
	bool ours = !strcmp(c->rest, FUNCTION_NAMESPACE);

	if (!strcmp(httpd_method(c->rq), "GET")) {
		j = json_pack(
			"{s:s, s:{}, s:{}}", "name", FUNCTION_NAMESPACE, "annotations", "labels");
		if (ours)
			system_reply_json(c, 200, j);
		else
			httpd_reply_text(c->rq, 404, "there is only '" FUNCTION_NAMESPACE "'\n");
		return;
	}
	if (ours && !strcmp(httpd_method(c->rq), "POST"))
		httpd_reply_text(c->rq, 409, "'" FUNCTION_NAMESPACE "' already exists\n");
	else
		httpd_reply_text(c->rq, 501, "there is only '" FUNCTION_NAMESPACE "'\n");
}

/* Nothing is counted or sent anywhere. */
void system_telemetry(struct call *c)
{
	httpd_reply(c->rq, 204, NULL, NULL, 0);
}
