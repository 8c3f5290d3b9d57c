#include "diagnose/verdict.h"

#include <stddef.h>

#define LIST_MAX 40
#define LIST(...) { __VA_ARGS__, FINDING_NONE }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Which causes account for which symptoms. */
static const struct explanation {
	enum finding causes[LIST_MAX];
	enum finding symptoms[LIST_MAX];
} explanations[] = {
	/* No way out of this node. */
	{ LIST(FINDING_LINK_DOWN, FINDING_NO_ADDRESS, FINDING_NO_DEFAULT_ROUTE, FINDING_GATEWAY_DEAD),
	  LIST(FINDING_NO_DEFAULT_ROUTE, FINDING_GATEWAY_DEAD, FINDING_NO_ADDRESS, FINDING_DNS_TIMEOUT,
	       FINDING_DNS_SERVER_UNREACHABLE, FINDING_DNS_SERVFAIL, FINDING_DNS_FIRST_SERVER_DEAD, FINDING_TCP_TIMEOUT,
	       FINDING_TCP_HOST_UNREACHABLE, FINDING_TCP_NET_UNREACHABLE, FINDING_PROXY_TIMEOUT,
	       FINDING_PROXY_UNREACHABLE, FINDING_NTP_TIMEOUT, FINDING_NTP_UNRESOLVABLE, FINDING_IPV6_BROKEN,
	       FINDING_IPV6_ONLY_TARGET) },
	/* No name servers: no name of any time server either. */
	{ LIST(FINDING_DNS_TIMEOUT, FINDING_DNS_SERVFAIL, FINDING_DNS_REFUSED, FINDING_DNS_PORT_CLOSED,
	       FINDING_DNS_SERVER_UNREACHABLE, FINDING_DNS_LOCAL_FIREWALL, FINDING_DNS_NO_SERVERS,
	       FINDING_DNS_CONFIG_INVALID, FINDING_DNS_STUB_STOPPED, FINDING_DNS_NSSWITCH, FINDING_DNS_MALFORMED_REPLY,
	       FINDING_DNS_MISMATCHED_REPLY, FINDING_DNS_EDNS_FILTERED, FINDING_DNS_TRUNCATED_TCP_BLOCKED,
	       FINDING_DNS_NO_RECURSION, FINDING_DNS_DNSSEC_CLOCK),
	  LIST(FINDING_NTP_UNRESOLVABLE) },
	/* This node's own firewall: what it silences has no cause elsewhere. */
	{ LIST(FINDING_LOCAL_FIREWALL_DROP, FINDING_LOCAL_FIREWALL_REJECT, FINDING_DNS_LOCAL_FIREWALL),
	  LIST(FINDING_DNS_LOCAL_FIREWALL, FINDING_NTP_TIMEOUT, FINDING_NTP_PORT_CLOSED, FINDING_TCP_TIMEOUT) },
	/* The wrong machine answers, or none, because the name led astray. */
	{ LIST(FINDING_DNS_HIJACKED, FINDING_DNS_SINKHOLED, FINDING_DNS_STALE, FINDING_DNS_SEARCH_LEAK,
	       FINDING_DNS_HOSTS_OVERRIDE),
	  LIST(FINDING_TCP_REFUSED, FINDING_TCP_REJECTED_RESET, FINDING_TCP_TIMEOUT, FINDING_TCP_HOST_UNREACHABLE,
	       FINDING_TCP_NET_UNREACHABLE, FINDING_TCP_ICMP_PORT_UNREACHABLE, FINDING_TCP_ADMIN_PROHIBITED,
	       FINDING_TCP_RESET_AFTER_ACCEPT, FINDING_TCP_ACCEPT_THEN_SILENT, FINDING_TLS_RESET, FINDING_TLS_CLOSED,
	       FINDING_TLS_SILENT, FINDING_TLS_PLAIN_HTTP, FINDING_TLS_OTHER_PROTOCOL, FINDING_TLS_SNI_UNKNOWN,
	       FINDING_TLS_ALERT, FINDING_CERT_NAME_MISMATCH, FINDING_CERT_UNTRUSTED_ROOT, FINDING_CERT_SELF_SIGNED,
	       FINDING_CERT_MISSING_INTERMEDIATE, FINDING_TLS_INTERCEPTED, FINDING_HTTP_CAPTIVE_PORTAL,
	       FINDING_PROXY_REFUSED, FINDING_PROXY_TIMEOUT, FINDING_PROXY_UNREACHABLE, FINDING_PROXY_NOT_HTTP,
	       FINDING_PROXY_CONNECT_UNSUPPORTED, FINDING_PROXY_DROPPED_CONNECT, FINDING_DNS_HOSTS_OVERRIDE) },
	/* A wrong clock: every date is judged wrongly with it. */
	{ LIST(FINDING_CLOCK_FAST, FINDING_CLOCK_SLOW, FINDING_CLOCK_BEFORE_BUILD),
	  LIST(FINDING_TIME_OFFSET, FINDING_TIME_ZONE_CONFUSION, FINDING_CLOCK_BEFORE_BUILD, FINDING_CERT_EXPIRED,
	       FINDING_CERT_INTERMEDIATE_EXPIRED, FINDING_CERT_ROOT_EXPIRED, FINDING_CERT_NOT_YET_VALID,
	       FINDING_CRL_EXPIRED, FINDING_FEED_SIGNER_EXPIRED, FINDING_FEED_EXPIRED, FINDING_FEED_FROM_FUTURE) },
	/* A portal or an inspecting device shows its own certificate: what is wrong with that one is no news. */
	{ LIST(FINDING_HTTP_CAPTIVE_PORTAL, FINDING_TLS_INTERCEPTED, FINDING_PROXY_INTERCEPTS_TLS,
	       FINDING_DNS_HIJACKED),
	  LIST(FINDING_TLS_INTERCEPTED, FINDING_CERT_UNTRUSTED_ROOT, FINDING_CERT_SELF_SIGNED,
	       FINDING_CERT_MISSING_INTERMEDIATE, FINDING_CERT_NAME_MISMATCH, FINDING_CERT_NO_SAN) },
	/* The feed should have gone through the proxy. */
	{ LIST(FINDING_PROXY_BYPASSED),
	  LIST(FINDING_DNS_NXDOMAIN, FINDING_DNS_NO_ADDRESS, FINDING_DNS_SERVFAIL, FINDING_DNS_REFUSED,
	       FINDING_DNS_TIMEOUT, FINDING_DNS_POLICY_BLOCKED, FINDING_DNS_SERVERS_DISAGREE,
	       FINDING_DNS_SERVER_UNREACHABLE, FINDING_DNS_PORT_CLOSED, FINDING_DNS_NO_SERVERS, FINDING_TCP_REFUSED,
	       FINDING_TCP_REJECTED_RESET, FINDING_TCP_TIMEOUT, FINDING_TCP_HOST_UNREACHABLE,
	       FINDING_TCP_NET_UNREACHABLE, FINDING_TCP_ICMP_PORT_UNREACHABLE, FINDING_TCP_ADMIN_PROHIBITED,
	       FINDING_TCP_PROTOCOL_UNREACHABLE, FINDING_NO_DEFAULT_ROUTE, FINDING_LOCAL_ROUTE_BLOCK) },
	/* A feed whose root is known but switched off: the other complaints come from that. */
	{ LIST(FINDING_TRUST_ROOT_DISABLED, FINDING_TRUST_ROOT_NOT_FOR_SERVICES, FINDING_TRUST_ROOT_REJECTED),
	  LIST(FINDING_CERT_UNTRUSTED_ROOT, FINDING_CERT_MISSING_INTERMEDIATE, FINDING_CERT_ISSUER_NOT_CA,
	       FINDING_CERT_WRONG_USAGE, FINDING_TRUST_STORE_EMPTY) },
	/* Who may not open the state folder may not open the store in it. */
	{ LIST(FINDING_PERMISSION_DENIED, FINDING_PATH_INVALID),
	  LIST(FINDING_TRUST_STORE_UNREADABLE, FINDING_TRUST_STORE_MISSING, FINDING_TRUST_STORE_INVALID) },
	/* The client that should keep the clock right does not run. */
	{ LIST(FINDING_NTP_CLIENT_STOPPED), LIST(FINDING_TIME_OFFSET) },
	{ LIST(FINDING_TIME_ZONE_CONFUSION), LIST(FINDING_TIME_OFFSET) },
};

