/*
 * svarm-probe disk: how long does a folder's disk take to make a write durable, and to read?
 *
 *	svarm-probe disk --dir /var/lib/docker --seconds 6 [--sustain 60]
 *
 * Two thirds of the time are writes, the rest reads; with --sustain so many seconds of writes, to
 * find burst credits.  A line a second of what goes on, then the figures in one line of JSON.
 */
#include "probe/tool/disk.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/quote.h"
#include "lib/base/xalloc.h"
#include "probe/load/hist_json.h"
#include "probe/tool/numbers.h"
#include "probe/tool/tool.h"

/* What the folder is on. */
struct place {
	char device[128], type[32]; /* "" when not known */
};

static volatile sig_atomic_t cancel;

static void on_signal(int sig)
{
	(void)sig;
	cancel = 1;
}

static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

/* One line of mountinfo: "36 35 98:0 /root /mnt options … - ext4 /dev/root rw". */
static bool read_mount(const char *line, dev_t device, struct place *ret)
{
	const char *dash = strstr(line, " - ");
	unsigned major, minor;

	if (!dash || sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2 ||
		makedev(major, minor) != device)
		return false;
	return sscanf(dash + 3, "%31s %127s", ret->type, ret->device) == 2;
}

static void find_place(const char *dir, struct place *ret)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];
	struct stat st;

	*ret = (struct place){0};
	if (f && stat(dir, &st) == 0)
		while (fgets(line, sizeof(line), f) && !read_mount(line, st.st_dev, ret))
			;
	if (f)
		fclose(f);
}

static void add_text(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, "\"%s\": ", key);
	if (*text)
		quote_json(out, text);
	else
		buf_adds(out, "null");
	buf_adds(out, ", ");
}

static void report(const struct disk_options *o, const struct place *p, const struct disk_seen *s)
{
	_cleanup_buf_ struct buf out = BUF_INIT;

	buf_addc(&out, '{');
	add_text(&out, "path", o->dir);
	add_text(&out, "device", p->device);
	add_text(&out, "filesystem", p->type);
	buf_adds(&out, "\"fdatasync_ms\": ");
	hist_json(&out, &s->syncs);
	buf_adds(&out, ", \"read_ms\": ");
	hist_json(&out, &s->reads);
	buf_addf(&out,
		", \"write_seconds\": %.3f, \"read_seconds\": %.3f, \"read_mb\": %llu, "
		"\"direct\": %s, \"windows\": [",
		s->write_seconds, s->read_seconds, s->read_size >> 20,
		s->direct ? "true" : "false");
	for (size_t i = 0; i < s->n_windows; i++) {
		const struct disk_window *w = &s->windows[i];

		buf_addf(&out, "%s{\"t\": %.2f, \"n\": %lu, \"p50\": %.4f, \"p99\": %.4f}",
			i ? ", " : "", w->at, w->n, hist_ms(w->p50), hist_ms(w->p99));
	}
	buf_adds(&out, "]}");
	say(buf_str(&out));
}

static int measure(const struct disk_options *o, struct disk_seen *s, struct err *err)
{
	struct place place;
	int r;

	find_place(o->dir, &place);
	if (!strcmp(place.type, "btrfs"))
		return err_set(err, -ENOTSUP,
			"'%s' is on btrfs, where files without a name are not made durable",
			o->dir);
	r = disk_write(o, s, say, err);
	if (r == 0)
		r = disk_read(o, s, say, err);
	if (r == 0)
		report(o, &place, s);
	return r;
}

static bool parse_arguments(int argc, char **argv, struct disk_options *o)
{
	static const struct option options[] = {
		{"dir", required_argument, NULL, 'd'},
		{"seconds", required_argument, NULL, 's'},
		{"sustain", required_argument, NULL, 'u'},
		{0},
	};
	double seconds = 6, sustain = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		/* Of several, the first that is there. */
		if (option == 'd')
			o->dir = o->dir && access(o->dir, F_OK) == 0 ? o->dir : optarg;
		else if (option == '?' || !parse_time(optarg, option == 's' ? &seconds : &sustain))
			return false;
	}
	o->write_seconds = sustain > 0 ? sustain : seconds * 2 / 3;
	o->read_seconds = seconds / 3;
	return o->dir && seconds > 0 && optind == argc;
}

int tool_disk(int argc, char **argv)
{
	_cleanup_free_ struct disk_seen *s = xcalloc(1, sizeof(*s));
	struct disk_options o = {.cancel = &cancel};
	_cleanup_err_ struct err err = ERR_INIT;
	int r;

	if (!parse_arguments(argc, argv, &o)) {
		fputs("usage: svarm-probe disk --dir FOLDER [--seconds TIME] [--sustain TIME]\n",
			stderr);
		return TOOL_USAGE;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	r = measure(&o, s, &err);
	free(s->windows);
	if (r == 0)
		return 0;
	fprintf(stderr, "svarm-probe disk: %s\n", err_msg(&err));
	return TOOL_FAULT;
}
