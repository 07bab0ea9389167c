/* The table itself: see grammar.h.  Defaults are written as in a spec and go through the same
 * parsers, so a wrong one fails every test. */
#include "lib/spec/grammar.h"

#define WORDS(w)    .words = (w), .n_words = ARRAY_SIZE(w)
#define AT(s, m)    .at = offsetof(struct s, m)
#define COUNT(s, m) .count_at = offsetof(struct s, m)
#define SECTION_OF(f)                                    \
	{                                                \
		.fields = (f), .n_fields = ARRAY_SIZE(f) \
	}
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* ---- types ---- */
#define LABEL_CHARS "[a-z0-9]([a-z0-9-]*[a-z0-9])?"

static const struct type t_label = {
	.name = "a name",
	.json = "\"type\": \"string\", \"pattern\": \"^" LABEL_CHARS "$\"",
	.parse = value_label,
};
static const struct type t_int = {.name = "a number", .parse = value_int, .number = true};
static const struct type t_bool = {
	.name = "true or false",
	.json = "\"type\": \"boolean\"",
	.parse = value_bool,
	.number = true,
};
static const struct type t_word = {.name = "a word", .parse = value_word};
static const struct type t_text = {
	.name = "text",
	.json = "\"type\": \"string\", \"minLength\": 1",
	.parse = value_text,
};
static const struct type t_threshold = {
	.name = "a threshold",
	.json = "\"type\": \"string\", \"pattern\": "
		"\"^\\\\s*[a-z]+\\\\.[a-z0-9_]+\\\\s*[<>]=?\\\\s*[0-9]\"",
	.parse = value_text,
};
static const struct type t_any = {
	.name = "text",
	.json = "\"type\": [\"string\", \"number\", \"boolean\"]",
	.parse = value_text,
	.may_be_empty = true,
};
static const struct type t_path = {
	.name = "a path",
	.json = "\"type\": \"string\", \"minLength\": 1",
	.parse = value_path,
};
static const struct type t_size = {
	.name = "a size",
	.json = "\"type\": [\"string\", \"integer\"], \"pattern\": "
		"\"^[0-9]+([KMGTkmgt]i?)?[Bb]?$\"",
	.parse = value_size,
};
static const struct type t_duration = {
	.name = "a duration",
	.json = "\"type\": \"string\", \"pattern\": \"^([0-9]+(ms|s|m|h|d))+$\"",
	.parse = value_duration,
};
static const struct type t_cpus = {
	.name = "a share of CPUs",
	.json = "\"type\": [\"string\", \"number\"], \"pattern\": \"^[0-9]+(m|\\\\.[0-9]{1,3})?$\"",
	.parse = value_cpus,
};
static const struct type t_user = {
	.name = "a user name",
	.json = "\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$\"",
	.parse = value_user,
};
static const struct type t_login = {
	.name = "a user name",
	.json = "\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_.@+-]{1,64}$\"",
	.parse = value_login,
};
static const struct type t_secret = {
	.name = "a reference to a secret",
	.json = "\"type\": \"string\", \"pattern\": \"^(env:|file:|cmd:).+$\"",
	.parse = value_secret,
	.secret = true,
};
static const struct type t_secret_name = {
	.name = "the name of a secret",
	.json = "\"type\": \"string\", \"pattern\": "
		"\"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,54}[A-Za-z0-9])?$\"",
	.parse = value_secret_name,
};
static const struct type t_address = {
	.name = "an IP address or host name",
	.json = "\"type\": \"string\", \"minLength\": 1",
	.parse = value_address,
};
static const struct type t_private = {
	.name = "an IP address",
	.json = "\"type\": \"string\", "
		"\"anyOf\": [{\"format\": \"ipv4\"}, {\"format\": \"ipv6\"}]",
	.parse = value_private,
};
static const struct type t_host_key = {
	.name = "a host key fingerprint",
	.json = "\"type\": \"string\", \"pattern\": \"^SHA256:[A-Za-z0-9+/]{43}=?$\"",
	.parse = value_host_key,
};
static const struct type t_image = {
	.name = "an image",
	.json = "\"type\": \"string\", \"minLength\": 1, \"maxLength\": 255",
	.parse = value_image,
};
static const struct type t_constraint = {
	.name = "a constraint",
	.json = "\"type\": \"string\", \"pattern\": \"^(node|engine)\\\\..+(==|!=).+$\"",
	.parse = value_constraint,
};
static const struct type t_server_name = {
	.name = "a server name",
	.json = "\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9.*_-]+( +[A-Za-z0-9.*_-]+)*$\"",
	.parse = value_server_name,
};
static const struct type t_sysctl_key = {
	.name = "a kernel setting",
	.json = "\"pattern\": \"^[a-z]+(\\\\.[A-Za-z0-9_-]+)+$\"",
	.parse = value_sysctl_key,
};
static const struct type t_sysctl = {
	.name = "a value",
	.json = "\"type\": [\"string\", \"integer\"]",
	.parse = value_sysctl,
};
static const struct type t_env_key = {
	.name = "an environment variable",
	.json = "\"pattern\": \"^[A-Za-z_][A-Za-z0-9_.-]*$\"",
	.parse = value_env_key,
};
static const struct type t_label_key = {
	.name = "a label",
	.json = "\"pattern\": \"^[A-Za-z0-9]([A-Za-z0-9_./-]*[A-Za-z0-9])?$\"",
	.parse = value_label_key,
};

