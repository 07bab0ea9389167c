/*
 * What the command line of `svarm bench` says of the calls that section http makes, and of times.
 * Values of headers, and bodies, may be secrets: no message repeats them.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/bench_job.h"
#include "lib/spec/values.h"

#define MAX_RATE 1e7
enum { MAX_BODY = 256 * 1024 * 1024 };

static int take_time(const struct bench_job *j, const char *option, const char *text, usec_t min,
	usec_t *ret, struct err *err)
{
	const struct value_context x = {
		.arena = (struct arena *)&j->arena, .min = min, .max = 86400 * USEC_PER_SEC};

	if (!text || value_duration(&x, text, ret, err) >= 0)
		return 0;
	err_wrap(err, "--%s", option);
	return err->code = ERR_SPEC;
}

static int take_rate(const char *option, const char *text, double *ret, struct err *err)
{
	char *end;
	double n;

	if (!text)
		return 0;
	n = strtod(text, &end);
	if (!strcmp(end, "/s"))
		end += 2;
	if (!isdigit((unsigned char)*text) || *end || !(n > 0) || n > MAX_RATE)
		return err_set(err, ERR_SPEC,
			"option '--%s' wants requests a second, more than 0 and at most %.0f, not "
			"'%s'",
			option, MAX_RATE, text);
	*ret = n;
	return 0;
}

static int take_times(struct bench_job *j, struct err *err)
{
	const struct bench_own *own = j->own;
	struct bench_options *o = &j->o;
	int r = take_time(j, "duration", own->duration, 100 * USEC_PER_MSEC, &o->duration, err);

	if (r >= 0)
		r = take_time(j, "warmup", own->warmup, 0, &o->warmup, err);
	if (r >= 0)
		r = take_time(j, "timeout", own->timeout, USEC_PER_MSEC, &o->timeout, err);
	if (r >= 0)
		r = take_time(j, "sustain", own->sustain, USEC_PER_SEC, &o->sustain, err);
	return r;
}

static int check_url(const char *url, struct err *err)
{
	const char *rest = strstr(url, "//");

	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return err_set(err, ERR_SPEC,
			"a URL begins with http:// or https://, as in http://203.0.113.11/");
	rest += 2;
	if (memchr(rest, '@', strcspn(rest, "/?#")))
		return err_set(err, ERR_SPEC,
			"no user and password in the URL: it is shown; give them as a header (-H)");
	return 0;
}

static int take_body(struct bench_job *j, struct err *err)
{
	const struct bench_own *own = j->own;
	int r;

	if (own->data && own->data_file)
		return err_set(err, ERR_SPEC, "--data and --data-file exclude each other");
	if (own->data)
		buf_adds(&j->body, own->data);
	if (own->data_file) {
		if (!strcmp(own->data_file, "-") && j->file[0] && !strcmp(j->file[0], "-"))
			return err_set(err, ERR_SPEC,
				"spec and body cannot both come from standard input");
		r = buf_read_file(&j->body, own->data_file, MAX_BODY, err);
		if (r < 0)
			return err_wrap(err, "--data-file");
	}
	if (own->data || own->data_file) {
		j->o.body = buf_str(&j->body);
		j->o.body_len = j->body.len;
	}
	return 0;
}

static int take_headers(const struct cli *cli, struct bench_job *j, struct err *err)
{
	const char *body = j->own->data_file, *input = NULL;
	int r;

	if (body && !strcmp(body, "-"))
		input = "the body";
	else if (j->file[0] && !strcmp(j->file[0], "-"))
		input = "the spec";
	r = headers_read(cli, &j->own->headers, input, &j->headers, err);
	j->o.headers = j->headers.items;
	j->o.n_headers = j->headers.n;
	return r;
}

int bench_job_load(const struct cli *cli, struct bench_job *j, struct err *err)
{
	const struct bench_own *own = j->own;
	int r = take_times(j, err);

	if (r >= 0 && own->url)
		r = check_url(own->url, err);
	if (r >= 0)
		r = take_headers(cli, j, err);
	if (r >= 0)
		r = take_rate("rate", own->rate, &j->o.rate, err);
	if (r >= 0)
		r = take_rate("ramp-to", own->ramp_to, &j->o.ramp_to, err);
	if (r < 0)
		return r;
	if (own->ramp_to && !own->rate)
		return err_set(err, ERR_SPEC, "--ramp-to needs --rate, where it begins");
	if (own->threads && own->connections && own->threads > own->connections)
		return err_set(err, ERR_SPEC, "%d threads cannot share %d connection%s",
			own->threads, own->connections, own->connections == 1 ? "" : "s");
	return take_body(j, err);
}
