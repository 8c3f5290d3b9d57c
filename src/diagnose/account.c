#include "diagnose/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/text.h"
#include "diagnose/catalogue.h"

#define STEP_MAX 2048
#define LETTER_MAX (16u * 1024)
#define LETTER_EVIDENCE_MAX 14

/* The check whose result carries the cause; CHECK_COUNT when none does (it comes from the update, or from the clock). */
static enum check_id cause_check(const struct account_input *in)
{
	const struct check_context *c = in->context;
	enum finding sought = in->symptom != FINDING_NONE ? in->symptom : in->verdict->cause;
	enum check_id best = CHECK_COUNT;

	for (int id = 0; id < CHECK_COUNT && in->verdict->cause != FINDING_NONE; id++) {
		const struct check_finding *f = c->done[id] ? result_has(&c->results[id], sought) : NULL;

		if (f != NULL && (best == CHECK_COUNT || f->weight == WEIGHT_FAIL))
			best = (enum check_id)id;
		if (f != NULL && f->weight == WEIGHT_FAIL)
			break;
	}
	return best;
}

static const char *cause_fact(const struct account_input *in, const char *name)
{
	enum check_id id = cause_check(in);

	return id != CHECK_COUNT ? json_string_value(json_object_get(in->context->results[id].facts, name)) : NULL;
}

/* --- the summary ----------------------------------------------------------------------------------------------------- */

static void describe_span(char *dst, size_t size, double ms)
{
	double s = ms < 0 ? -ms / 1000 : ms / 1000;

	if (s >= 2 * 86400)
		snprintf(dst, size, _("%.0f days"), s / 86400);
	else if (s >= 2 * 3600)
		snprintf(dst, size, _("%.1f hours"), s / 3600);
	else if (s >= 120)
		snprintf(dst, size, _("%.0f minutes"), s / 60);
	else
		snprintf(dst, size, _("%.1f seconds"), s);
}

static void summarise_clock(const struct account_input *in, struct buffer *out)
{
	char span[64];

	describe_span(span, sizeof(span), in->clock_offset_ms);
	if (in->verdict->cause == FINDING_CLOCK_FAST)
		buffer_printf(out, _("This node's clock is %s ahead: valid certificates look expired."), span);
	else
		buffer_printf(out, _("This node's clock is %s behind: valid certificates look not yet valid."), span);
}

static void summarise_no_failure(const struct account_input *in, struct buffer *out)
{
	const struct diagnose_verdict *v = in->verdict;
	const struct check_target *t = &in->context->target;

	if (v->interrupted)
		buffer_puts(out, _("Interrupted before the checks were done."));
	else if (v->also_count > 0)
		buffer_printf(out, P_("%s:%u can be used; there is %zu warning.", "%s:%u can be used; there are %zu warnings.",
				      v->also_count), t->host, (unsigned int)t->port, v->also_count);
	else
		buffer_printf(out, _("%s:%u can be used."), t->host, (unsigned int)t->port);
}

/* Only the update met it. */
static void summarise_update(const struct account_input *in, struct buffer *out)
{
	buffer_puts(out, in->context->options->failed_summary);
	if (in->verdict->confidence == DIAGNOSE_LIKELY && !in->context->options->without_network)
		buffer_puts(out, _(". The checks find nothing wrong now: it may have been passing."));
}

char *account_summary(const struct account_input *in)
{
	const struct diagnose_verdict *v = in->verdict;
	struct buffer out = BUFFER_INIT(RESULT_VALUE_MAX), safe = BUFFER_INIT(16 * RESULT_VALUE_MAX);
	enum check_id id = cause_check(in);

	if (v->cause == FINDING_NONE)
		summarise_no_failure(in, &out);
	else if (v->cause == FINDING_CLOCK_FAST || v->cause == FINDING_CLOCK_SLOW)
		summarise_clock(in, &out);
	else if (id == CHECK_COUNT && in->context->options->failed_summary != NULL)
		summarise_update(in, &out);
	else if (in->symptom != FINDING_NONE || id == CHECK_COUNT)
		buffer_puts(&out, _(finding_info(v->cause)->cause));
	else
		buffer_puts(&out, in->context->results[id].summary);
	text_sanitise(&safe, buffer_text(&out), out.len);
	buffer_clear(&out);
	return buffer_steal(&safe);
}

/* --- the remedy ------------------------------------------------------------------------------------------------------ */

