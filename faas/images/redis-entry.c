/*
 * The entry point of the Redis image.  Redis takes its password from a configuration file or from
 * its command line; swarm hands it over as a secret file, and the image has no shell to bring the
 * two together.  So this program composes the configuration, leaves it in a pipe that redis-server
 * reads as its standard input, and becomes redis-server: the password stands in no argument list,
 * no environment and on no disk.  Static, standard library only.
 *
 *   SVARM_SECRETS            folder of the secrets        /run/secrets
 *   SVARM_REDIS_PASSWORD     name of the secret in it     redis-password
 *   SVARM_REDIS_MAXMEMORY    bytes, or with K, M, G       256M
 *   SVARM_REDIS_PERSISTENCE  aof, aof-everysec or none    aof
 *   SVARM_REDIS_DIR          where the AOF lives          /data
 *   SVARM_REDIS_BIND         address to listen on         0.0.0.0
 *   SVARM_REDIS_PORT         port                         6379
 *
 * Started as root, it gives the data folder to the user redis (999) and goes on as that user.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REDIS_SERVER "/usr/bin/redis-server"
#define REDIS_ID     999
#define PASSWORD_MAX 512

static const char *setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

__attribute__((format(printf, 1, 2))) static int complain(const char *format, ...)
{
	va_list ap;

	fputs("redis-entry: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -1;
}

/* A number with an optional K, M, G (powers of 1024; Redis itself would read "256M" as 10^6). */
static int parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t n = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9' && n < (uint64_t)1 << 40; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	if (p == text)
		return -1;
	if (*p) {
		unit = strchr(units, *p & ~0x20);
		if (!unit || !*unit || p[1])
			return -1;
		n <<= 10 * (unit - units + 1);
	}
	*ret = n;
	return 0;
}

static bool is_port(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && n > 0 && n < 65536;
}

/* A word that can stand in the configuration without quotes. */
static bool is_word(const char *text)
{
	return *text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789._:/*-")];
}

/* The first line of the secret file, trimmed, into @ret of PASSWORD_MAX + 1 bytes. */
static int read_password(const char *path, char *ret)
{
	size_t n, start;
	FILE *f = fopen(path, "re");

	if (!f)
		return complain("cannot open '%s': %s", path, strerror(errno));
	setvbuf(f, NULL, _IONBF, 0); /* no second copy in a stdio buffer */
	n = fread(ret, 1, PASSWORD_MAX + 1, f);
	fclose(f);
	if (n > PASSWORD_MAX)
		return complain("'%s' is longer than %d bytes", path, PASSWORD_MAX);
	while (n && strchr(" \t\r\n", ret[n - 1]))
		n--;
	ret[n] = '\0';
	start = strspn(ret, " \t\r\n");
	memmove(ret, ret + start, n - start + 1);
	if (!*ret)
		return complain("'%s' is empty", path);
	if (strlen(ret) != n - start)
		return complain("'%s' has a NUL byte in it", path);
	return 0;
}

/* In the quotes of redis.conf, every byte but letters and digits as \xHH. */
static void write_password(int fd, const char *password)
{
	dprintf(fd, "requirepass \"");
	for (const unsigned char *p = (const unsigned char *)password; *p; p++)
		dprintf(fd, "\\x%02x", *p);
	dprintf(fd, "\"\n");
}

static int write_config(int fd)
{
	const char *bind_to = setting("SVARM_REDIS_BIND", "0.0.0.0");
	const char *port = setting("SVARM_REDIS_PORT", "6379");
	const char *dir = setting("SVARM_REDIS_DIR", "/data");
	const char *memory = setting("SVARM_REDIS_MAXMEMORY", "256M");
	const char *persistence = setting("SVARM_REDIS_PERSISTENCE", "aof");
	const bool everysec = !strcmp(persistence, "aof-everysec");
	const bool aof = everysec || !strcmp(persistence, "aof");
	uint64_t bytes;

	if (parse_size(memory, &bytes) < 0)
		return complain("SVARM_REDIS_MAXMEMORY: '%s' is not a size", memory);
	if (!aof && strcmp(persistence, "none") != 0)
		return complain(
			"SVARM_REDIS_PERSISTENCE: '%s' is neither aof, aof-everysec nor none",
			persistence);
	if (!is_word(bind_to) || !is_port(port) || !is_word(dir) || strlen(dir) > 256)
		return complain("SVARM_REDIS_BIND, _PORT or _DIR is not valid");
	dprintf(fd, "bind %s\nport %s\nprotected-mode no\n", bind_to, port);
	dprintf(fd, "tcp-backlog 65535\ntcp-keepalive 60\ntimeout 0\n");
	dprintf(fd, "daemonize no\nlogfile \"\"\ndir %s\n", dir);
	/* With "everysec" Redis answers before it writes for as long as a sync takes: even a kill
	 * loses what it answered then.  "always" is one sync for all who asked in the meantime. */
	dprintf(fd, "save \"\"\nappendonly %s\n", aof ? "yes" : "no");
	dprintf(fd, "appendfsync %s\n", everysec ? "everysec" : "always");
	dprintf(fd, "maxmemory %llu\nmaxmemory-policy noeviction\n", (unsigned long long)bytes);
	return 0;
}

/* A volume mounted from the node may belong to root; what Redis wrote there is its own already. */
static void give_away(const char *dir)
{
	struct stat st;

	if (lstat(dir, &st) == 0 && st.st_uid != REDIS_ID && lchown(dir, REDIS_ID, REDIS_ID) < 0)
		complain("cannot give '%s' to redis: %s", dir, strerror(errno));
}

static int drop_root(void)
{
	if (geteuid() != 0)
		return 0;
	give_away(setting("SVARM_REDIS_DIR", "/data"));
	if (setgroups(0, NULL) < 0 || setgid(REDIS_ID) < 0 || setuid(REDIS_ID) < 0)
		return complain("cannot become the user redis: %s", strerror(errno));
	return 0;
}

/* The whole configuration fits into the pipe, so it can be written before anybody reads. */
static int fill_pipe(int fd)
{
	char path[512], password[PASSWORD_MAX + 2];
	int r;

	snprintf(path, sizeof(path), "%s/%s", setting("SVARM_SECRETS", "/run/secrets"),
		setting("SVARM_REDIS_PASSWORD", "redis-password"));
	r = read_password(path, password);
	if (r == 0) {
		r = write_config(fd);
		write_password(fd, password);
	}
	explicit_bzero(password, sizeof(password));
	return r;
}

static int prepare(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return complain("no pipe: %s", strerror(errno));
	if (fill_pipe(fds[1]) < 0)
		return -1;
	close(fds[1]);
	if (dup2(fds[0], STDIN_FILENO) < 0)
		return complain("cannot hand over the configuration: %s", strerror(errno));
	return drop_root();
}

int main(void)
{
	if (prepare() < 0)
		return 1;
	execl(REDIS_SERVER, "redis-server", "-", (char *)NULL);
	complain("cannot start %s: %s", REDIS_SERVER, strerror(errno));
	return 1;
}
