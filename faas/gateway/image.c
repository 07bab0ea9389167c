/* Which image a deployment runs: see image.h. */
#include "faas/gateway/image.h"

#include "faas/gateway/deploy_labels.h"
#include "faas/gateway/services.h"

static bool is_id(const char *s)
{
	return s && strlen(s) == 71 && !strncmp(s, "sha256:", 7) &&
	       strspn(s + 7, "0123456789abcdef") == 64;
}

const char *image_of_services(const json_t *services, const char *reference)
{
	json_t *s;
	size_t i;

	json_array_foreach((json_t *)services, i, s)
	{
		const json_t *spec = json_obj(s, "Spec"), *labels = json_obj(spec, "Labels");
		const char *asked = json_str(labels, OWN_IMAGE);
		const char *runs = json_str(
			json_obj(json_obj(spec, "TaskTemplate"), "ContainerSpec"), "Image");

		if (json_str(labels, OWN_MANAGED) && asked && !strcmp(asked, reference) &&
			is_id(runs))
			return runs;
	}
	return NULL;
}

/* What this node has under that name, unless it came from a registry. */
static int look_here(struct docker *d, const char *reference, struct image_id *ret, struct err *err)
{
	_cleanup_json_ json_t *answer = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *id;
	int r, status;

	buf_adds(&path, "/images/");
	docker_escape(&path, reference);
	buf_adds(&path, "/json");
	r = docker_call(d, "GET", buf_str(&path), NULL, NULL, &status, &answer, err);
	if (r < 0)
		return r;
	id = json_str(answer, "Id");
	if (status == 200 && is_id(id) && !json_array_size(json_arr(answer, "RepoDigests")))
		snprintf(ret->text, sizeof(ret->text), "%s", id);
	return 0;
}

int image_local_id(
	struct docker *d, const struct deploy *deploy, struct image_id *ret, struct err *err)
{
	_cleanup_json_ json_t *services = NULL;
	const char *id;
	int r;

	ret->text[0] = '\0';
	if (deploy->registry_auth)
		return 0;
	r = services_fetch(d, &services, err);
	if (r < 0)
		return r;
	id = image_of_services(services, deploy->image);
	if (!id)
		return look_here(d, deploy->image, ret, err);
	snprintf(ret->text, sizeof(ret->text), "%s", id);
	return 0;
}
