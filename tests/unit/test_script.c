/* The script compiler: what is called in which order, and which frames of input in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/node/script.h"
#include "lib/node/template.h"
#include "tests/unit/facts_make.h"

struct compiled {
	struct arena arena;
	struct change_set set;
	struct script script;
};

static void compiled_done(struct compiled *c)
{
	script_done(&c->script);
	arena_done(&c->arena);
}

#define _compiled_ _cleanup_(compiled_done) struct compiled

static void compile(struct compiled *c, const struct script_role *role)
{
	_cleanup_err_ struct err err = ERR_INIT;

	if (script_compile(&c->set, role, &c->arena, &c->script, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

/* What stands behind the fixed text of the template. */
static const char *calls(const struct compiled *c)
{
	_cleanup_buf_ struct buf fixed = BUF_INIT;

	assert_int_equal(template_text("apply.sh", &fixed, NULL), 0);
	assert_true(c->script.text.len > fixed.len);
	assert_memory_equal(c->script.text.data, fixed.data, fixed.len);
	return c->script.text.data + fixed.len;
}

static void expect_frames(const struct compiled *c, const char *const *names)
{
	size_t n = 0;

	for (; names[n]; n++) {
		assert_true(n < c->script.n_frames);
		assert_string_equal(c->script.frames[n]->data, names[n]);
	}
	assert_int_equal(c->script.n_frames, n);
}

static void diff(struct compiled *c, struct resource_set *want, const char *lines)
{
	_cleanup_(facts_done) struct facts f = {0};
	_cleanup_err_ struct err err = ERR_INIT;

	facts_make(&f, lines);
	if (change_diff(want, &f, &c->set, &err) < 0)
		fail_msg("%s", err_msg(&err));
}

static struct resource_set begin(struct compiled *c)
{
	*c = (struct compiled){0};
	c->set.arena = &c->arena;
	return (struct resource_set){.arena = &c->arena};
}

/* ---- the frame around the steps ---- */

static void test_leader_with_nothing_to_do(void **state)
{
	const struct script_role role = {.leader = true, .swarm_exists = true, .owner = "kari@x"};
	_compiled_ c;

	begin(&c);
	compile(&c, &role);
	assert_string_equal(calls(&c),
		"\nbegin\nlock_take kari@x\ntell out lock\nswarm_tokens\ntell out ready\nawait 1\n"
		"tell end\n");
	expect_frames(&c, (const char *const[]){PROMISE_ALL_DONE, NULL});
}

/* At the end of an `up` the leader waits for the services: told how the others ended, and when. */
static void test_settling_leader(void **state)
{
	const struct script_role role = {.leader = true, .settle = true, .owner = "me"};
	struct step *s;
	_compiled_ c;

	begin(&c);
	s = step_add(&c.set, 0, "one");
	step_call(&c.set, s, "unit_up", "a", NULL);
	compile(&c, &role);
	assert_string_equal(calls(&c),
		"\nbegin\nlock_take me\ntell out lock\nstep 1 0 unit_up a\ntell out ready\n"
		"step 2 0 services_settle\ntell end\n");
	expect_frames(&c, (const char *const[]){PROMISE_ALL_DONE, NULL});
	assert_string_equal(script_step_title(&c.set, 1), "one");
	assert_string_equal(script_step_title(&c.set, 2), "wait for the services");
	assert_string_equal(script_step_title(&c.set, 0), "?");
	assert_string_equal(script_step_title(&c.set, 3), "?");
}

static void test_follower(void **state)
{
	const struct script_role role = {.owner = "kari@x", .swarm_exists = true};
	_compiled_ c;

	begin(&c);
	compile(&c, &role);
	/* A follower neither takes the lock nor hands out tokens: it waits to be told. */
	assert_string_equal(calls(&c), "\nbegin\nawait 1\ntell end\n");
	expect_frames(&c, (const char *const[]){PROMISE_LOCK, NULL});
}

static void test_owner_is_quoted(void **state)
{
	const struct script_role role = {.leader = true, .owner = "o'hara; rm -rf / #\n$(id)"};
	_compiled_ c;

	begin(&c);
	compile(&c, &role);
	assert_non_null(strstr(calls(&c), "\nlock_take 'o'\\''hara; rm -rf / #\n$(id)'\ntell"));
}

/* ---- steps ---- */