/* A word for a command line that a person pastes into a shell: names come from outside. */
static void put_word(struct buffer *out, const char *word)
{
	if (word[0] != '\0' && word[0] != '-' &&
	    strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_/@%+-[]") == strlen(word)) {
		buffer_puts(out, word);
		return;
	}
	buffer_putc(out, '\'');
	for (const char *p = word; *p != '\0'; p++) {
		if (*p == '\'')
			buffer_puts(out, "'\\''");
		else
			buffer_putc(out, *p);
	}
	buffer_putc(out, '\'');
}

/* Fills in what the diagnosis knows. */
static void fill_step(const struct account_input *in, const char *step, size_t len, struct buffer *out)
{
	const struct check_target *t = &in->context->target;
	const char *name = cause_fact(in, "anchor");
	char place[300];

	snprintf(place, sizeof(place), strchr(t->host, ':') != NULL ? "[%s]:%u" : "%s:%u", t->host, (unsigned int)t->port);
	for (size_t i = 0; i < len; i++) {
		if (name != NULL && strncmp(step + i, " NAME", 5) == 0 && len - i >= 5) {
			buffer_putc(out, ' ');
			put_word(out, name);
			i += 4;
		} else if (t->host[0] != '\0' && len - i >= 9 && strncmp(step + i, "HOST:PORT", 9) == 0) {
			put_word(out, place);
			i += 8;
		} else {
			buffer_putc(out, step[i]);
		}
	}
}

/* The address that was given for this run, in place of the setting; NULL when there was none. */
static const char *given_address(const struct diagnose_options *o, bool *feed)
{
	*feed = o->bundle == NULL && o->host == NULL;
	if (!*feed)
		return o->bundle != NULL ? o->bundle : o->host;
	if (o->url != NULL && o->settings != NULL && strcmp(o->url, settings_string(o->settings, SETTING_SOURCE_FEED_URL)) == 0)
		return NULL;
	return o->url;
}

/* A step about the feed's address in the settings is about the one that was given, if one was. Once is enough. */
static bool names_given(const char **rest, const char *address, bool feed, json_t *remedy, bool *told)
{
	const char *step;
	char text[STEP_MAX];
	size_t len;

	if (!catalogue_next_step(rest, &step, &len) || address == NULL || !finding_step_names_feed(step, len, feed))
		return false;
	snprintf(text, sizeof(text), _("Check the address that was given: %s"), address);
	if (!*told)
		json_array_append_new(remedy, event_string(text));
	*told = true;
	return true;
}

static json_t *remedy_of(const struct account_input *in)
{
	json_t *remedy = json_array();
	const struct finding_info *info = finding_info(in->verdict->cause);
	const char *rest = info->remedy[0] != '\0' ? _(info->remedy) : "", *english = info->remedy, *step, *address;
	const char *own = cause_fact(in, "next");
	bool feed, told = false;
	size_t len;

	address = given_address(in->context->options, &feed);
	/* What the code at the place knew is worth more than what holds for every case. */
	if (own != NULL)
		json_array_append_new(remedy, event_string(own));
	while (catalogue_next_step(&rest, &step, &len)) {
		struct buffer text = BUFFER_INIT(STEP_MAX);

		if (names_given(&english, address, feed, remedy, &told))
			continue;
		fill_step(in, step, len, &text);
		json_array_append_new(remedy, event_string(buffer_text(&text)));
		buffer_clear(&text);
	}
	return remedy;
}

/* --- the letter ------------------------------------------------------------------------------------------------------ */

static void put_evidence(const struct account_input *in, struct buffer *out)
{
	enum check_id id = cause_check(in);
	size_t i;
	json_t *row;

	if (id == CHECK_COUNT || json_array_size(in->context->results[id].evidence) == 0)
		return;
	buffer_printf(out, "\n%s\n", _("Observed:"));
	json_array_foreach(in->context->results[id].evidence, i, row) {
		if (i == LETTER_EVIDENCE_MAX) {
			buffer_puts(out, "  ...\n");
			break;
		}
		buffer_printf(out, "  %s: %s\n", json_string_value(json_object_get(row, "name")),
			      json_string_value(json_object_get(row, "value")));
	}
}