/* ---- words ---- */
const struct word grammar_roles[] = {
	{"manager", ROLE_MANAGER},
	{"worker", ROLE_WORKER},
	{"ingress", ROLE_INGRESS},
	{"database", ROLE_DATABASE},
};
const size_t grammar_n_roles = ARRAY_SIZE(grammar_roles);

static const struct word docker_sources[] = {{"distro", DOCKER_DISTRO}, {"docker-ce", DOCKER_CE}};
static const struct word engines[] = {{"svarm", ENGINE_SVARM}, {"openfaas", ENGINE_OPENFAAS}};
static const struct word endpoints[] = {{"dnsrr", ENDPOINTS_DNSRR}, {"vip", ENDPOINTS_VIP}};
static const struct word monitorings[] = {
	{"none", MONITORING_NONE}, {"prometheus", MONITORING_PROMETHEUS}};
static const struct word persistences[] = {
	{"aof", REDIS_AOF}, {"aof-everysec", REDIS_AOF_EVERYSEC}, {"none", REDIS_NONE}};
static const struct word scale_types[] = {
	{"rps", SPEC_SCALE_RPS},
	{"capacity", SPEC_SCALE_CAPACITY},
	{"cpu", SPEC_SCALE_CPU},
};
static const struct word healthchecks[] = {
	{"none", HEALTHCHECK_NONE}, {"image", HEALTHCHECK_IMAGE}};

/* ---- sections, inner ones first ---- */
static const struct field limits_fields[] = {
	{.key = "memory",
		.type = &t_size,
		AT(spec_limits, memory),
		.min = 4 * MIB,
		.max = 1024 * GIB,
		.help = "bytes, as in 128M"},
	{.key = "cpus",
		.type = &t_cpus,
		AT(spec_limits, cpus),
		.min = 10,
		.max = 1024000,
		.help = "share of CPUs, as in 0.5 or 500m"},
};
static const struct section limits_section = SECTION_OF(limits_fields);