static void test_new_leader(void **state)
{
	const struct script_role role = {.leader = true, .owner = "me"};
	struct resource *r;
	_compiled_ c;
	struct resource_set want = begin(&c);

	resource_add(&want, RES_UNIT, "docker.service", NULL);
	r = resource_add(&want, RES_SWARM, "swarm", NULL);
	r->swarm.init = r->swarm.manager = true;
	r->swarm.address = "10.0.0.1";
	resource_add(&want, RES_UNIT, "b.service", NULL);
	diff(&c, &want, "");
	compile(&c, &role);
	/* The tokens are handed out as soon as there are any, not at the end. */
	assert_string_equal(calls(&c),
		"\nbegin\nlock_take me\ntell out lock\nstep 1 0 unit_up docker.service\n"
		"step 2 0 swarm_init 10.0.0.1 ''\ntell_joined\nswarm_tokens\n"
		"step 3 0 unit_up b.service\ntell out ready\nawait 1\ntell end\n");
}

static void test_joining(void **state)
{
	const struct script_role role = {.owner = "me"};
	struct resource *r;
	_compiled_ c;
	struct resource_set want = begin(&c);

	r = resource_add(&want, RES_FILE, "/etc/x", NULL);
	r->file.content = "content";
	r->file.len = 7;
	r->file.mode = 0600;
	r = resource_add(&want, RES_SWARM, "swarm", NULL);
	r->swarm.address = "10.0.0.2";
	r->swarm.leader = "10.0.0.1";
	r = resource_add(&want, RES_IMAGE, "echo:1", NULL);
	r->image.id = "sha256:1";
	r->image.archive = "/echo.tar";
	diff(&c, &want, "");
	compile(&c, &role);
	assert_string_equal(calls(&c),
		"\nbegin\nawait 1\nstep 1 0 file_put /etc/x 0600 '' '' reload\n"
		"step 2 1 swarm_join 10.0.0.2 10.0.0.1\ntell_joined\n"
		"step 3 0 image_load echo:1 sha256:1\ntell end\n");
	/* In the order in which the script reads them. */
	expect_frames(&c, (const char *const[]){PROMISE_LOCK, "content", "token.worker",
				  "token.worker", "/echo.tar", NULL});
}

/* Leaving a swarm is no joining: there are no tokens to hand out. */
static void test_leaving(void **state)
{
	const struct script_role role = {.leader = true, .owner = "me"};
	const struct resource swarm = {.kind = RES_SWARM, .name = "swarm"};
	struct step *s;
	_compiled_ c;

	begin(&c);
	s = step_add(&c.set, 0, "leave");
	change_add(&c.set, CHANGE_REMOVE, &swarm, "manager", NULL);
	step_call(&c.set, s, "swarm_leave", "manager", NULL);
	change_close(&c.set, 0);
	compile(&c, &role);
	assert_string_equal(calls(&c),
		"\nbegin\nlock_take me\ntell out lock\nstep 1 0 swarm_leave manager\n"
		"tell out ready\nawait 1\ntell end\n");
}

static void test_step_without_changes(void **state)
{
	const struct script_role role = {.owner = "me"};
	struct step *s;
	_compiled_ c;

	begin(&c);
	s = step_add(&c.set, 0, "forget");
	step_call(&c.set, s, "state_forget", NULL);
	change_close(&c.set, 0);
	compile(&c, &role);
	assert_string_equal(calls(&c), "\nbegin\nawait 1\nstep 1 0 state_forget\ntell end\n");
}

/* No secret and no content is ever part of the script's text. */
static void test_no_secret_in_the_script(void **state)
{
	const struct script_role role = {.leader = true, .owner = "me"};
	struct resource *r;
	_compiled_ c;
	struct resource_set want = begin(&c);

	r = resource_add(&want, RES_FILE, "/etc/svarm/secrets/p", "a secret");
	r->file.content = "hunter2";
	r->file.len = 7;
	r->file.secret = true;
	r = resource_add(&want, RES_SECRET, "p-1", NULL);
	r->secret.value = "hunter3";
	r->secret.len = 7;
	r = resource_add(&want, RES_STACK, "svarm", NULL);
	r->stack.content = "hunter4";
	r->stack.len = 7;
	r->stack.services = &(struct stack_service){
		.name = "svarm_x", .hash = "h", .image = "i", .replicas = 1};
	r->stack.n_services = 1;
	diff(&c, &want, "");
	compile(&c, &role);
	assert_null(strstr(buf_str(&c.script.text), "hunter"));
	expect_frames(
		&c, (const char *const[]){"hunter2", "hunter3", "hunter4", PROMISE_ALL_DONE, NULL});
	assert_true(c.script.frames[0]->secret);
	assert_true(c.script.frames[1]->secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leader_with_nothing_to_do),
		cmocka_unit_test(test_settling_leader),
		cmocka_unit_test(test_follower),
		cmocka_unit_test(test_owner_is_quoted),
		cmocka_unit_test(test_new_leader),
		cmocka_unit_test(test_joining),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_step_without_changes),
		cmocka_unit_test(test_no_secret_in_the_script),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
