/* Probes that both container programs offer: see probe.h. */
#include "faas/common/probe.h"

#include <sys/random.h>
#include <unistd.h>

#include "faas/common/env.h"
#include "faas/common/mtu.h"
#include "faas/common/peer.h"
#include "lib/base/clock.h"

static int usage(const struct probe *table)
{
	fprintf(stderr, "usage:\n");
	for (; table->name; table++)
		fprintf(stderr, "  probe %s %s\n", table->name, table->args);
	return 2;
}

int probe_main(const struct probe *table, int argc, char **argv)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_json_ json_t *out = NULL;
	_cleanup_err_ struct err err = ERR_INIT;
	const struct probe *p = table;
	usec_t start = clock_now();
	int r;

	while (p->name && (argc < 1 || strcmp(p->name, argv[0])))
		p++;
	if (!p->name || argc - 1 != p->argc)
		return usage(table);
	out = json_object();
	r = p->run(argv + 1, out, &err);
	json_object_set_new(out, "probe", json_string(p->name));
	json_object_set_new(out, "ok", json_boolean(r == 0));
	if (!json_object_get(out, "ms"))
		json_object_set_new(out, "ms", json_real((double)(clock_now() - start) / 1000));
	if (r < 0)
		json_set_text(out, "error", err_msg(&err), strlen(err_msg(&err)));
	json_print(out, &text);
	puts(buf_str(&text));
	return r < 0 ? 1 : 0;
}

int probe_open_redis(struct redis **ret, struct err *err)
{
	_cleanup_secret_ struct buf password = BUF_INIT;
	struct redis_address a;
	int r;

	r = redis_address_parse(env_str("SVARM_REDIS", "redis:6379"), &a, err);
	if (r < 0)
		return err_wrap(err, "SVARM_REDIS");
	r = secret_read("redis-password", &password, err);
	if (r < 0 && r != -ENOENT)
		return r;
	return redis_open(&a, buf_str(&password), 3000, ret, err);
}

int probe_redis(char **argv, json_t *out, struct err *err)
{
	_cleanup_redis_ struct redis *c = NULL;
	_cleanup_reply_ redisReply *set = NULL, *get = NULL, *del = NULL;
	char key[64], value[40];
	unsigned long long n[2];
	usec_t start;
	int r;

	if (getrandom(n, sizeof(n), 0) != sizeof(n))
		return err_errno(err, -EIO, "no random bytes");
	snprintf(key, sizeof(key), "svarm:probe:%016llx", n[0]);
	snprintf(value, sizeof(value), "%016llx", n[1]);
	r = probe_open_redis(&c, err);
	if (r < 0)
		return r;
	start = clock_now();
	r = redis_call(c, &set, err, "SET %s %s EX 60", key, value);
	if (r == 0)
		r = redis_call(c, &get, err, "GET %s", key);
	if (r == 0)
		r = redis_call(c, &del, err, "DEL %s", key);
	if (r < 0)
		return r;
	json_object_set_new(out, "ms", json_real((double)(clock_now() - start) / 1000));
	if (!redis_is_str(get) || strcmp(get->str, value))
		return err_set(err, -EBADMSG, "what was read is not what was written");
	return 0;
}

int probe_peer(char **argv, json_t *out, struct err *err)
{
	_cleanup_err_ struct err ignored = ERR_INIT; /* its members are missing then */
	struct redis_address a;
	usec_t duration = 0;
	size_t bytes = 0;
	struct mtu mtu;
	int r = redis_address_parse(argv[0], &a, err);

	if (r < 0)
		return r;
	if (mtu_probe(a.host, a.port, 1500, &mtu, &ignored) == 0) {
		json_object_set_new(out, "mtu", json_integer(mtu.own));
		json_object_set_new(out, "passes", json_integer(mtu.passes));
	}
	r = peer_probe(argv[0], 4500, &duration, &bytes, err);
	json_object_set_new(out, "peer", json_string(argv[0]));
	json_object_set_new(out, "bytes", json_integer((json_int_t)bytes));
	if (r == 0)
		json_object_set_new(out, "ms", json_real((double)duration / 1000));
	return r;
}