static const struct field scale_fields[] = {
	{.key = "min",
		.type = &t_int,
		AT(spec_scale, min),
		.min = 1,
		.max = 1000,
		.dflt = "1",
		.help = "containers that run whenever it is awake"},
	{.key = "max",
		.type = &t_int,
		AT(spec_scale, max),
		.min = 1,
		.max = 1000,
		.dflt = "20",
		.help = "containers at most"},
	{.key = "type",
		.type = &t_word,
		WORDS(scale_types),
		AT(spec_scale, type),
		.dflt = "rps",
		.help = "rps: calls a second; capacity: calls at once; cpu: thousandths of a CPU"},
	{.key = "target",
		.type = &t_int,
		AT(spec_scale, target),
		.min = 1,
		.max = 1000000,
		.dflt = "50",
		.help = "how much of that one container should carry"},
	{.key = "factor",
		.type = &t_int,
		AT(spec_scale, factor),
		.max = 100,
		.dflt = "20",
		.help = "size of a step, in per cent of max; 0: never by load"},
	{.key = "zero",
		.type = &t_bool,
		AT(spec_scale, zero),
		.dflt = "false",
		.help = "stop all containers when nobody calls; the next call starts one"},
	{.key = "zero_after",
		.type = &t_duration,
		AT(spec_scale, zero_after),
		.min = 1 * USEC_PER_SEC,
		.max = 24 * 3600 * USEC_PER_SEC,
		.dflt = "15m",
		.help = "how long nobody must have called"},
};
static const struct section scale_section = SECTION_OF(scale_fields);

static const struct field function_fields[] = {
	{.key = "name",
		.type = &t_label,
		AT(spec_function, name),
		.max = 60,
		.required = true,
		.help = "its path is /function/NAME"},
	{.key = "image",
		.type = &t_image,
		AT(spec_function, image),
		.required = true,
		.help = "container image, with a tag or digest"},
	{.key = "replicas",
		.type = &t_int,
		AT(spec_function, replicas),
		.max = 1000,
		.dflt = "1",
		.help = "how many containers run; with scale: at first"},
	{.key = "scale",
		.shape = SHAPE_SECTION,
		.section = &scale_section,
		AT(spec_function, scale),
		.help = "let their number follow the load"},
	{.key = "timeout",
		.type = &t_duration,
		AT(spec_function, timeout),
		.min = 100 * USEC_PER_MSEC,
		.max = 24 * 3600 * USEC_PER_SEC,
		.help = "how long one call may take"},
	{.key = "fprocess",
		.type = &t_text,
		AT(spec_function, fprocess),
		.help = "the process the function's watchdog starts for a call"},
	{.key = "environment",
		.also = "env",
		.shape = SHAPE_MAP,
		.type = &t_any,
		.key_type = &t_env_key,
		AT(spec_function, env),
		COUNT(spec_function, n_env),
		.most = 1000,
		.help = "environment variables"},
	{.key = "labels",
		.shape = SHAPE_MAP,
		.type = &t_any,
		.key_type = &t_label_key,
		AT(spec_function, labels),
		COUNT(spec_function, n_labels),
		.most = 1000,
		.help = "labels of the service, as in team"},
	{.key = "annotations",
		.shape = SHAPE_MAP,
		.type = &t_any,
		.key_type = &t_label_key,
		AT(spec_function, annotations),
		COUNT(spec_function, n_annotations),
		.most = 1000,
		.help = "what clients may want to know of it, and settings of the gateway"},
	{.key = "secrets",
		.shape = SHAPE_LIST,
		.type = &t_secret_name,
		AT(spec_function, secrets),
		COUNT(spec_function, n_secrets),
		.size = sizeof(const char *),
		.line_at = NOWHERE,
		.most = 100,
		.help = "secrets it may read, below /var/openfaas/secrets"},
	{.key = "constraints",
		.shape = SHAPE_LIST,
		.type = &t_constraint,
		AT(spec_function, constraints),
		COUNT(spec_function, n_constraints),
		.size = sizeof(const char *),
		.line_at = NOWHERE,
		.most = 100,
		.help = "where its containers may run, as in node.labels.zone==a"},
	{.key = "limits",
		.shape = SHAPE_SECTION,
		.section = &limits_section,
		AT(spec_function, limits),
		.help = "what one container may use at most"},
	{.key = "requests",
		.shape = SHAPE_SECTION,
		.section = &limits_section,
		AT(spec_function, requests),
		.help = "what is set aside for one container"},
	{.key = "read_only",
		.type = &t_bool,
		AT(spec_function, read_only),
		.dflt = "false",
		.help = "make the container's root file system read-only"},
	{.key = "healthcheck",
		.type = &t_word,
		WORDS(healthchecks),
		AT(spec_function, healthcheck),
		.dflt = "none",
		.help = "none: the gateway alone looks whether it is ready; image: the image's "
			"own check as well"},
};
static const struct section function_section = SECTION_OF(function_fields);