/* Findings that are wrong dates by this node's clock, and so may be the clock's fault. */
static const enum finding date_symptoms[] = {
	FINDING_CERT_EXPIRED, FINDING_CERT_INTERMEDIATE_EXPIRED, FINDING_CERT_ROOT_EXPIRED, FINDING_CERT_NOT_YET_VALID,
	FINDING_FEED_EXPIRED, FINDING_FEED_FROM_FUTURE, FINDING_FEED_SIGNER_EXPIRED, FINDING_PROXY_CERTIFICATE_BAD,
};

/* These are the cause whatever failed before them. */
static const enum finding outranking[] = { FINDING_CONFIG_INVALID, FINDING_PROXY_BYPASSED };

/* These give way to any other failure: nothing is broken. */
static const enum finding yielding[] = { FINDING_UPDATE_LOCKED };

static bool list_has(const enum finding *list, size_t max, enum finding f)
{
	for (size_t i = 0; i < max && list[i] != FINDING_NONE; i++) {
		if (list[i] == f)
			return true;
	}
	return false;
}

bool verdict_explains(enum finding cause, enum finding symptom)
{
	if (cause == symptom)
		return false;
	for (size_t i = 0; i < COUNT(explanations); i++) {
		if (list_has(explanations[i].causes, LIST_MAX, cause) &&
		    list_has(explanations[i].symptoms, LIST_MAX, symptom))
			return true;
	}
	return false;
}