/* A paragraph to copy for the person who must act: who, what, when, from where, what was seen, what is asked. */
static char *letter_of(const struct account_input *in, const char *summary)
{
	const struct check_context *c = in->context;
	const struct finding_info *info = finding_info(in->verdict->cause);
	const char *source = json_string_value(json_object_get(check_facts(c, CHECK_TCP), "source"));
	struct buffer out = BUFFER_INIT(LETTER_MAX);
	char node[256] = "?", stamp[CLOCK_TEXT_MAX];

	if (gethostname(node, sizeof(node)) == 0)
		node[sizeof(node) - 1] = '\0';
	buffer_printf(&out, _("Posture updates fail on the node %s"), node);
	if (source != NULL)
		buffer_printf(&out, " (%s)", source);
	buffer_printf(&out, ".\n%s %s\n", _("Time:"), clock_rfc3339(stamp, clock_now()));
	/* Without the network the feed was not asked: what failed is another host, which the summary names. */
	if (c->target.host[0] != '\0' && !c->options->without_network)
		buffer_printf(&out, "%s %s:%u (TCP, TLS)\n", _("Target:"), c->target.host, (unsigned int)c->target.port);
	if (c->via_proxy && !c->options->without_network)
		buffer_printf(&out, "%s %s:%u\n", _("Through the proxy:"), c->proxy.host, (unsigned int)c->proxy.port);
	buffer_printf(&out, "%s %s [%s]\n", _("Cause:"), _(info->cause), info->code);
	buffer_printf(&out, "%s %s\n", _("Seen:"), summary);
	put_evidence(in, &out);
	return buffer_steal(&out);
}

/* --- the path -------------------------------------------------------------------------------------------------------- */

enum stop { STOP_NODE, STOP_DNS, STOP_GATEWAY, STOP_PROXY, STOP_FEED, STOP_COUNT };

/* Where on the path a cause lies. */
static enum stop stop_of(const struct account_input *in)
{
	static const struct { enum finding cause; enum stop stop; } special[] = {
		{ FINDING_LINK_DOWN, STOP_GATEWAY }, { FINDING_NO_ADDRESS, STOP_GATEWAY },
		{ FINDING_NO_DEFAULT_ROUTE, STOP_GATEWAY }, { FINDING_GATEWAY_DEAD, STOP_GATEWAY },
		{ FINDING_LOCAL_ROUTE_BLOCK, STOP_GATEWAY }, { FINDING_LOCAL_FIREWALL_DROP, STOP_GATEWAY },
		{ FINDING_LOCAL_FIREWALL_REJECT, STOP_GATEWAY }, { FINDING_PROXY_CANNOT_RESOLVE, STOP_FEED },
		{ FINDING_PROXY_UPSTREAM_REFUSED, STOP_FEED }, { FINDING_PROXY_UPSTREAM_TIMEOUT, STOP_FEED },
		{ FINDING_PROXY_UPSTREAM_ERROR, STOP_FEED }, { FINDING_PROXY_UNRESOLVABLE, STOP_DNS },
		{ FINDING_PROXY_SETTING_INVALID, STOP_NODE }, { FINDING_PROXY_BYPASSED, STOP_FEED },
	};
	static const enum stop by_area[] = {
		[AREA_LOCAL] = STOP_NODE, [AREA_DNS] = STOP_DNS, [AREA_TIME] = STOP_NODE, [AREA_TCP] = STOP_FEED,
		[AREA_PROXY] = STOP_PROXY, [AREA_TLS] = STOP_FEED, [AREA_CHAIN] = STOP_FEED, [AREA_HTTP] = STOP_FEED,
		[AREA_BUNDLE] = STOP_NODE, [AREA_NODE] = STOP_NODE,
	};

	if (in->verdict->cause == FINDING_NONE)
		return STOP_COUNT;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (special[i].cause == in->verdict->cause)
			return special[i].stop;
	}
	return by_area[finding_info(in->verdict->cause)->area];
}

/* What stands at a stop of the path, as text. */
static void stop_value(const struct account_input *in, enum stop stop, char *dst, size_t size)
{
	const struct check_context *c = in->context;
	const json_t *dns = check_facts(c, CHECK_DNS), *tcp = check_facts(c, CHECK_TCP);
	const char *text = NULL;

	dst[0] = '\0';
	if (c->options->without_network)
		return;
	switch (stop) {
	case STOP_NODE: text = json_string_value(json_object_get(tcp, "source")); break;
	case STOP_DNS: text = json_string_value(json_object_get(dns, "server")); break;
	case STOP_GATEWAY: text = json_string_value(json_object_get(tcp, "gateway")); break;
	case STOP_PROXY:
		if (c->via_proxy)
			snprintf(dst, size, "%s:%u", c->proxy.host, (unsigned int)c->proxy.port);
		return;
	case STOP_FEED:
		if (c->target.host[0] != '\0')
			snprintf(dst, size, "%s:%u", c->target.host, (unsigned int)c->target.port);
		return;
	case STOP_COUNT: return;
	}
	if (text != NULL)
		snprintf(dst, size, "%s", text);
}