static const struct field secret_fields[] = {
	{.key = "name",
		.type = &t_secret_name,
		AT(spec_secret, name),
		.required = true,
		.help = "what functions call it"},
	{.key = "from",
		.type = &t_secret,
		AT(spec_secret, from),
		.required = true,
		.help = "where its value is: env:NAME, file:PATH or cmd:COMMAND"},
};
static const struct section secret_section = SECTION_OF(secret_fields);

static const struct field redis_fields[] = {
	{.key = "memory",
		.type = &t_size,
		AT(draft, c.faas.redis.memory),
		.min = 16 * MIB,
		.max = 1024 * GIB,
		.dflt = "256M",
		.help = "how much Redis may hold"},
	{.key = "persistence",
		.type = &t_word,
		WORDS(persistences),
		AT(draft, c.faas.redis.persistence),
		.dflt = "aof",
		.help = "aof: queued calls survive a loss of power"},
};
static const struct section redis_section = SECTION_OF(redis_fields);

static const struct field openfaas_images_fields[] = {
	{.key = "gateway",
		.type = &t_image,
		AT(draft, c.faas.openfaas.images[OPENFAAS_GATEWAY]),
		.dflt = "openfaas/gateway:0.18.17",
		.help = "the gateway, on every manager"},
	{.key = "basic_auth_plugin",
		.type = &t_image,
		AT(draft, c.faas.openfaas.images[OPENFAAS_AUTH]),
		.dflt = "openfaas/basic-auth-plugin:0.18.17",
		.help = "checks passwords for it"},
	{.key = "faas_swarm",
		.type = &t_image,
		AT(draft, c.faas.openfaas.images[OPENFAAS_PROVIDER]),
		.dflt = "openfaas/faas-swarm:0.8.5",
		.help = "turns functions into services"},
	{.key = "nats",
		.type = &t_image,
		AT(draft, c.faas.openfaas.images[OPENFAAS_NATS]),
		.dflt = "nats-streaming:0.17.0",
		.help = "the queue, in memory, on the database node"},
	{.key = "queue_worker",
		.type = &t_image,
		AT(draft, c.faas.openfaas.images[OPENFAAS_WORKER]),
		.dflt = "openfaas/queue-worker:0.11.2",
		.help = "makes queued calls, on every worker"},
	{.key = "prometheus",
		.type = &t_image,
		AT(draft, c.faas.openfaas.images[OPENFAAS_PROMETHEUS]),
		.dflt = "prom/prometheus:v2.11.0",
		.help = "counts calls, raises alerts"},
	{.key = "alertmanager",
		.type = &t_image,
		AT(draft, c.faas.openfaas.images[OPENFAAS_ALERTMANAGER]),
		.dflt = "prom/alertmanager:v0.18.0",
		.help = "tells the gateway to scale up"},
};
static const struct section openfaas_images_section = SECTION_OF(openfaas_images_fields);

static const struct field openfaas_fields[] = {
	{.key = "endpoints",
		.type = &t_word,
		WORDS(endpoints),
		AT(draft, c.faas.openfaas.endpoints),
		.dflt = "dnsrr",
		.help = "how functions are reached: dnsrr works on any kernel, vip needs IPVS"},
	{.key = "images",
		.shape = SHAPE_SECTION,
		.section = &openfaas_images_section,
		.help = "the images of its parts, with a tag or digest"},
};
static const struct section openfaas_section = SECTION_OF(openfaas_fields);

