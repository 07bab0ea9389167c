/* The way back: from what a node remembers to the steps of `svarm down`, in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/node/undo.h"
#include "tests/unit/facts_make.h"

struct undone {
	struct arena arena;
	struct facts facts;
	struct change_set set;
};

static void undone_done(struct undone *u)
{
	facts_done(&u->facts);
	arena_done(&u->arena);
}

#define _undone_ _cleanup_(undone_done) struct undone

static const char *const images[] = {"svarm/echo:1", "svarm/it's:2", NULL};

static void undo(struct undone *u, const char *facts, bool leader)
{
	const struct undo_role role = {.leader = leader, .images = images};
	_cleanup_err_ struct err err = ERR_INIT;

	*u = (struct undone){0};
	u->set.arena = &u->arena;
	facts_make(&u->facts, facts);
	if (undo_changes(&u->facts, &role, &u->set, &err) < 0)
		fail_msg("%s", err_msg(&err));
	change_close(&u->set, 0);
}

/* The calls, one a line; awaited promises behind a "<". */
static void expect(const struct undone *u, const char *calls)
{
	_cleanup_buf_ struct buf all = BUF_INIT;

	for (size_t i = 0; i < u->set.n_steps; i++) {
		const struct step *s = &u->set.steps[i];

		buf_adds(&all, s->call);
		for (size_t k = 0; k < s->n_frames; k++)
			buf_addf(&all, " < %s", s->frames[k].data);
		assert_int_equal(s->n_awaits, s->n_frames);
		buf_addc(&all, '\n');
	}
	assert_string_equal(buf_str(&all), calls);
}

#define STATE(name, base64)                                                               \
	"stat\t/var/lib/svarm/" name "\t600\tregular file\ncontent\t/var/lib/svarm/" name \
	"\t" base64 "\n"
#define JOINED   "stat\t/var/lib/svarm/swarm\t644\tregular empty file\n"
#define ORIGINAL "stat\t/var/lib/svarm/original\t755\tdirectory\n"
#define MANAGER \
	"json\tinfo\t{\"Swarm\":{\"LocalNodeState\":\"active\",\"ControlAvailable\":true}}\n"
#define WORKER "json\tinfo\t{\"Swarm\":{\"LocalNodeState\":\"active\"}}\n"
#define NGINX  "unit\tId=nginx.service\nunit\tLoadState=loaded\nunit\tActiveState=active\n"

/* base64 of "docker.io\nnginx\n", "docker.service\n", "/etc/svarm\n", "net.core.somaxconn 4096\n"
 */
#define PACKAGES STATE("packages", "ZG9ja2VyLmlvCm5naW54Cg==")
#define ENABLED  STATE("enabled", "ZG9ja2VyLnNlcnZpY2UK")
#define CREATED  STATE("created", "L2V0Yy9zdmFybQo=")
#define SYSCTL   STATE("sysctl", "bmV0LmNvcmUuc29tYXhjb25uIDQwOTYK")

static void test_nothing_to_undo(void **state)
{
	_undone_ bare, foreign;

	undo(&bare, "", true);
	expect(&bare, "");
	/* A docker, an nginx and a swarm of somebody else's. */
	undo(&foreign, WORKER NGINX, false);
	expect(&foreign, "");
}

static void test_leader(void **state)
{
	_undone_ u;

	undo(&u, MANAGER JOINED PACKAGES ENABLED CREATED SYSCTL ORIGINAL NGINX, true);
	expect(&u, "cluster_empty fn svarm\nswarm_leave manager < all.done\n"
		   "units_down docker.service\nfiles_restore\nsysctl_restore\n"
		   "packages_purge docker.io nginx\nstate_forget\n");
}

static void test_follower(void **state)
{
	_undone_ u;

	undo(&u, WORKER JOINED PACKAGES ENABLED CREATED SYSCTL, false);
	expect(&u, "swarm_leave worker < emptied\nunits_down docker.service\nfiles_restore\n"
		   "sysctl_restore\npackages_purge docker.io nginx\nstate_forget\n");
}

/* A second manager empties nothing and waits like the others. */
static void test_second_manager(void **state)
{
	_undone_ u;

	undo(&u, MANAGER JOINED, false);
	expect(&u, "swarm_leave manager < emptied\nimages_remove svarm/echo:1 'svarm/it'\\''s:2'\n"
		   "state_forget\n");
}

/* Docker and nginx were there before: they stay, without what is ours. */
static void test_docker_stays(void **state)
{
	_undone_ u;

	undo(&u, WORKER JOINED CREATED ORIGINAL NGINX, false);
	expect(&u, "swarm_leave worker < emptied\n"
		   "images_remove svarm/echo:1 'svarm/it'\\''s:2'\nfiles_restore\n"
		   "unit_reload nginx.service\nstate_forget\n");
}

/* A member by hand: svarm did not join it, so it does not leave. */
static void test_joined_by_hand(void **state)
{
	_undone_ u;

	undo(&u, WORKER CREATED, false);
	assert_null(strstr(u.set.steps[0].call, "swarm_leave"));
}

/* What an interrupted run left half undone. */
static void test_rest(void **state)
{
	_undone_ u;

	undo(&u, PACKAGES, false);
	expect(&u, "packages_purge docker.io nginx\nstate_forget\n");
}

/* Kernel settings come back although no file does. */
static void test_sysctl_alone(void **state)
{
	_undone_ u;

	undo(&u, SYSCTL, false);
	expect(&u, "sysctl_restore\nstate_forget\n");
}

/* Names come from a file on the node: one argument each, no options, whatever they hold. */
static void test_hostile_state(void **state)
{
	_undone_ u;

	/* "a; rm -rf /\n-o Dir=x\n\n$(id)\n" */
	undo(&u, STATE("packages", "YTsgcm0gLXJmIC8KLW8gRGlyPXgKCiQoaWQpCg=="), false);
	expect(&u, "packages_purge 'a; rm -rf /' '$(id)'\nstate_forget\n");
}

static void test_question(void **state)
{
	static const char *const asked[] = {"file /var/lib/svarm/swarm\n",
		"read /var/lib/svarm/packages\n", "read /var/lib/svarm/enabled\n",
		"read /var/lib/svarm/created\n", "read /var/lib/svarm/sysctl\n",
		"file /var/lib/svarm/original\n", "unit nginx.service\n"};
	_cleanup_buf_ struct buf q = BUF_INIT;

	undo_ask(&q);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		assert_non_null(strstr(buf_str(&q), asked[i]));
}

static void test_changes_are_removals(void **state)
{
	_undone_ u;

	undo(&u, MANAGER JOINED PACKAGES ENABLED CREATED SYSCTL, true);
	assert_int_equal(u.set.n, 6);
	for (size_t i = 0; i < u.set.n; i++)
		assert_int_equal(u.set.changes[i].action, CHANGE_REMOVE);
	/* Each of them belongs to one step, the last step forgets and is no change. */
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(u.set.steps[i].n, 1);
	assert_int_equal(u.set.steps[6].n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_undo),
		cmocka_unit_test(test_leader),
		cmocka_unit_test(test_follower),
		cmocka_unit_test(test_second_manager),
		cmocka_unit_test(test_docker_stays),
		cmocka_unit_test(test_joined_by_hand),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_sysctl_alone),
		cmocka_unit_test(test_hostile_state),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_changes_are_removals),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
