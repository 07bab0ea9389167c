/* From Docker's services and tasks to functions with addresses: see model.h. */
#include "faas/gateway/model.h"

#include <arpa/inet.h>

#include "faas/common/keys.h"
#include "faas/common/name.h"
#include "lib/base/xalloc.h"

const char *model_function_name(const json_t *service)
{
	const char *name = json_str(json_at(service, "Spec", "Labels", NULL), LABEL_FUNCTION);

	return name && name_is_function(name) ? name : NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct function *x = a, *y = b;
	int r = strcasecmp(x->name, y->name);

	return r ? r : strcmp(x->service_id, y->service_id);
}

static int by_address(const void *a, const void *b)
{
	const struct task *x = a, *y = b;
	int r = strcmp(x->address, y->address);

	return r ? r : strcmp(x->id, y->id);
}

static unsigned wanted_replicas(const json_t *service)
{
	json_int_t n = json_int(
		json_at(service, "Spec", "Mode", "Replicated", NULL), "Replicas", 0);

	return n < 0 || n > 1000000 ? 0 : (unsigned)n;
}

static bool is_global(const json_t *service)
{
	return json_at(service, "Spec", "Mode", "Global", NULL) != NULL;
}

static void skip(struct model *m, const char *id, const char *why, const char *name)
{
	m->skipped++;
	m->skipped_why = arena_printf(
		&m->arena, "%.80s: %s: '%.80s'", id ? id : "", why, name ? name : "");
}

/* Sort, and of services that claim the same name keep the one with the lowest id, so that every
 * gateway keeps the same. */
static void sort_unique(struct model *m)
{
	size_t n = 0;

	if (m->functions_n)
		qsort(m->functions, m->functions_n, sizeof(*m->functions), by_name);
	for (size_t i = 0; i < m->functions_n; i++) {
		if (n && !strcasecmp(m->functions[n - 1].name, m->functions[i].name))
			skip(m, m->functions[i].service_id, "another service is this function",
				m->functions[i].name);
		else
			m->functions[n++] = m->functions[i];
	}
	m->functions_n = n;
}

static void read_services(struct model *m, const json_t *services)
{
	struct function *f;
	size_t i, cap = 0;
	json_t *s;

	json_array_foreach(services, i, s)
	{
		const char *id = json_str(s, "ID"), *name = model_function_name(s);

		if (!id || !name) {
			skip(m, id, "this is no name of a function",
				json_str(json_at(s, "Spec", "Labels", NULL), LABEL_FUNCTION));
			continue;
		}
		if (m->functions_n == MODEL_MAX_FUNCTIONS) {
			skip(m, id, "one function too many", name);
			continue;
		}
		f = arena_push(&m->arena, m->functions, m->functions_n, cap);
		f->name = arena_strdup(&m->arena, name);
		f->service_id = arena_strdup(&m->arena, id);
		f->replicas = wanted_replicas(s);
		settings_read(json_at(s, "Spec", "Labels", NULL), &m->arena, &f->settings);
		if (is_global(s))
			f->replicas = (unsigned)-1; /* settled by the tasks */
	}
	sort_unique(m);
}

/* "10.0.1.5/24" → "10.0.1.5" in @a; NULL when it is not an IPv4 address. */
static const char *address_of(struct arena *a, const char *text)
{
	char host[INET_ADDRSTRLEN];
	size_t n = text ? strcspn(text, "/") : 0;
	struct in_addr in;

	if (n == 0 || n >= sizeof(host))
		return NULL;
	memcpy(host, text, n);
	host[n] = '\0';
	return inet_pton(AF_INET, host, &in) == 1 ? arena_strdup(a, host) : NULL;
}

static const char *task_address(struct arena *a, const json_t *task, const char *network)
{
	json_t *attachment;
	size_t i;

	json_array_foreach(json_arr(task, "NetworksAttachments"), i, attachment)
	{
		const char *name = json_str(json_at(attachment, "Network", "Spec", NULL), "Name");

		if (name && !strcmp(name, network))
			return address_of(a, json_string_value(json_array_get(
						     json_arr(attachment, "Addresses"), 0)));
	}
	return NULL;
}

static struct function *find_service(struct model *m, const char *id)
{
	for (size_t i = 0; i < m->functions_n; i++)
		if (!strcmp(m->functions[i].service_id, id))
			return &m->functions[i];
	return NULL;
}

