/* time: is this node's clock right, and does anything keep it so?
 *
 * Nothing here fails an update by itself. Whether a wrong clock breaks a certificate is for the verdict to say, which knows the
 * certificates' dates. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/checks.h"
#include "diagnose/trail.h"
#include "net/probe_clock.h"
#include "net/probe_dns.h"
#include "net/probe_ntp.h"

#define SERVERS_MAX PROBE_CLOCK_SERVERS_MAX
#define ASK_MS 2500
#define RESOLVE_MS 2000
#define NTP_PORT 123
/* Two good servers may differ by what their paths and their own uncertainty explain, and this much. */
#define DISAGREE_MS 250.0
#define SECONDS_FROM_MS 10000.0
#define ZONE_STEP_S 1800
#define ZONE_SLACK_S 30

struct time_check {
	const struct check_context *c;
	struct check_result *r;
	struct probe_time_servers servers;
	bool from_client;		/* the servers are those of this node's own time client */
	struct probe_time_client client;
	struct probe_clock clock;
	struct probe_ntp_job jobs[SERVERS_MAX];
	const char *names[SERVERS_MAX];
	size_t count;
	size_t unresolved;
	bool resolver_silent;
};

static const struct {
	enum finding finding;
	const char *text;
} outcomes[] = {
	[PROBE_NTP_OK] = { FINDING_NONE, N_("answers") },
	[PROBE_NTP_TIMEOUT] = { FINDING_NTP_TIMEOUT, N_("no answer") },
	[PROBE_NTP_PORT_CLOSED] = { FINDING_NTP_PORT_CLOSED, N_("port closed") },
	[PROBE_NTP_UNREACHABLE] = { FINDING_NTP_TIMEOUT, N_("unreachable") },
	[PROBE_NTP_NO_ROUTE] = { FINDING_NTP_TIMEOUT, N_("no route") },
	[PROBE_NTP_LOCAL_FIREWALL] = { FINDING_NTP_TIMEOUT, N_("stopped by this node's firewall") },
	[PROBE_NTP_SHORT] = { FINDING_NTP_SHORT_PACKET, N_("answer too short") },
	[PROBE_NTP_BAD_VERSION] = { FINDING_NTP_BAD_VERSION, N_("wrong version") },
	[PROBE_NTP_BAD_MODE] = { FINDING_NTP_BAD_MODE, N_("not a server's answer") },
	[PROBE_NTP_ORIGIN_MISMATCH] = { FINDING_NTP_ORIGIN_MISMATCH, N_("answer to something else") },
	[PROBE_NTP_KISS] = { FINDING_NTP_SERVER_STARTING, N_("kiss-o'-death") },
	[PROBE_NTP_UNSYNCHRONISED] = { FINDING_NTP_UNSYNCHRONISED, N_("not synchronised itself") },
	[PROBE_NTP_LEAP_ALARM] = { FINDING_NTP_LEAP_ALARM, N_("leap alarm") },
	[PROBE_NTP_ZERO_TRANSMIT] = { FINDING_NTP_ZERO_TRANSMIT, N_("no time in the answer") },
	[PROBE_NTP_ROOT_DISTANCE] = { FINDING_NTP_ROOT_DISTANCE, N_("too uncertain") },
	[PROBE_NTP_LOCAL_ERROR] = { FINDING_OUT_OF_DESCRIPTORS, N_("could not ask") },
};

static enum finding finding_of(const struct probe_ntp *reply)
{
	if (reply->outcome != PROBE_NTP_KISS)
		return outcomes[reply->outcome].finding;
	if (strcmp(reply->kiss, "RATE") == 0)
		return FINDING_NTP_KOD_RATE;
	if (strcmp(reply->kiss, "DENY") == 0 || strcmp(reply->kiss, "RSTR") == 0)
		return FINDING_NTP_KOD_DENIED;
	return FINDING_NTP_SERVER_STARTING;
}

/* --- the servers ------------------------------------------------------------------------------------------------------- */

/* "name", "name:port", "address", "[address]:port" */
static void take_setting(struct probe_time_server *server, const char *text)
{
	struct probe_address literal;
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);

	*server = (struct probe_time_server){ .port = NTP_PORT };
	if (!probe_address_parse(text, NTP_PORT, &literal) && colon != NULL) {
		server->port = (uint16_t)strtoul(colon + 1, NULL, 10);
		len = (size_t)(colon - text);
	}
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	snprintf(server->host, sizeof(server->host), "%.*s", (int)len, text);
}

