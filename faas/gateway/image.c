/* Which image a deployment runs: see image.h. */
#include "faas/gateway/image.h"

static bool is_id(const char *s)
{
	return s && strlen(s) == 71 && !strncmp(s, "sha256:", 7) &&
	       strspn(s + 7, "0123456789abcdef") == 64;
}

int image_local_id(
	struct docker *d, const struct deploy *deploy, struct image_id *ret, struct err *err)
{
	_cleanup_json_ json_t *answer = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *id;
	int r, status;

	ret->text[0] = '\0';
	if (deploy->registry_auth)
		return 0;
	buf_adds(&path, "/images/");
	docker_escape(&path, deploy->image);
	buf_adds(&path, "/json");
	r = docker_call(d, "GET", buf_str(&path), NULL, NULL, &status, &answer, err);
	if (r < 0)
		return r;
	id = json_str(answer, "Id");
	if (status == 200 && is_id(id) && !json_array_size(json_arr(answer, "RepoDigests")))
		snprintf(ret->text, sizeof(ret->text), "%s", id);
	return 0;
}
