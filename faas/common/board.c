/* Hashes that many write and all read: see board.h. */
#include "faas/common/board.h"

#include <stdio.h>
#include <string.h>

enum { MAX_SCANS = 1000, SCAN_COUNT = 200 };

/* Queue one command of words; counts it in *@n. */
static int say(struct redis *r, unsigned *n, struct err *err, int argc, const char **argv)
{
	size_t lens[4];

	for (int i = 0; i < argc; i++)
		lens[i] = strlen(argv[i]);
	++*n;
	return redis_queue(r, argc, argv, lens, err);
}

/* Take the answers of @n commands; the first error is the result. */
static int hear(struct redis *r, unsigned n, struct err *err)
{
	int first = 0;

	for (unsigned i = 0; i < n && !redis_broken(r); i++) {
		_cleanup_reply_ redisReply *reply = NULL;
		_cleanup_err_ struct err one = ERR_INIT;

		if (redis_next(r, &reply, &one) < 0 && first == 0)
			first = err_move(err, &one);
	}
	return first;
}

int board_pin(struct redis *r, const char *key, const struct board_note *notes, size_t n,
	long expire_ms, struct err *err)
{
	unsigned said = 0;
	char ms[24];
	int rc;

	snprintf(ms, sizeof(ms), "%ld", expire_ms);
	rc = say(r, &said, err, 1, (const char *[]){"MULTI"});
	if (rc == 0)
		rc = say(r, &said, err, 2, (const char *[]){"DEL", key});
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = say(r, &said, err, 4,
			(const char *[]){"HSET", key, notes[i].name, notes[i].value});
	if (rc == 0)
		rc = say(r, &said, err, 3, (const char *[]){"PEXPIRE", key, ms});
	if (rc == 0)
		rc = say(r, &said, err, 1, (const char *[]){"EXEC"});
	return rc == 0 ? hear(r, said, err) : rc;
}

static int read_one(struct redis *r, const redisReply *key, const char *prefix, board_fn each,
	void *arg, struct err *err)
{
	_cleanup_reply_ redisReply *hash = NULL;
	int rc;

	if (!redis_is_str(key) || strncmp(key->str, prefix, strlen(prefix)))
		return 0;
	rc = redis_call(r, &hash, err, "HGETALL %s", key->str);
	if (rc == 0)
		each(arg, key->str + strlen(prefix), hash);
	return rc == ERR_REMOTE ? 0 : rc;
}

int board_read(struct redis *r, const char *prefix, board_fn each, void *arg, struct err *err)
{
	char cursor[24] = "0";
	int rc = 0;

	for (int round = 0; round < MAX_SCANS && rc == 0; round++) {
		_cleanup_reply_ redisReply *page = NULL;
		const redisReply *next, *key;

		rc = redis_call(
			r, &page, err, "SCAN %s MATCH %s* COUNT %d", cursor, prefix, SCAN_COUNT);
		if (rc < 0)
			return rc;
		next = redis_at(page, 0);
		for (size_t i = 0; (key = redis_at(redis_at(page, 1), i)) && rc == 0; i++)
			rc = read_one(r, key, prefix, each, arg, err);
		if (!redis_is_str(next) || next->len >= sizeof(cursor) || !strcmp(next->str, "0"))
			break;
		memcpy(cursor, next->str, next->len + 1);
	}
	return rc;
}

bool board_note_at(const redisReply *hash, size_t i, struct board_note *ret, size_t *ret_len)
{
	const redisReply *name = redis_at(hash, 2 * i), *value = redis_at(hash, 2 * i + 1);

	if (!redis_is_str(name) || !redis_is_str(value))
		return false;
	*ret = (struct board_note){name->str, value->str};
	*ret_len = value->len;
	return true;
}
