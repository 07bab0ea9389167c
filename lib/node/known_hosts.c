/* OpenSSH's known_hosts files: see known_hosts.h. */
#include "lib/node/known_hosts.h"

#include <ctype.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/xalloc.h"
#include "lib/ext/ssh.h"

#define MAX_FILE ((size_t)16 << 20)
#define SSH_PORT 22

/* A piece of the text of a file. */
struct span {
	const char *p;
	size_t len;
};

/* One line that is neither empty nor a comment. */
struct entry {
	struct span marker, hosts, type, key;
	size_t line;
};

/* ---- host patterns ---- */

/* Does @s match @pattern, where '*' is any text and '?' any character? */
static bool glob_match(struct span pattern, const char *s)
{
	const char *p = pattern.p, *end = pattern.p + pattern.len;
	const char *star = NULL, *retry = NULL;

	while (*s) {
		if (p < end && *p == '*') {
			star = ++p;
			retry = s;
		} else if (p < end && (*p == '?' || tolower((unsigned char)*p) == *s)) {
			p++;
			s++;
		} else if (star) {
			p = star;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (p < end && *p == '*')
		p++;
	return p == end;
}

/* How a host is written in known_hosts: lower case, "[host]:port" unless the port is 22. */
static char *host_name(const char *host, int port, bool brackets)
{
	char *name = brackets ? xasprintf("[%s]:%d", host, port) : xstrdup(host);

	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return name;
}

/* The names a host may go by; the second is NULL unless the port is the usual one. */
struct names {
	char *name, *bracketed;
};

static void names_init(struct names *n, const char *host, int port)
{
	n->name = host_name(host, port, port != SSH_PORT);
	n->bracketed = port == SSH_PORT ? host_name(host, port, true) : NULL;
}

static void names_done(struct names *n)
{
	free(n->name);
	free(n->bracketed);
}

static bool name_matches(const struct names *n, struct span pattern)
{
	if (glob_match(pattern, n->name))
		return true;
	return n->bracketed && glob_match(pattern, n->bracketed);
}

/* Is the comma separated pattern list @hosts for @n?  A matching "!pattern" says no. */
static bool hosts_match(const struct names *n, struct span hosts)
{
	bool match = false;

	if (hosts.len && hosts.p[0] == '|') {
		_cleanup_free_ char *hashed = xstrndup(hosts.p, hosts.len);

		return ssh_hashed_host_matches(hashed, n->name);
	}
	while (hosts.len) {
		const char *comma = memchr(hosts.p, ',', hosts.len);
		struct span one = {hosts.p, comma ? (size_t)(comma - hosts.p) : hosts.len};
		size_t skip = one.len + (comma != NULL);

		if (one.len && one.p[0] == '!') {
			if (name_matches(n, (struct span){one.p + 1, one.len - 1}))
				return false;
		} else if (one.len && name_matches(n, one)) {
			match = true;
		}
		hosts.p += skip;
		hosts.len -= skip;
	}
	return match;
}

/* ---- lines ---- */

static struct span next_word(const char **p, const char *end)
{
	struct span w;

	while (*p < end && (**p == ' ' || **p == '\t'))
		(*p)++;
	w.p = *p;
	while (*p < end && **p != ' ' && **p != '\t' && **p != '\r')
		(*p)++;
	w.len = (size_t)(*p - w.p);
	return w;
}

/* Read the next entry from @text at *@pos.  False at the end. */
static bool next_entry(const struct buf *text, size_t *pos, size_t *line, struct entry *ret)
{
	while (*pos < text->len) {
		const char *p = text->data + *pos;
		const char *nl = memchr(p, '\n', text->len - *pos);
		const char *end = nl ? nl : text->data + text->len;
		struct span w;

		*pos = (size_t)(end - text->data) + 1;
		*ret = (struct entry){.line = ++*line};
		w = next_word(&p, end);
		if (w.len == 0 || w.p[0] == '#')
			continue;
		if (w.p[0] == '@') {
			ret->marker = w;
			w = next_word(&p, end);
		}
		ret->hosts = w;
		ret->type = next_word(&p, end);
		ret->key = next_word(&p, end);
		return true;
	}
	return false;
}

static bool span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

/* ---- public ---- */

int known_hosts_load(
	const char *user_path, const char *global_path, struct known_hosts *ret, struct err *err)
{
	const char *paths[] = {user_path, global_path};
	struct known_hosts k = {0};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (!paths[i] || access(paths[i], F_OK) < 0)
			continue;
		k.files[i].path = xstrdup(paths[i]);
		r = buf_read_file(&k.files[i].text, paths[i], MAX_FILE, err);
		if (r < 0) {
			known_hosts_done(&k);
			return err_wrap(err, "known hosts");
		}
	}
	*ret = k;
	return 0;
}

void known_hosts_done(struct known_hosts *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(k->files); i++) {
		free(k->files[i].path);
		buf_done(&k->files[i].text);
	}
	*k = (struct known_hosts){0};
}

