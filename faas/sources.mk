# The operator's side: linked into svarm.
FAAS_SRC := \
	faas/command.c \
	faas/configs.c \
	faas/faas.c \
	faas/functions.c \
	faas/functions_openfaas.c \
	faas/images.c \
	faas/network.c \
	faas/secrets.c \
	faas/secrets_functions.c \
	faas/stack.c \
	faas/stack_functions.c \
	faas/stack_openfaas.c \
	faas/stack_svarm.c

# The programs that run in containers: never linked into svarm.
FAAS_COMMON_SRC := \
	lib/base/arena.c \
	lib/base/base64.c \
	lib/base/buf.c \
	lib/base/clock.c \
	lib/base/err.c \
	lib/base/quote.c \
	lib/base/xalloc.c \
	lib/ext/heap.c \
	lib/ext/http.c \
	lib/ext/json.c \
	lib/ext/redis.c \
	faas/common/allow.c \
	faas/common/board.c \
	faas/common/entry.c \
	faas/common/env.c \
	faas/common/limits.c \
	faas/common/log.c \
	faas/common/mtu.c \
	faas/common/name.c \
	faas/common/net.c \
	faas/common/peer.c \
	faas/common/probe.c \
	faas/common/retry.c

# All but main.c, for the tests.
GATEWAY_LIB_SRC := $(FAAS_COMMON_SRC) \
	lib/ext/httpd.c \
	lib/ext/httpd_stream.c \
	faas/common/docker.c \
	faas/common/query.c \
	faas/gateway/alert.c \
	faas/gateway/api.c \
	faas/gateway/async.c \
	faas/gateway/auth.c \
	faas/gateway/backlog.c \
	faas/gateway/calls.c \
	faas/gateway/config.c \
	faas/gateway/deploy.c \
	faas/gateway/deploy_spec.c \
	faas/gateway/deploy_status.c \
	faas/gateway/http_metrics.c \
	faas/gateway/image.c \
	faas/gateway/lease.c \
	faas/gateway/letters.c \
	faas/gateway/load.c \
	faas/gateway/log_query.c \
	faas/gateway/log_records.c \
	faas/gateway/metrics.c \
	faas/gateway/metrics_functions.c \
	faas/gateway/metrics_page.c \
	faas/gateway/metrics_text.c \
	faas/gateway/model.c \
	faas/gateway/nginx.c \
	faas/gateway/nginxconf.c \
	faas/gateway/plane.c \
	faas/gateway/planetext.c \
	faas/gateway/plans.c \
	faas/gateway/probes.c \
	faas/gateway/probes_store.c \
	faas/gateway/quantity.c \
	faas/gateway/queue.c \
	faas/gateway/ready.c \
	faas/gateway/replicas.c \
	faas/gateway/scale_rule.c \
	faas/gateway/scaler.c \
	faas/gateway/secret_store.c \
	faas/gateway/secrets.c \
	faas/gateway/services.c \
	faas/gateway/settings.c \
	faas/gateway/system.c \
	faas/gateway/system_deploy.c \
	faas/gateway/system_functions.c \
	faas/gateway/system_info.c \
	faas/gateway/system_logs.c \
	faas/gateway/system_scale.c \
	faas/gateway/system_secrets.c \
	faas/gateway/ui.c \
	faas/gateway/usage.c \
	faas/gateway/waiting.c \
	faas/gateway/wake.c \
	faas/gateway/watch.c
GATEWAY_SRC := $(GATEWAY_LIB_SRC) faas/gateway/main.c

WORKER_LIB_SRC := $(FAAS_COMMON_SRC) \
	faas/worker/call.c \
	faas/worker/callback.c \
	faas/worker/cgroup.c \
	faas/worker/config.c \
	faas/worker/feed.c \
	faas/worker/feed_lanes.c \
	faas/worker/feed_tell.c \
	faas/worker/hosts.c \
	faas/worker/job.c \
	faas/worker/reporter.c \
	faas/worker/share.c \
	faas/worker/verdict.c \
	faas/worker/work.c
WORKER_SRC := $(WORKER_LIB_SRC) faas/worker/main.c
