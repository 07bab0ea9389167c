/*
 * Does a setting have an effect here?  Only when every round with it is on one side of every round
 * without it, and the medians are a tenth apart: three rounds each fall apart like that by chance
 * in 1 of 10 cases, and by a tenth when something is the matter.  See tuning.h.
 */
#include "probe/bench/tuning.h"

#include <math.h>
#include <string.h>

static const double least_gain = 1.1;

/* What the tool may name: figures have static names. */
static const char *const settings[] = {
	"upstream_keepalive", "body_buffer", "proxy_buffers", "backlog", "tcp_tw_reuse"};

static const char *known_setting(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(settings); i++)
		if (!strcmp(settings[i], name))
			return settings[i];
	return NULL;
}

struct series {
	double values[TUNING_MAX_ROUNDS];
	size_t n;
	double least, most, median;
};

static void read_series(const json_t *line, const char *key, struct series *ret)
{
	const json_t *list = json_arr(line, key);

	*ret = (struct series){.least = INFINITY, .most = -INFINITY, .median = NAN};
	for (size_t i = 0; i < json_array_size(list) && ret->n < TUNING_MAX_ROUNDS; i++) {
		double v = json_number_value(json_array_get(list, i));

		if (!isfinite(v) || v < 0)
			continue;
		ret->values[ret->n++] = v;
		ret->least = fmin(ret->least, v);
		ret->most = fmax(ret->most, v);
	}
	ret->median = median_of(ret->values, ret->n);
}

static json_t *rounds_of(const struct series *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(list, json_real(s->values[i]));
	return list;
}

static const char *verdict_of(
	const struct series *before, const struct series *after, bool higher, double ratio)
{
	bool up = after->least > before->most, down = after->most < before->least;
	bool better = higher ? up : down, worse = higher ? down : up;

	if (!isfinite(ratio))
		return "unknown";
	if (better && ratio >= least_gain)
		return "effect";
	if (worse && ratio <= 1 / least_gain)
		return "worse";
	return "no effect here";
}

static void add_text(json_t *row, const char *verdict, double ratio, const char *what)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!strcmp(verdict, "effect"))
		buf_addf(&text, "%.1f times better", ratio);
	else if (!strcmp(verdict, "worse"))
		buf_addf(&text, "%.1f times worse", 1 / ratio);
	else
		buf_adds(&text, "within the noise");
	buf_addf(&text, ": %s", what);
	json_set_text(row, "text", buf_str(&text), text.len);
}

/* "connections that nginx opens for a call: 1.00, then 0.15". */
static void add_note(json_t *row, const json_t *line)
{
	const char *note = json_str(line, "note");
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct series before, after;

	read_series(line, "note_before", &before);
	read_series(line, "note_after", &after);
	if (!note || strlen(note) > 200 || !before.n || !after.n)
		return;
	buf_addf(&text, "%s: %.3g, then %.3g", note, before.median, after.median);
	json_set_text(row, "note", buf_str(&text), text.len);
}

/* The end of what one round gave, or why there is nothing. */
static json_t *row_unknown(json_t *row, const char *why)
{
	json_object_set_new(row, "verdict", json_string("unknown"));
	json_set_text(row, "text", why, strnlen(why, 400));
	return row;
}

json_t *tuning_row(const json_t *line, struct section_result *ret)
{
	const char *setting = known_setting(json_str(line, "setting"));
	const char *what = json_str(line, "what"), *unit = json_str(line, "unit");
	const char *better = json_str(line, "better"), *error = json_str(line, "error");
	struct series before, after;
	const char *verdict;
	double ratio;
	bool higher;
	json_t *row;

	if (!setting || !what || !unit || strlen(what) > 200 || strlen(unit) > 20)
		return NULL;
	row = json_object();
	json_object_set_new(row, "setting", json_string(setting));
	json_set_text(row, "what", what, strlen(what));
	json_set_text(row, "unit", unit, strlen(unit));
	read_series(line, "before", &before);
	read_series(line, "after", &after);
	if (error || !better || !before.n || !after.n)
		return row_unknown(row, error ? error : "the node gave no numbers");
	higher = !strcmp(better, "higher");
	ratio = higher ? after.median / before.median : before.median / after.median;
	verdict = verdict_of(&before, &after, higher, ratio);
	json_object_set_new(row, "better", json_string(higher ? "higher" : "lower"));
	json_object_set_new(row, "before", json_real(before.median));
	json_object_set_new(row, "after", json_real(after.median));
	json_object_set_new(row, "ratio", isfinite(ratio) ? json_real(ratio) : json_null());
	json_object_set_new(row, "verdict", json_string(verdict));
	json_object_set_new(row, "rounds",
		json_pack("{s:o, s:o}", "before", rounds_of(&before), "after", rounds_of(&after)));
	add_text(row, verdict, ratio, what);
	add_note(row, line);
	for (size_t i = 0; i < before.n && i < after.n; i++)
		section_figure(ret, setting, "ratio", BETTER_HIGHER,
			higher ? after.values[i] / before.values[i]
			       : before.values[i] / after.values[i]);
	return row;
}

static size_t count(const json_t *rows, const char *verdict, struct buf *names)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *is = json_str(row, "verdict"), *name = json_str(row, "setting");

		if (!is || !name || strcmp(is, verdict) != 0)
			continue;
		buf_addf(names, "%s%s", n++ ? ", " : "", name);
	}
	return n;
}

void tuning_verdict(const json_t *rows, struct section_result *ret)
{
	_cleanup_buf_ struct buf good = BUF_INIT, none = BUF_INIT, worse = BUF_INIT, odd = BUF_INIT,
				 text = BUF_INIT;
	size_t n_good = count(rows, "effect", &good), n_none = count(rows, "no effect here", &none);
	size_t n_worse = count(rows, "worse", &worse), n_odd = count(rows, "unknown", &odd);

	buf_addf(&text, "%zu of %zu settings have an effect here", n_good, json_array_size(rows));
	if (n_none)
		buf_addf(&text, "; none: %s", buf_str(&none));
	if (n_worse)
		buf_addf(&text, "; worse: %s", buf_str(&worse));
	if (n_odd)
		buf_addf(&text, "; not measured: %s", buf_str(&odd));
	section_found(ret, n_worse || n_odd ? HEALTH_WARN : HEALTH_OK, "%s", buf_str(&text));
	if (n_worse)
		section_remedy(ret,
			"measure again with more rounds; if it stays, change %s under 'tune'",
			buf_str(&worse));
	else if (n_odd)
		section_remedy(ret, "the section's rows say why");
}
