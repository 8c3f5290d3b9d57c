#include "diagnose/diagnose.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "diagnose/account.h"
#include "diagnose/check.h"
#include "diagnose/engine.h"
#include "diagnose/snapshot.h"
#include "diagnose/target.h"
#include "diagnose/verdict.h"

/* When these pass, an update can be made, whatever the others would say. */
#define ENOUGH (1u << CHECK_LOCAL | 1u << CHECK_DNS | 1u << CHECK_TCP | 1u << CHECK_PROXY | 1u << CHECK_TLS | \
		1u << CHECK_CHAIN | 1u << CHECK_HTTP)

static const char *const check_names[CHECK_COUNT] = { "local", "dns", "time", "tcp", "proxy", "tls", "chain", "http",
						       "icmp" };

const char *check_id_name(enum check_id id)
{
	return (unsigned int)id < CHECK_COUNT ? check_names[id] : "";
}

const char *check_title(enum check_id id)
{
	return (unsigned int)id < CHECK_COUNT ? _(check_table[id].title) : "";
}

enum check_id check_by_name(const char *name)
{
	int id = 0;

	while (id < CHECK_COUNT && strcmp(check_names[id], name) != 0)
		id++;
	return (enum check_id)id;
}

const char *check_status_name(enum check_status status)
{
	static const char *const names[] = { "pass", "warn", "fail", "skip" };

	return (size_t)status < sizeof(names) / sizeof(names[0]) ? names[status] : "";
}

int diagnose_exit_code(const struct diagnose_verdict *verdict)
{
	if (verdict->interrupted)
		return EXIT_INTERRUPTED;
	if (verdict->status == CHECK_FAIL)
		return EXIT_FAILED;
	return verdict->status == CHECK_WARN ? EXIT_WARNINGS : EXIT_OK;
}

void diagnose_verdict_clear(struct diagnose_verdict *verdict)
{
	free(verdict->summary);
	json_decref(verdict->event);
	json_decref(verdict->facts);
	*verdict = (struct diagnose_verdict){ 0 };
}

/* --- the context ------------------------------------------------------------------------------------------------------ */

static bool take_target(const struct diagnose_options *o, struct check_context *c, struct error *err)
{
	if (o->host != NULL)
		return target_from_host(o->host, &c->target, err);
	if (o->url != NULL)
		return target_from_url(o->url, &c->target, err);
	if (o->settings == NULL)
		return true;
	if (target_from_url(settings_string(o->settings, SETTING_SOURCE_FEED_URL), &c->target, err))
		return true;
	if (err != NULL) {
		err->code = FINDING_CONFIG_INVALID;
		err->next[0] = '\0';	/* that finding's own */
	}
	return error_wrap(err, "source.feed_url");
}

static void take_proxy(const struct diagnose_options *o, struct check_context *c)
{
	if (o->settings == NULL || !proxy_from_settings(&c->proxy, o->settings, o->state_dir, &c->proxy_error))
		return;
	c->via_proxy = proxy_applies(&c->proxy, c->target.name);
	c->bypassed = c->proxy.enabled && !c->via_proxy;
}

/* --- the verdict ------------------------------------------------------------------------------------------------------ */

static json_t *facts_of(const struct check_context *c)
{
	json_t *facts = snapshot_read(c->settings, c->state_dir, c->target.url);

	if (facts != NULL)
		snapshot_add(facts, check_facts(c, CHECK_DNS), check_facts(c, CHECK_TIME), check_facts(c, CHECK_CHAIN));
	return facts;
}

static void conclude(struct check_context *c, bool interrupted, int64_t started_us, struct diagnose_verdict *v)
{
	struct verdict_input in = { .results = c->results, .done = c->done, .now = clock_now(),
				    .failed = c->options->failed, .interrupted = interrupted };
	struct account_input account = { .context = c, .verdict = v };

	verdict_decide(&in, v, &account.symptom);
	verdict_clock_offset(&in, &account.clock_offset_ms, NULL);
	v->facts = facts_of(c);
	/* What changed in the network cannot be why a bundle that is here is refused. */
	if (v->cause != FINDING_NONE && c->last_good != NULL && !c->options->without_network)
		account.changes = snapshot_changes(c->last_good, v->facts);
	v->summary = account_summary(&account);
	account.duration_ms = (double)(clock_monotonic_us() - started_us) / 1000.0;
	v->event = account_event(&account, v->summary != NULL ? v->summary : "");
	json_decref(account.changes);
}

bool diagnose_run(const struct diagnose_options *o, const struct event_sink *sink, struct diagnose_verdict *verdict,
		  struct error *err)
{
	int budget_ms = o->budget_ms > 0 ? o->budget_ms : DIAGNOSE_BUDGET_MS;
	struct engine_options engine = { .table = check_table, .selected = o->only != 0 ? o->only : (1u << CHECK_COUNT) - 1,
					 .budget_ms = budget_ms, .total_ms = budget_ms * 5 / 2,
					 .cancel_fd = o->cancel_fd, .stop = o->stop, .sink = sink,
					 .enough = o->until_usable ? ENOUGH : 0 };
	struct check_context context = { .options = o, .state_dir = o->state_dir, .settings = o->settings };
	struct check_result results[CHECK_COUNT] = { 0 };
	struct diagnose_verdict own, *v = verdict != NULL ? verdict : &own;
	int64_t started_us = clock_monotonic_us();
	bool complete;

	*v = (struct diagnose_verdict){ 0 };
	if (!take_target(o, &context, err))
		return false;
	take_proxy(o, &context);
	context.last_good = snapshot_load(o->state_dir);
	complete = engine_run(&engine, &context, results);
	conclude(&context, !complete, started_us, v);
	event_emit(sink, json_incref(v->event));
	for (int id = 0; id < CHECK_COUNT; id++)
		result_clear(&results[id]);
	json_decref(context.last_good);
	proxy_clear(&context.proxy);
	if (verdict == NULL)
		diagnose_verdict_clear(&own);
	return true;
}

static const char *url_of(const struct diagnose_options *o)
{
	return o->url != NULL ? o->url : settings_string(o->settings, SETTING_SOURCE_FEED_URL);
}

bool diagnose_unchanged(const struct diagnose_options *o)
{
	json_t *then = snapshot_load(o->state_dir), *now = NULL, *changes = NULL;
	bool same = false;

	/* Without an issuer the update before was not checked, and a change of it could not be told later. */
	if (then != NULL && json_object_get(then, "issuer") != NULL) {
		now = snapshot_read(o->settings, o->state_dir, url_of(o));
		changes = snapshot_changes(then, now);
		same = now != NULL && changes != NULL && json_array_size(changes) == 0;
	}
	json_decref(then);
	json_decref(now);
	json_decref(changes);
	return same;
}

bool diagnose_remember(const struct diagnose_options *o, const struct diagnose_verdict *verdict, struct error *err)
{
	json_t *snapshot = verdict != NULL && verdict->facts != NULL ? json_incref(verdict->facts) :
								       snapshot_read(o->settings, o->state_dir, url_of(o));
	bool ok;

	if (snapshot == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	ok = snapshot_save(o->state_dir, snapshot, err);
	json_decref(snapshot);
	return ok;
}