static void find_servers(struct time_check *t)
{
	size_t n = settings_list_size(t->c->settings, SETTING_TIME_SERVERS);

	probe_time_client_find(NULL, &t->client);
	for (size_t i = 0; i < n && t->servers.count < SERVERS_MAX; i++)
		take_setting(&t->servers.items[t->servers.count++],
			     settings_list_item(t->c->settings, SETTING_TIME_SERVERS, i));
	if (n > 0)
		return;
	t->from_client = true;
	t->servers = t->client.servers;
}

static void add_job(struct time_check *t, const struct probe_address *address, const char *name)
{
	if (t->count == SERVERS_MAX)
		return;
	t->jobs[t->count].server = *address;
	t->names[t->count++] = name;
}

static void resolve_servers(struct time_check *t)
{
	for (size_t i = 0; i < t->servers.count; i++) {
		const struct probe_time_server *s = &t->servers.items[i];
		struct probe_system_resolve answer = { 0 };
		struct probe_address address;

		if (probe_address_parse(s->host, s->port, &address)) {
			add_job(t, &address, s->host);
			continue;
		}
		/* A resolver that was silent about one name is not asked for the next: the budget is for the servers. */
		if (!t->resolver_silent &&
		    probe_system_resolve(s->host, s->port, AF_UNSPEC, check_left_ms(t->c, RESOLVE_MS), &answer, NULL) &&
		    answer.finished && answer.gai_error == 0 && answer.addresses.count > 0) {
			probe_address_set_port(&answer.addresses.items[0], s->port);
			add_job(t, &answer.addresses.items[0], s->host);
			continue;
		}
		t->resolver_silent = t->resolver_silent || !answer.finished;
		t->unresolved++;
		result_evidence(t->r, s->host, "%s", _("cannot be resolved"));
	}
}

static void describe_servers(struct time_check *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct probe_ntp *n = &t->jobs[i].reply;
		char name[400], address[PROBE_ADDRESS_TEXT_MAX];

		probe_address_text(address, &t->jobs[i].server);
		if (strcmp(address, t->names[i]) == 0)
			snprintf(name, sizeof(name), "%s", address);
		else
			snprintf(name, sizeof(name), "%s (%s)", t->names[i], address);
		if (n->has_offset)
			result_evidence(t->r, name, _("%s, stratum %u, offset %+.1f ms, delay %.1f ms"),
					_(outcomes[n->outcome].text), (unsigned int)n->stratum, n->offset_ms, n->delay_ms);
		else
			result_evidence(t->r, name, "%s%s%s, %.1f ms", _(outcomes[n->outcome].text),
					n->kiss[0] != '\0' ? " " : "", n->kiss, (double)n->rtt_us / 1000);
	}
}

/* --- the offset ---------------------------------------------------------------------------------------------------------- */

static bool agree(const struct probe_ntp *a, const struct probe_ntp *b)
{
	double apart = a->offset_ms - b->offset_ms;
	double slack = DISAGREE_MS + (a->delay_ms + b->delay_ms) / 2 + a->root_distance_ms + b->root_distance_ms;

	return (apart < 0 ? -apart : apart) <= slack;
}

/* The server with which most of the good ones agree. `rivals`: how many good ones do not. -1: there is none. */
static int most_agreed(const struct time_check *t, size_t *friends, size_t *rivals)
{
	int best = -1;

	*friends = *rivals = 0;
	for (size_t i = 0; i < t->count; i++) {
		size_t with = 0, against = 0;

		if (t->jobs[i].reply.outcome != PROBE_NTP_OK)
			continue;
		for (size_t j = 0; j < t->count; j++) {
			if (t->jobs[j].reply.outcome != PROBE_NTP_OK)
				continue;
			if (agree(&t->jobs[i].reply, &t->jobs[j].reply))
				with++;
			else
				against++;
		}
		if (best < 0 || with > *friends) {
			best = (int)i;
			*friends = with;
			*rivals = against;
		}
	}
	return best;
}

/* Off by whole hours (or the odd half): a time zone, not a drift. */
static bool looks_like_a_zone(double offset_ms)
{
	long s = (long)((offset_ms < 0 ? -offset_ms : offset_ms) / 1000 + 0.5), rest = s % ZONE_STEP_S;

	return s >= ZONE_STEP_S - ZONE_SLACK_S && s <= 15 * 3600 &&
	       (rest <= ZONE_SLACK_S || rest >= ZONE_STEP_S - ZONE_SLACK_S);
}