static const json_t *fact(const struct verdict_input *in, enum check_id id, const char *name)
{
	return in->done[id] ? json_object_get(in->results[id].facts, name) : NULL;
}

bool verdict_clock_offset(const struct verdict_input *in, double *offset_ms, bool *by_server_date)
{
	const json_t *by_ntp = fact(in, CHECK_TIME, "offset_ms"), *by_date = fact(in, CHECK_CHAIN, "date_offset_ms");

	if (by_server_date != NULL)
		*by_server_date = by_ntp == NULL;
	if (by_ntp == NULL && by_date == NULL)
		return false;
	*offset_ms = json_number_value(by_ntp != NULL ? by_ntp : by_date);
	return true;
}

/* The first finding of that weight in the contract's order; `skip` is left out. */
static const struct check_finding *first(const struct verdict_input *in, enum weight weight, enum check_id *where,
					 const enum finding *skip, size_t skip_count)
{
	for (int id = 0; id < CHECK_COUNT; id++) {
		for (size_t i = 0; in->done[id] && i < in->results[id].count; i++) {
			const struct check_finding *f = &in->results[id].findings[i];

			if (f->weight == weight && !list_has(skip, skip_count, f->code)) {
				*where = (enum check_id)id;
				return f;
			}
		}
	}
	return NULL;
}

static const struct check_finding *find(const struct verdict_input *in, enum finding code, enum weight at_least)
{
	for (int id = 0; id < CHECK_COUNT; id++) {
		const struct check_finding *f = in->done[id] ? result_has(&in->results[id], code) : NULL;

		if (f != NULL && f->weight >= at_least)
			return f;
	}
	return NULL;
}

/* The clock's verdict on a failing date: FINDING_NONE when the clock is not to blame, or nobody can tell. */
static enum finding clock_behind(const struct verdict_input *in, enum finding date, enum check_id where, bool *weak)
{
	const json_t *from = fact(in, where, "valid_from"), *to = fact(in, where, "valid_to");
	double offset_ms, right;

	*weak = false;
	if (!list_has(date_symptoms, COUNT(date_symptoms), date))
		return FINDING_NONE;
	if (!verdict_clock_offset(in, &offset_ms, weak)) {
		*weak = false;
		return find(in, FINDING_CLOCK_BEFORE_BUILD, WEIGHT_SUSPECT) != NULL ? FINDING_CLOCK_BEFORE_BUILD :
										      FINDING_NONE;
	}
	right = (double)in->now + offset_ms / 1000.0;
	if (from == NULL || to == NULL || right < json_number_value(from) || right > json_number_value(to))
		return FINDING_NONE;
	if ((double)in->now >= json_number_value(from) && (double)in->now <= json_number_value(to))
		return FINDING_NONE;
	return offset_ms < 0 ? FINDING_CLOCK_FAST : FINDING_CLOCK_SLOW;
}