static const struct field queue_fields[] = {
	{.key = "max_inflight",
		.type = &t_int,
		AT(draft, c.faas.queue.max_inflight),
		.min = 1,
		.max = 10000,
		.help = "queued calls a worker makes at once; faas.max_inflight when not given"},
	{.key = "attempts",
		.type = &t_int,
		AT(draft, c.faas.queue.attempts),
		.min = 1,
		.max = 1000,
		.dflt = "5",
		.help = "of a call that fails, before it is given up"},
	{.key = "retry_wait",
		.type = &t_duration,
		AT(draft, c.faas.queue.retry_wait),
		.min = 10 * USEC_PER_MSEC,
		.max = 600 * USEC_PER_SEC,
		.dflt = "500ms",
		.help = "pause before the second attempt; each further one four times as long"},
	{.key = "retry_max_wait",
		.type = &t_duration,
		AT(draft, c.faas.queue.retry_max_wait),
		.min = 10 * USEC_PER_MSEC,
		.max = 600 * USEC_PER_SEC,
		.dflt = "30s",
		.help = "longest pause between attempts"},
	{.key = "dead",
		.type = &t_int,
		AT(draft, c.faas.queue.dead),
		.min = 1,
		.max = 10000000,
		.dflt = "10000",
		.help = "calls given up that are kept for a look and a replay"},
	{.key = "callbacks",
		.type = &t_int,
		AT(draft, c.faas.queue.callbacks),
		.min = 1,
		.max = 10000,
		.dflt = "64",
		.help = "callbacks a worker sends at once"},
	{.key = "memory",
		.type = &t_size,
		AT(draft, c.faas.queue.memory),
		.min = 16 * MIB,
		.max = 64 * GIB,
		.dflt = "32M",
		.help = "what calls may take in a worker, and their answers once more; its limit "
			"is twice that and 192M"},
};
static const struct section queue_section = SECTION_OF(queue_fields);

static const struct field faas_fields[] = {
	{.key = "engine",
		.type = &t_word,
		WORDS(engines),
		AT(draft, c.faas.engine),
		.dflt = "svarm",
		.help = "svarm, or the classic openfaas stack"},
	{.key = "monitoring",
		.type = &t_word,
		WORDS(monitorings),
		AT(draft, c.faas.monitoring),
		.dflt = "none",
		.help = "prometheus: collects the gateway's metrics, on the database node"},
	{.key = "openfaas",
		.shape = SHAPE_SECTION,
		.section = &openfaas_section,
		.help = "the engine openfaas"},
	{.key = "user",
		.type = &t_login,
		AT(draft, c.faas.user),
		.dflt = "admin",
		.help = "basic authentication of the gateway's API"},
	{.key = "password",
		.type = &t_secret,
		AT(draft, c.faas.password),
		.help = "its password: env:NAME, file:PATH or cmd:COMMAND; generated when not "
			"given"},
	{.key = "max_inflight",
		.type = &t_int,
		AT(draft, c.faas.max_inflight),
		.min = 1,
		.max = 10000,
		.dflt = "32",
		.help = "queued calls a worker makes at once"},
	{.key = "queue",
		.shape = SHAPE_SECTION,
		.section = &queue_section,
		.help = "asynchronous calls and the workers that make them"},
	{.key = "redis",
		.shape = SHAPE_SECTION,
		.section = &redis_section,
		.help = "Redis, on the node with the role database"},
	{.key = "secrets",
		.shape = SHAPE_SECTIONS,
		.section = &secret_section,
		AT(draft, c.faas.secrets),
		COUNT(draft, c.faas.n_secrets),
		.size = sizeof(struct spec_secret),
		.line_at = offsetof(struct spec_secret, line),
		.most = 200,
		.help = "secrets for functions"},
	{.key = "functions",
		.shape = SHAPE_SECTIONS,
		.section = &function_section,
		AT(draft, c.faas.functions),
		COUNT(draft, c.faas.n_functions),
		.size = sizeof(struct spec_function),
		.line_at = offsetof(struct spec_function, line),
		.most = 1000,
		.help = "the functions to run"},
	{.key = "functions_from",
		.shape = SHAPE_LIST,
		.type = &t_path,
		AT(draft, c.faas.includes),
		COUNT(draft, c.faas.n_includes),
		.size = sizeof(struct spec_include),
		.line_at = offsetof(struct spec_include, line),
		.most = 50,
		.help = "files of faas-cli (stack.yml) with more of them"},
};
static const struct section faas_section = SECTION_OF(faas_fields);