static void judge_offset(struct time_check *t, const struct probe_ntp *n, const char *server)
{
	double offset = n->offset_ms, size = offset < 0 ? -offset : offset;
	double allowed = (double)settings_int(t->c->settings, SETTING_TIME_MAX_OFFSET_MS);
	char text[32];

	/* Nobody reads minutes in milliseconds. */
	snprintf(text, sizeof(text), size < SECONDS_FROM_MS ? "%.1f ms" : "%.0f s", size < SECONDS_FROM_MS ? size : size / 1000);
	result_fact(t->r, "offset_ms", json_real(offset));
	/* What is off comes first: a name may be longer than the row that shows it. */
	result_summary(t->r, offset < 0 ? _("%s ahead of %s, stratum %u") : _("%s behind %s, stratum %u"), text, server,
		       (unsigned int)n->stratum);
	if (size <= allowed)
		return;
	if (looks_like_a_zone(offset))
		result_add(t->r, FINDING_TIME_ZONE_CONFUSION, WEIGHT_WARN);
	else
		result_add(t->r, FINDING_TIME_OFFSET, WEIGHT_WARN);
	result_evidence(t->r, _("allowed offset"), "%.0f ms", allowed);
}

/* Why is there no time: what the first server that can be asked says. */
static void judge_no_time(struct time_check *t)
{
	bool silent = false;

	for (size_t i = 0; i < t->count; i++) {
		enum finding f = finding_of(&t->jobs[i].reply);

		silent = silent || t->jobs[i].reply.outcome == PROBE_NTP_TIMEOUT;
		if (i > 0)
			continue;
		result_add(t->r, f, WEIGHT_WARN);
		result_summary(t->r, "%s: %s", _(outcomes[t->jobs[i].reply.outcome].text), t->names[i]);
	}
	if (t->count == 0) {
		result_add(t->r, FINDING_NTP_UNRESOLVABLE, WEIGHT_WARN);
		result_summary(t->r, _("%s cannot be resolved"), t->servers.items[0].host);
	}
	if (silent)
		trail_describe(t->c, t->r, &t->jobs[0].server, PROBE_TRACE_UDP_NTP);
}

static void judge_servers(struct time_check *t)
{
	size_t friends, rivals;
	int best = most_agreed(t, &friends, &rivals);

	if (best < 0) {
		judge_no_time(t);
		return;
	}
	if (rivals > 0) {
		result_add(t->r, FINDING_NTP_SERVERS_DISAGREE, WEIGHT_WARN);
		result_summary(t->r, _("the time servers give different times"));
	}
	/* With one against one nobody knows who is right. */
	if (friends > rivals)
		judge_offset(t, &t->jobs[best].reply, t->names[best]);
}

/* --- this node's own ------------------------------------------------------------------------------------------------------- */

static void judge_clock(struct time_check *t)
{
	char built[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];

	if (t->clock.kernel_known)
		result_evidence(t->r, _("kernel clock"), "%s", t->clock.synchronised ? _("synchronised") :
				_("not synchronised"));
	if (t->client.kind != PROBE_TIME_CLIENT_NONE)
		result_evidence(t->r, _("time client"), "%s, %s", probe_time_client_name(t->client.kind),
				t->client.running ? _("running") : _("not running"));
	if (t->clock.before_build) {
		result_add(t->r, FINDING_CLOCK_BEFORE_BUILD, WEIGHT_WARN);
		result_summary(t->r, _("this clock shows %s, but this program was made on %s"),
			       clock_rfc3339(now, clock_now()), clock_rfc3339(built, t->clock.build_time));
	}
	/* Only where the client is what this node relies on, and the kernel bears it out: a virtual machine whose host keeps
	 * the clock needs no client. */
	if (t->from_client && t->client.configured && !t->client.running && t->clock.kernel_known &&
	    !t->clock.synchronised && t->client.servers.count > 0)
		result_add(t->r, FINDING_NTP_CLIENT_STOPPED, WEIGHT_WARN);
}

void check_time_run(const struct check_context *c, struct check_result *r)
{
	struct time_check *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		result_add(r, FINDING_OUT_OF_MEMORY, WEIGHT_WARN);
		return;
	}
	t->c = c;
	t->r = r;
	probe_clock_read(&t->clock);
	find_servers(t);
	result_summary(r, "%s", _("no time server is known; the clock was not compared"));
	if (t->servers.count > 0) {
		resolve_servers(t);
		probe_ntp_ask(t->jobs, t->count, check_left_ms(c, ASK_MS));
		describe_servers(t);
		judge_servers(t);
	}
	judge_clock(t);
	free(t);
}
