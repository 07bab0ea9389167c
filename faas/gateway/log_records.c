/* Docker's stream of log lines: see log_records.h. */
#include "faas/gateway/log_records.h"

#include <string.h>

#define TASK_ID "com.docker.swarm.task.id="

enum { STREAM_STDERR = 2, STREAM_ERROR = 3 };

/* The word at the beginning of @text, cut off with the blank behind it. */
static char *cut_word(char **text, char *end)
{
	char *word = *text, *blank = memchr(word, ' ', (size_t)(end - word));

	if (!blank)
		return NULL;
	*blank = '\0';
	*text = blank + 1;
	return word;
}

/* The task's id out of "a=b,com.docker.swarm.task.id=ID,c=d"; "" when there is none. */
static const char *task_of(char *details)
{
	char *p = details, *end;

	while (p && strncmp(p, TASK_ID, strlen(TASK_ID))) {
		p = strchr(p, ',');
		p = p ? p + 1 : NULL;
	}
	if (!p)
		return "";
	p += strlen(TASK_ID);
	end = strchr(p, ',');
	if (end)
		*end = '\0';
	return p;
}

/* A whole line in d->frame. */
static int line_done(struct log_demux *d)
{
	struct log_record r = {.timestamp = "", .instance = ""};
	char *text = d->frame.data, *end = text + d->frame.len, *word;

	word = cut_word(&text, end);
	if (word) {
		r.timestamp = word;
		word = cut_word(&text, end);
		if (word)
			r.instance = task_of(word);
	}
	if (end > text && end[-1] == '\n')
		end--;
	r.text = text;
	r.text_len = (size_t)(end - text);
	return d->on_record(d->arg, &r);
}

static int frame_done(struct log_demux *d, struct err *err)
{
	int r;

	buf_add(&d->frame, "", 0); /* an empty one has memory, too */
	if (d->head[0] == STREAM_ERROR) {
		buf_rtrim(&d->frame);
		return err_set(err, -EIO, "docker: %s", buf_str(&d->frame));
	}
	r = line_done(d);
	if (r < 0)
		err_set(err, r, "the reader is gone");
	buf_clear(&d->frame);
	d->head_n = 0;
	return r;
}

static int head_done(struct log_demux *d, struct err *err)
{
	const unsigned char *h = d->head;

	d->left = (size_t)h[4] << 24 | (size_t)h[5] << 16 | (size_t)h[6] << 8 | h[7];
	if (h[0] > STREAM_ERROR || h[1] || h[2] || h[3] || d->left > LOG_MAX_FRAME)
		return err_set(err, -EBADMSG, "docker: a log stream without frames");
	return d->left ? 0 : frame_done(d, err);
}

int log_demux_feed(struct log_demux *d, const char *data, size_t len, struct err *err)
{
	int r = 0;

	while (len && r == 0) {
		size_t n, keep;

		if (d->head_n < sizeof(d->head)) {
			d->head[d->head_n++] = (unsigned char)*data++;
			len--;
			if (d->head_n == sizeof(d->head))
				r = head_done(d, err);
			continue;
		}
		n = MIN_OF(len, d->left);
		keep = MIN_OF(n, LOG_MAX_LINE - d->frame.len);
		buf_add(&d->frame, data, keep);
		data += n;
		len -= n;
		d->left -= n;
		if (!d->left)
			r = frame_done(d, err);
	}
	return r;
}

void log_demux_done(struct log_demux *d)
{
	buf_done(&d->frame);
}

const char *log_reason(const char *message)
{
	static const char head[] = "for the following reasons: ";
	const char *list = strstr(message, head);

	return list ? list + strlen(head) : message;
}