/* A container's id is 64 hexadecimal digits; NULL for anything else. */
static const char *task_container(struct arena *a, const json_t *task)
{
	const char *id = json_str(json_at(task, "Status", "ContainerStatus", NULL), "ContainerID");

	if (!id || strlen(id) != 64 || id[strspn(id, "0123456789abcdef")])
		return NULL;
	return arena_strdup(a, id);
}

/* Append to what a function has.  Grown by one each time: a function has few tasks. */
static void add_container(struct arena *a, struct function *f, const char *id)
{
	const char **more;

	if (!id)
		return;
	more = arena_array(a, const char *, f->containers_n + 1);
	if (f->containers_n)
		memcpy(more, f->containers, f->containers_n * sizeof(*more));
	more[f->containers_n++] = id;
	f->containers = more;
}

static void add_task(struct arena *a, struct function *f, const char *id, const char *address)
{
	struct task *more;

	if (!id || !address)
		return;
	more = arena_array(a, struct task, f->tasks_n + 1);
	if (f->tasks_n)
		memcpy(more, f->tasks, f->tasks_n * sizeof(*more));
	more[f->tasks_n++] = (struct task){arena_strdup(a, id), address};
	f->tasks = more;
}

static void read_task(struct model *m, const json_t *task, const char *network)
{
	const char *id = json_str(task, "ServiceID");
	const char *wanted = json_str(task, "DesiredState");
	const char *state = json_str(json_obj(task, "Status"), "State");
	struct function *f = id ? find_service(m, id) : NULL;

	if (!f || !wanted || !state || strcmp(wanted, "running") || strcmp(state, "running"))
		return;
	f->running++;
	add_container(&m->arena, f, task_container(&m->arena, task));
	add_task(&m->arena, f, json_str(task, "ID"), task_address(&m->arena, task, network));
}

static bool always(void *arg, const struct task *t)
{
	return true;
}

static void pick_ready(struct model *m, struct function *f,
	bool (*is_ready)(void *arg, const struct task *t), void *arg)
{
	f->addresses = arena_array(&m->arena, const char *, f->tasks_n + 1);
	f->addresses_n = 0;
	for (size_t i = 0; i < f->tasks_n; i++)
		if (is_ready(arg, &f->tasks[i]))
			f->addresses[f->addresses_n++] = f->tasks[i].address;
}

int model_build(const json_t *services, const json_t *tasks, const char *network,
	struct model **ret, struct err *err)
{
	struct model *m;
	json_t *task;
	size_t i;

	if (!json_is_array(services) || !json_is_array(tasks))
		return err_set(err, -EBADMSG, "docker's lists of services and tasks are no lists");
	m = xcalloc(1, sizeof(*m));
	m->refs = 1;
	read_services(m, services);
	json_array_foreach(tasks, i, task) read_task(m, task, network);
	for (i = 0; i < m->functions_n; i++) {
		struct function *f = &m->functions[i];

		if (f->replicas == (unsigned)-1)
			f->replicas = f->running;
		if (f->tasks_n)
			qsort(f->tasks, f->tasks_n, sizeof(*f->tasks), by_address);
		pick_ready(m, f, always, NULL);
	}
	*ret = m;
	return 0;
}

struct model *model_pick(
	struct model *all, bool (*is_ready)(void *arg, const struct task *t), void *arg)
{
	struct model *m = xcalloc(1, sizeof(*m));

	m->refs = 1;
	m->all = model_ref(all);
	m->skipped = all->skipped;
	m->skipped_why = all->skipped_why;
	m->functions_n = all->functions_n;
	m->functions = arena_array(&m->arena, struct function, all->functions_n + 1);
	for (size_t i = 0; i < m->functions_n; i++) {
		m->functions[i] = all->functions[i];
		pick_ready(m, &m->functions[i], is_ready, arg);
	}
	return m;
}

struct model *model_ref(struct model *m)
{
	if (m)
		__atomic_add_fetch(&m->refs, 1, __ATOMIC_RELAXED);
	return m;
}

void model_unref(struct model *m)
{
	if (!m || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	arena_done(&m->arena);
	model_unref(m->all);
	free(m);
}

const struct function *model_find(const struct model *m, const char *name)
{
	size_t lo = 0, hi = m ? m->functions_n : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int r = strcasecmp(name, m->functions[mid].name);

		if (r == 0)
			return &m->functions[mid];
		if (r < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

bool model_converging(const struct model *m)
{
	for (size_t i = 0; m && i < m->functions_n; i++)
		if (m->functions[i].running != m->functions[i].replicas ||
			m->functions[i].addresses_n != m->functions[i].tasks_n)
			return true;
	return false;
}