static const struct field nginx_fields[] = {
	{.key = "server_name",
		.type = &t_server_name,
		AT(draft, c.tune.nginx.server_name),
		.dflt = "_",
		.help = "names nginx answers to; _: any"},
	{.key = "client_max_body_size",
		.type = &t_size,
		AT(draft, c.tune.nginx.client_max_body_size),
		.min = 1 * KIB,
		.max = 1024 * GIB,
		.dflt = "50M",
		.help = "largest request body"},
	{.key = "client_body_buffer_size",
		.type = &t_size,
		AT(draft, c.tune.nginx.client_body_buffer_size),
		.min = 1 * KIB,
		.max = 16 * GIB,
		.dflt = "50M",
		.help = "how much of a body is held in memory, per connection"},
	{.key = "upstream_keepalive",
		.type = &t_int,
		AT(draft, c.tune.nginx.upstream_keepalive),
		.min = 1,
		.max = 65535,
		.dflt = "32",
		.help = "idle connections kept to the gateway, per nginx worker"},
	{.key = "proxy_read_timeout",
		.type = &t_duration,
		AT(draft, c.tune.nginx.proxy_read_timeout),
		.min = 100 * USEC_PER_MSEC,
		.max = 24 * 3600 * USEC_PER_SEC,
		.dflt = "60s",
		.help = "how long a call may be silent"},
	{.key = "proxy_connect_timeout",
		.type = &t_duration,
		AT(draft, c.tune.nginx.proxy_connect_timeout),
		.min = 100 * USEC_PER_MSEC,
		.max = 75 * USEC_PER_SEC,
		.dflt = "5s",
		.help = "how long connecting to the gateway may take"},
	{.key = "worker_connections",
		.type = &t_int,
		AT(draft, c.tune.nginx.worker_connections),
		.min = 64,
		.max = 1048576,
		.dflt = "16384",
		.help = "connections per nginx worker"},
};
static const struct section nginx_section = SECTION_OF(nginx_fields);

const struct sysctl_default grammar_sysctls[] = {
	{"net.core.somaxconn", "65535"},
	{"net.ipv4.tcp_tw_reuse", "1"},
	{"net.ipv4.ip_local_port_range", "1024 65000"},
	{NULL, NULL},
};

static const struct field tune_fields[] = {
	{.key = "sysctl",
		.shape = SHAPE_MAP,
		.type = &t_sysctl,
		.key_type = &t_sysctl_key,
		AT(draft, sysctl),
		COUNT(draft, n_sysctl),
		.most = 500,
		.help = "kernel settings of every node, on top of the defaults"},
	{.key = "nginx",
		.shape = SHAPE_SECTION,
		.section = &nginx_section,
		.help = "nginx, on the nodes with the role ingress"},
};
static const struct section tune_section = SECTION_OF(tune_fields);

static const struct field docker_fields[] = {
	{.key = "source",
		.type = &t_word,
		WORDS(docker_sources),
		AT(draft, c.docker_source),
		.dflt = "distro",
		.help = "distro: docker.io; docker-ce: Docker's own repository"},
};
static const struct section docker_section = SECTION_OF(docker_fields);

