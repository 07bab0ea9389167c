/* A link without a node: see link_fake.h. */
#include "lib/node/link_fake.h"

#include "lib/base/xalloc.h"

#define HOST_KEY "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

struct fake {
	struct link base; /* first */
	struct link_fake *f;
	bool broken;
};

/* Read the caller's input to its end, as a node would. */
static int drain_input(
	const struct link_fake *f, const struct link_exec *e, struct buf *into, struct err *err)
{
	const usec_t started = clock_now();

	while (e->input) {
		const char *data = NULL;
		size_t len = 0;

		if (e->cancel && __atomic_load_n(e->cancel, __ATOMIC_RELAXED))
			return err_set(err, ERR_INTR, "interrupted");
		if (e->deadline && clock_now() - started >= e->deadline)
			return err_set(err, -ETIMEDOUT, "the command took too long");
		switch (e->input(e->arg, &data, &len, err)) {
		case LINK_INPUT_DATA: buf_add(into, data, len); break;
		case LINK_INPUT_WAIT:
			if (f->impatient)
				return 0;
			clock_sleep(USEC_PER_MSEC);
			break;
		case LINK_INPUT_EOF: return 0;
		case LINK_INPUT_ABORT: return err && err->code < 0 ? err->code : -ECANCELED;
		}
	}
	return 0;
}

static int answer(struct link_fake *f, const struct link_fake_op *op, struct link_result *ret,
	struct err *err)
{
	int r = 0;

	if (f->handle)
		r = f->handle(f->arg, op->script, &op->input, ret, err);
	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < f->n_answers; i++) {
		const struct link_fake_answer *a = &f->answers[i];

		if (a->match && !strstr(op->script, a->match))
			continue;
		buf_adds(&ret->out, a->out ? a->out : "");
		buf_adds(&ret->err, a->err ? a->err : "");
		ret->status = a->status;
		return 0;
	}
	return err_set(err, -EINVAL, "no answer is scripted for: %.60s", op->script);
}

static int deliver(const struct link_fake *f, const struct link_exec *e, struct link_result *ret,
	struct err *err)
{
	_cleanup_buf_ struct buf all = BUF_INIT;
	size_t piece, off;
	int r;

	if (!e->output)
		return 0;
	all = ret->out;
	ret->out = BUF_INIT;
	for (off = 0; off < all.len; off += piece) {
		piece = MIN_OF(f->chunk ? f->chunk : all.len, all.len - off);
		r = e->output(e->arg, all.data + off, piece, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fake_exec(
	struct link *base, const struct link_exec *e, struct link_result *ret, struct err *err)
{
	struct fake *l = (struct fake *)base;
	struct link_fake *f = l->f;
	struct link_fake_op *op;
	bool fails;
	int r;

	if (l->broken)
		return err_set(err, -ECONNRESET, "the connection was lost earlier");
	xgrow(f->ops, f->n_ops, f->cap_ops);
	op = &f->ops[f->n_ops++];
	*op = (struct link_fake_op){.script = xstrdup(e->script)};
	fails = f->fail_at == f->n_ops;
	l->broken = fails;
	if (fails && f->failure == LINK_FAKE_REFUSED)
		return err_set(err, -ECONNRESET, "connection lost (fake)");
	r = drain_input(f, e, &op->input, err);
	if (r < 0)
		return r;
	r = answer(f, op, ret, err);
	if (fails) {
		link_result_done(ret);
		*ret = (struct link_result){.status = -1};
		return err_set(err, -ECONNRESET, "connection lost (fake)");
	}
	return r < 0 ? r : deliver(f, e, ret, err);
}

static void fake_close(struct link *base)
{
	free(base);
}

static const struct link_ops fake_ops = {
	.exec = fake_exec,
	.close = fake_close,
};

struct link *link_fake_open(struct link_fake *f, const struct spec_node *node)
{
	struct fake *l = xcalloc(1, sizeof(*l));

	l->base = (struct link){.ops = &fake_ops, .node = node, .host_key = xstrdup(HOST_KEY)};
	l->f = f;
	return &l->base;
}

void link_fake_done(struct link_fake *f)
{
	for (size_t i = 0; i < f->n_ops; i++) {
		free(f->ops[i].script);
		buf_done(&f->ops[i].input);
	}
	free(f->ops);
	f->ops = NULL;
	f->n_ops = f->cap_ops = 0;
}
