/* Who decides: see lease.h. */
#include "faas/gateway/lease.h"

/* Taking and renewing in one step: nobody comes in between. */
static const char script[] =
	"local who = redis.call('GET', KEYS[1]) "
	"if not who or who == ARGV[1] then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
	"return 1 end return 0";

int lease_take(
	struct redis *r, const char *key, const char *who, long ms, bool *ret_mine, struct err *err)
{
	_cleanup_reply_ redisReply *reply = NULL;
	int rc = redis_call(r, &reply, err, "EVAL %s 1 %s %s %ld", script, key, who, ms);

	if (rc == 0)
		*ret_mine = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
	return rc;
}