static const struct field node_fields[] = {
	{.key = "name",
		.type = &t_label,
		AT(spec_node, name),
		.max = 63,
		.required = true,
		.help = "also its name in the swarm"},
	{.key = "address",
		.type = &t_address,
		AT(spec_node, address),
		.required = true,
		.help = "where to connect: IP address or host name"},
	{.key = "private",
		.type = &t_private,
		AT(spec_node, private),
		.required = true,
		.help = "IP address for the traffic between nodes"},
	{.key = "roles",
		.shape = SHAPE_FLAGS,
		.type = &t_word,
		WORDS(grammar_roles),
		AT(spec_node, roles),
		.required = true,
		.help = "what it does"},
	{.key = "host_key",
		.type = &t_host_key,
		AT(spec_node, host_key),
		.help = "pinned SSH host key; else known_hosts decides"},
	{.key = "user", .type = &t_user, AT(spec_node, user), .help = "instead of ssh.user"},
	{.key = "port",
		.type = &t_int,
		AT(spec_node, port),
		.min = 1,
		.max = 65535,
		.help = "instead of ssh.port"},
};
static const struct section node_section = SECTION_OF(node_fields);

static const struct field ssh_fields[] = {
	{.key = "user",
		.type = &t_user,
		AT(draft, c.ssh.user),
		.dflt = "root",
		.help = "who to log in as; not root: through sudo -n"},
	{.key = "identity",
		.shape = SHAPE_LIST,
		.type = &t_path,
		AT(draft, c.ssh.identities),
		COUNT(draft, c.ssh.n_identities),
		.size = sizeof(const char *),
		.line_at = NOWHERE,
		.most = 20,
		.help = "private key files; without one the agent and the usual files are tried"},
	{.key = "port",
		.type = &t_int,
		AT(draft, c.ssh.port),
		.min = 1,
		.max = 65535,
		.dflt = "22",
		.help = "port of sshd"},
	{.key = "known_hosts",
		.type = &t_path,
		AT(draft, c.ssh.known_hosts),
		.dflt = "~/.ssh/known_hosts",
		.help = "file with the host keys that are trusted"},
	{.key = "connect_timeout",
		.type = &t_duration,
		AT(draft, c.ssh.connect_timeout),
		.min = 1 * USEC_PER_SEC,
		.max = 3600 * USEC_PER_SEC,
		.dflt = "2m",
		.help = "how long connecting is tried in all"},
};
static const struct section ssh_section = SECTION_OF(ssh_fields);

static const struct field verify_fields[] = {
	{.key = "fail_if",
		.shape = SHAPE_LIST,
		.type = &t_threshold,
		AT(draft, c.fail_if),
		COUNT(draft, c.n_fail_if),
		.size = sizeof(const char *),
		.line_at = NOWHERE,
		.most = 100,
		.help = "what must not be measured, as in http.p99 > 50ms"},
};
static const struct section verify_section = SECTION_OF(verify_fields);

static const struct field root_fields[] = {
	{.key = "cluster",
		.type = &t_label,
		AT(draft, c.name),
		.max = 63,
		.dflt = "svarm",
		.help = "name of the cluster"},
	{.key = "ssh", .shape = SHAPE_SECTION, .section = &ssh_section, .help = "how to log in"},
	{.key = "nodes",
		.shape = SHAPE_SECTIONS,
		.section = &node_section,
		AT(draft, c.nodes),
		COUNT(draft, c.n_nodes),
		.size = sizeof(struct spec_node),
		.line_at = offsetof(struct spec_node, line),
		.most = 1000,
		.required = true,
		.help = "the servers"},
	{.key = "docker",
		.shape = SHAPE_SECTION,
		.section = &docker_section,
		.help = "the container engine"},
	{.key = "tune",
		.shape = SHAPE_SECTION,
		.section = &tune_section,
		.help = "kernel and nginx"},
	{.key = "images",
		.shape = SHAPE_LIST,
		.type = &t_path,
		AT(draft, c.images),
		COUNT(draft, c.n_images),
		.size = sizeof(struct spec_image),
		.line_at = offsetof(struct spec_image, line),
		.most = 1000,
		.help = "docker-archives (docker save) to put on the nodes"},
	{.key = "faas",
		.shape = SHAPE_SECTION,
		.section = &faas_section,
		.help = "the function platform"},
	{.key = "verify",
		.shape = SHAPE_SECTION,
		.section = &verify_section,
		.help = "what a healthy cluster keeps to"},
};
const struct section grammar_root = SECTION_OF(root_fields);