/* What one line that is for our host says about the key. */
static enum known_host judge(const struct entry *e, const char *type, const char *base64)
{
	bool same = span_is(e->type, type) && span_is(e->key, base64);

	if (span_is(e->marker, "@revoked"))
		return same ? KNOWN_HOST_REVOKED : KNOWN_HOST_UNKNOWN;
	if (e->marker.len)
		return KNOWN_HOST_UNKNOWN;
	if (same)
		return KNOWN_HOST_OK;
	return span_is(e->type, type) ? KNOWN_HOST_CHANGED : KNOWN_HOST_OTHER_TYPE;
}

enum known_host known_hosts_check(const struct known_hosts *k, const char *host, int port,
	const char *type, const char *base64, struct known_host_match *ret)
{
	/* Which finding beats which. */
	static const int rank[] = {[KNOWN_HOST_UNKNOWN] = 0,
		[KNOWN_HOST_OTHER_TYPE] = 1,
		[KNOWN_HOST_CHANGED] = 2,
		[KNOWN_HOST_OK] = 3,
		[KNOWN_HOST_REVOKED] = 4};
	_cleanup_(names_done) struct names names = {0};
	enum known_host best = KNOWN_HOST_UNKNOWN;
	struct known_host_match m = {0};
	struct entry e;

	names_init(&names, host, port);
	for (size_t i = 0; i < ARRAY_SIZE(k->files); i++) {
		size_t pos = 0, line = 0;

		while (next_entry(&k->files[i].text, &pos, &line, &e)) {
			enum known_host found;

			if (!hosts_match(&names, e.hosts))
				continue;
			m.authority |= span_is(e.marker, "@cert-authority");
			found = judge(&e, type, base64);
			if (rank[found] <= rank[best])
				continue;
			best = found;
			m.path = k->files[i].path;
			m.line = e.line;
			snprintf(m.type, sizeof(m.type), "%.*s", (int)MIN_OF(e.type.len, 31u),
				e.type.p);
		}
	}
	if (ret)
		*ret = m;
	return best;
}

bool known_hosts_has_type(const struct known_hosts *k, const char *host, int port, const char *type)
{
	_cleanup_(names_done) struct names names = {0};
	const size_t n = strlen(type);
	struct entry e;

	names_init(&names, host, port);
	for (size_t i = 0; i < ARRAY_SIZE(k->files); i++) {
		size_t pos = 0, line = 0;

		while (next_entry(&k->files[i].text, &pos, &line, &e)) {
			if (e.marker.len || e.type.len < n || memcmp(e.type.p, type, n) != 0)
				continue;
			if (hosts_match(&names, e.hosts))
				return true;
		}
	}
	return false;
}

/* ---- learning ---- */

static pthread_mutex_t append_lock = PTHREAD_MUTEX_INITIALIZER;

static void make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL;

	if (!slash || slash == path)
		return;
	dir = xstrndup(path, (size_t)(slash - path));
	(void)mkdir(dir, 0700); /* opening the file says what is wrong */
}

/* Does the file behind @fd end in the middle of a line? */
static bool lacks_newline(int fd)
{
	char last = '\n';
	off_t size = lseek(fd, 0, SEEK_END);

	if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
		return true;
	return last != '\n';
}

int known_hosts_append(const char *path, const char *host, int port, const char *type,
	const char *base64, struct err *err)
{
	_cleanup_free_ char *name = host_name(host, port, port != SSH_PORT);
	_cleanup_buf_ struct buf line = BUF_INIT;
	int fd, r = 0;

	make_folder(path);
	pthread_mutex_lock(&append_lock);
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		r = err_errno(err, -errno, "writing '%s'", path);
		goto out;
	}
	buf_addf(&line, "%s%s %s %s\n", lacks_newline(fd) ? "\n" : "", name, type, base64);
	if (write(fd, line.data, line.len) != (ssize_t)line.len)
		r = err_errno(err, errno ? -errno : -EIO, "writing '%s'", path);
	if (close(fd) < 0 && r == 0)
		r = err_errno(err, -errno, "writing '%s'", path);
out:
	pthread_mutex_unlock(&append_lock);
	return r;
}