/* this node - DNS - gateway - proxy - feed; "state" tells of the way that leads to each stop. */
static json_t *path_of(const struct account_input *in)
{
	static const char *const names[STOP_COUNT] = { "node", "dns", "gateway", "proxy", "feed" };
	enum stop broken = stop_of(in);
	json_t *path = json_array();

	for (int stop = STOP_NODE; stop < STOP_COUNT; stop++) {
		char value[300];
		const char *state = "ok";

		stop_value(in, (enum stop)stop, value, sizeof(value));
		if (value[0] == '\0' && stop != STOP_NODE && (int)broken != stop)
			continue;
		if ((int)broken == stop)
			state = "broken";
		else if (stop > (int)broken || in->verdict->interrupted)
			state = "unknown";
		json_array_append_new(path, json_pack("{s:s, s:o, s:s}", "stop", names[stop], "value", event_string(value),
						      "state", state));
	}
	return path;
}

/* --- the event ------------------------------------------------------------------------------------------------------- */

static json_t *codes_of(const enum finding *list, size_t count)
{
	json_t *codes = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(codes, json_string(finding_info(list[i])->code));
	return codes;
}

static void add_confidence(const struct account_input *in, json_t *event)
{
	static const char *const names[] = { "confirmed", "likely", "one-of" };
	const struct diagnose_verdict *v = in->verdict;
	const char *next_test = cause_fact(in, "next_test");

	json_object_set_new(event, "confidence", json_string(names[v->confidence]));
	if (v->other == FINDING_NONE)
		return;
	json_object_set_new(event, "or", json_string(finding_info(v->other)->code));
	json_object_set_new(event, "next_test", event_string(next_test != NULL ? next_test :
							     _(finding_info(v->other)->apart)));
}

/* What the fix is about: the certificate in the store, or the one that could be imported. */
static void add_fix(const struct account_input *in, json_t *event)
{
	const struct finding_info *info = finding_info(in->verdict->cause);
	json_t *ca = json_object_get(check_facts(in->context, CHECK_CHAIN), "ca");
	const char *anchor = cause_fact(in, "anchor");

	if (anchor != NULL)
		json_object_set_new(event, "anchor", event_string(anchor));
	if (info->fix == FIX_IMPORT_CA && ca != NULL)
		json_object_set(event, "ca", ca);
}

json_t *account_event(const struct account_input *in, const char *summary)
{
	const struct diagnose_verdict *v = in->verdict;
	const struct finding_info *info = finding_info(v->cause);
	json_t *event = event_new("verdict", "{s:s, s:o, s:o, s:o, s:o, s:f}", "status", check_status_name(v->status), "cause",
				  v->cause != FINDING_NONE ? json_string(info->code) : json_null(), "also",
				  codes_of(v->also, v->also_count), "summary", event_string(summary), "remedy",
				  remedy_of(in), "duration_ms", in->duration_ms);

	if (event == NULL)
		return NULL;
	json_object_set_new(event, "path", path_of(in));
	if (v->interrupted)
		json_object_set_new(event, "interrupted", json_true());
	if (v->cause != FINDING_NONE) {
		char *letter = letter_of(in, summary);

		add_confidence(in, event);
		json_object_set_new(event, "actor", json_string(catalogue_actor_name(info->actor)));
		json_object_set_new(event, "fix", json_string(catalogue_fix_name(info->fix)));
		add_fix(in, event);
		if (letter != NULL)
			json_object_set_new(event, "letter", json_string(letter));
		free(letter);
	}
	if (json_array_size(in->changes) > 0)
		json_object_set(event, "changed", in->changes);
	return event;
}

const char *account_stop_title(const char *stop)
{
	static const struct { const char *stop, *title; } titles[] = {
		{ "node", N_("this node") }, { "dns", N_("DNS") }, { "gateway", N_("gateway") }, { "proxy", N_("proxy") },
		{ "feed", N_("feed") },
	};

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		if (strcmp(titles[i].stop, stop) == 0)
			return _(titles[i].title);
	}
	return stop;
}
