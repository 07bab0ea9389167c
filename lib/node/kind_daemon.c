/*
 * Docker's daemon.json: our keys are merged into whatever the operator has there; nothing of theirs
 * is dropped.  A file that is not JSON is refused rather than replaced.
 */
#include <string.h>

#include "lib/ext/json.h"
#include "lib/node/kind.h"
#include "lib/node/kind_file.h"

/* Of the file, of which a node sends no more than 256 KiB. */
enum { MAX_BYTES = 512 * 1024 };

/* Every key of @wanted is in @have with the same value; nested objects are compared key by key. */
static bool contains(const json_t *have, const json_t *wanted)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)wanted, key, value)
	{
		const json_t *mine = json_object_get(have, key);

		if (json_is_object(value) && json_is_object(mine)) {
			if (!contains(mine, value))
				return false;
		} else if (!json_equal((json_t *)mine, value)) {
			return false;
		}
	}
	return true;
}

static int diff_merged(const struct resource *r, json_t *have, const json_t *wanted,
	const struct facts *facts, struct change_set *ret, struct err *err)
{
	struct file_want want = {.mode = 0644, .triggers = "docker.service", .restart = true};
	const struct fact_file *f = facts_file(facts, r->name);
	char *text;

	if (f && f->type == FILE_REGULAR && contains(have, wanted))
		return 0;
	json_object_update_recursive(have, (json_t *)wanted);
	text = json_dumps(have, JSON_INDENT(2) | JSON_SORT_KEYS);
	want.content = arena_printf(ret->arena, "%s\n", text);
	want.len = strlen(want.content);
	free(text);
	if (f && f->type == FILE_REGULAR)
		want.mode = f->mode;
	return kind_file_diff(r, &want, facts, ret, err);
}

static int diff(const struct resource *r, size_t n, const struct facts *facts,
	struct change_set *ret, struct err *err)
{
	const struct fact_file *f = facts_file(facts, r->name);
	_cleanup_json_ json_t *have = NULL, *wanted = NULL;
	const char *text = r->daemon.wanted;

	if (f && f->type == FILE_REGULAR && !f->content)
		return err_set(
			err, -EBADMSG, "is there, but the node did not answer with its content");
	if (json_parse(text, strlen(text), MAX_BYTES, &wanted, NULL) < 0 || !json_is_object(wanted))
		return err_set(err, -EINVAL, "wanted keys are not a JSON object");
	if (!f || !f->content || !f->content_len)
		have = json_object();
	else if (json_parse_unique(f->content, f->content_len, MAX_BYTES, &have, NULL) < 0 ||
		 !json_is_object(have))
		return err_set(
			err, -EBADMSG, "is there but is not a JSON object; mend or remove it");
	return diff_merged(r, have, wanted, facts, ret, err);
}

const struct kind kind_daemon = {.name = "docker daemon", .diff = diff};