/* A suspect that accounts for the failure. */
static const struct check_finding *suspect_behind(const struct verdict_input *in, enum finding failure)
{
	for (int id = 0; id < CHECK_COUNT; id++) {
		for (size_t i = 0; in->done[id] && i < in->results[id].count; i++) {
			const struct check_finding *f = &in->results[id].findings[i];

			if (f->weight == WEIGHT_SUSPECT && verdict_explains(f->code, failure))
				return f;
		}
	}
	return NULL;
}

/* What an update saw with its own eyes needs no second witness; what the network did to it may have passed. */
static bool seen_itself(enum finding failed)
{
	enum finding_area area = finding_info(failed)->area;

	return area == AREA_LOCAL || area == AREA_HTTP || area == AREA_BUNDLE;
}

static void choose_cause(const struct verdict_input *in, struct diagnose_verdict *out, enum finding *symptom)
{
	enum check_id where = CHECK_LOCAL;
	const struct check_finding *f = NULL, *suspect;
	enum finding clock;
	bool weak;

	for (size_t i = 0; i < COUNT(outranking) && f == NULL; i++)
		f = find(in, outranking[i], WEIGHT_FAIL);
	if (f == NULL)
		f = first(in, WEIGHT_FAIL, &where, yielding, COUNT(yielding));
	if (f == NULL)
		f = first(in, WEIGHT_FAIL, &where, NULL, 0);
	if (f == NULL) {
		out->cause = in->failed;
		out->confidence = seen_itself(in->failed) ? DIAGNOSE_CONFIRMED : DIAGNOSE_LIKELY;
		return;
	}
	out->cause = f->code;
	out->confidence = f->confidence;
	out->other = f->other;
	clock = clock_behind(in, f->code, where, &weak);
	suspect = suspect_behind(in, f->code);
	if (clock != FINDING_NONE) {
		out->cause = clock;
		out->confidence = weak ? DIAGNOSE_LIKELY : DIAGNOSE_CONFIRMED;
		out->other = FINDING_NONE;
	} else if (suspect != NULL) {
		out->cause = suspect->code;
		out->confidence = suspect->confidence;
		out->other = suspect->other;
	} else {
		return;
	}
	*symptom = f->code;
}

static void add_also(struct diagnose_verdict *out, enum finding f)
{
	if (f == FINDING_NONE || f == out->cause || verdict_explains(out->cause, f) ||
	    list_has(out->also, out->also_count, f) || out->also_count == DIAGNOSE_ALSO_MAX)
		return;
	out->also[out->also_count++] = f;
}

/* Whatever else is wrong. A failure that a suspect was promoted over is its symptom and is left out by add_also(). */
static void collect_also(const struct verdict_input *in, struct diagnose_verdict *out, enum finding symptom)
{
	for (int weight = WEIGHT_FAIL; weight >= WEIGHT_WARN; weight--) {
		for (int id = 0; id < CHECK_COUNT; id++) {
			for (size_t i = 0; in->done[id] && i < in->results[id].count; i++) {
				const struct check_finding *f = &in->results[id].findings[i];

				if ((int)f->weight == weight && f->code != symptom && f->code != out->other)
					add_also(out, f->code);
			}
		}
	}
	/* What explains another warning stands for it. */
	for (size_t i = 0; i < out->also_count;) {
		bool explained = false;

		for (size_t j = 0; j < out->also_count && !explained; j++)
			explained = j != i && verdict_explains(out->also[j], out->also[i]) &&
				    !verdict_explains(out->also[i], out->also[j]);
		if (!explained) {
			i++;
			continue;
		}
		for (size_t j = i; j + 1 < out->also_count; j++)
			out->also[j] = out->also[j + 1];
		out->also_count--;
	}
}

void verdict_decide(const struct verdict_input *in, struct diagnose_verdict *out, enum finding *symptom)
{
	enum finding derived_from = FINDING_NONE;

	*out = (struct diagnose_verdict){ .interrupted = in->interrupted };
	choose_cause(in, out, &derived_from);
	if (out->cause != in->failed)
		add_also(out, in->failed);
	collect_also(in, out, derived_from);
	if (out->cause != FINDING_NONE)
		out->status = CHECK_FAIL;
	else
		out->status = out->also_count > 0 || in->interrupted ? CHECK_WARN : CHECK_PASS;
	if (symptom != NULL)
		*symptom = derived_from;
}
