/* tls: the handshake with the feed's server, whatever its certificates are worth (that is for `chain`).
 *
 * A failure is tried again with one thing changed: smaller segments, a neutral name, older versions and wider ciphers, without
 * this node's own OpenSSL configuration. */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/checks.h"
#include "diagnose/misled.h"
#include "diagnose/portal.h"
#include "diagnose/way.h"

#define FIRST_MS 4000		/* a lost ClientHello has been sent again for the fourth time after 3 s */
#define SECOND_MS 1600
#define SECOND_LEAST_MS 900	/* three of them after a silence leave a second of the check's 8 */
#define QUIET_MS 300		/* to see who resets before a word is said */
#define LATE_ALERT_MS 400
#define SMALL_SEGMENT 536	/* passes any path (RFC 9293 3.7.1) */
#define NEUTRAL_NAME "www.example.com"
#define CHAIN_KEPT 16

enum { ALERT_HANDSHAKE_FAILURE = 40, ALERT_BAD_CERTIFICATE = 42, ALERT_ACCESS_DENIED = 49, ALERT_PROTOCOL_VERSION = 70,
       ALERT_INSUFFICIENT_SECURITY = 71, ALERT_UNRECOGNIZED_NAME = 112, ALERT_CERTIFICATE_REQUIRED = 116 };

struct tls_check {
	const struct check_context *c;
	struct check_result *r;
	struct way_options options;
	struct way way;
	struct probe_tls tls;
	int second_ms;			/* for each further question: what the way takes decides */
};

static void fail(struct tls_check *t, enum finding f, const char *seen)
{
	bool known = f == FINDING_TLS_LOCAL_POLICY || f == FINDING_TLS_VERSION_UNSUPPORTED || f == FINDING_HTTP_CAPTIVE_PORTAL ||
		     f == FINDING_DNS_HIJACKED;
	enum finding misled = known ? FINDING_NONE : misled_handshake(t->c, t->r);

	if (misled != FINDING_NONE)
		f = misled;
	result_add(t->r, f, WEIGHT_FAIL);
	result_summary(t->r, "%s:%u: %s%s%s%s", t->c->target.host, (unsigned int)t->c->target.port,
		       _(finding_info(f)->cause), seen[0] != '\0' ? " (" : "", seen, seen[0] != '\0' ? ")" : "");
}

/* --- the same again, with one thing changed --------------------------------------------------------------------------------- */

static const char *const outcome_texts[] = {
	[PROBE_TLS_OK] = N_("completed"), [PROBE_TLS_ALERT] = N_("the server sent an alert"),
	[PROBE_TLS_REJECTED] = N_("given up by this side"), [PROBE_TLS_RESET] = N_("reset"),
	[PROBE_TLS_CLOSED] = N_("closed"), [PROBE_TLS_SILENT] = N_("no answer"),
	[PROBE_TLS_STALLED] = N_("stopped in the middle"), [PROBE_TLS_NOT_TLS] = N_("something else than TLS answered"),
	[PROBE_TLS_TOO_LARGE] = N_("without end"), [PROBE_TLS_LOCAL_ERROR] = N_("could not begin"),
};

static void again(struct tls_check *t, const char *what, const struct probe_tls_options *tls_options, int max_segment,
		  struct probe_tls *out)
{
	struct way_options o = t->options;
	struct way w;

	o.budget_ms = check_left_ms(t->c, t->second_ms);
	o.max_segment = max_segment;
	if (way_handshake(t->c, &o, tls_options, &w, out))
		result_evidence(t->r, what, "%s%s%s, %.1f ms", _(outcome_texts[out->outcome]), out->version[0] != '\0' ? ", " : "",
				out->version, (double)out->duration_us / 1000);
	else
		result_evidence(t->r, what, "%s", _("no connection"));
	way_clear(&w);
}

/* Did the server answer to the end, be it with a refusal? */
static bool answered(const struct probe_tls *tls)
{
	return tls->outcome == PROBE_TLS_OK || tls->outcome == PROBE_TLS_ALERT ||
	       (tls->server_hello_seen && tls->outcome != PROBE_TLS_STALLED);
}

static bool small_segments_help(struct tls_check *t)
{
	struct probe_tls tls;
	bool yes;

	again(t, _("with small segments"), NULL, SMALL_SEGMENT, &tls);
	yes = answered(&tls);
	probe_tls_clear(&tls);
	return yes;
}

static bool neutral_name_helps(struct tls_check *t, bool must_complete)
{
	struct probe_tls_options o = way_tls_options(t->c, 0);
	struct probe_tls tls;
	char label[128];
	bool yes;

	o.host = NEUTRAL_NAME;
	snprintf(label, sizeof(label), _("with the name %s"), NEUTRAL_NAME);
	again(t, label, &o, 0, &tls);
	yes = must_complete ? tls.outcome == PROBE_TLS_OK : answered(&tls);
	probe_tls_clear(&tls);
	return yes;
}

/* Without openssl.cnf: is it this node's own policy? The version that is agreed on then, 0 when it is not the policy. */
static int without_own_policy(struct tls_check *t)
{
	struct probe_tls_options o = way_tls_options(t->c, 0);
	struct probe_tls tls;
	int version;

	o.ignore_system_config = true;
	again(t, _("without this node's openssl.cnf"), &o, 0, &tls);
	version = tls.outcome == PROBE_TLS_OK ? tls.version_number : 0;
	probe_tls_clear(&tls);
	return version;
}

/* The versions do not meet. This node leaves out the newest that the server insists on, or asks for more than the server has, or it
 * is not this node at all. */
static enum finding judge_versions(struct tls_check *t)
{
	switch (without_own_policy(t)) {
	case 0: return FINDING_TLS_VERSION_TOO_OLD;
	case TLS1_3_VERSION: return FINDING_TLS_VERSION_UNSUPPORTED;
	default: return FINDING_TLS_LOCAL_POLICY;
	}
}

/* Everything that OpenSSL can: what would the server take? FINDING_NONE when nothing. */
static enum finding what_would_do(struct tls_check *t)
{
	struct probe_tls_options o = way_tls_options(t->c, 0);
	struct probe_tls tls;
	enum finding f = FINDING_NONE;

	o.min_version = TLS1_VERSION;
	o.ciphers = "ALL:@SECLEVEL=0";
	o.ignore_system_config = true;
	again(t, _("with old versions and every cipher"), &o, 0, &tls);
	if (tls.version_number != 0 && tls.version_number < TLS1_2_VERSION)
		f = FINDING_TLS_VERSION_TOO_OLD;
	else if (tls.outcome == PROBE_TLS_OK)
		f = FINDING_TLS_NO_COMMON_CIPHER;
	probe_tls_clear(&tls);
	return f;
}

/* Connects and says nothing: is the connection reset all the same? */
static bool reset_before_a_word(struct tls_check *t)
{
	struct way_options o = t->options;
	struct way w;
	char byte;
	bool reset = false;

	o.budget_ms = check_left_ms(t->c, t->second_ms);
	if (way_open(t->c, &o, &w)) {
		ssize_t n = probe_channel_read(w.channel, &byte, 1, clock_monotonic_us() + QUIET_MS * 1000);

		reset = n < 0 && errno != ETIMEDOUT;
		result_evidence(t->r, _("without a word"), "%s", reset ? _("reset as well") : n == 0 ? _("closed") :
				_("the connection stays"));
	} else if (w.reached == WAY_TCP && w.tcp.sys_errno == ECONNRESET) {
		/* So soon that connecting itself fails. */
		result_evidence(t->r, _("without a word"), "%s", strerror(w.tcp.sys_errno));
		reset = true;
	}
	way_clear(&w);
	return reset;
}

/* The answer of plain HTTP on this port: of the feed's server, or of a portal that takes every port for itself. */
static enum finding judge_plain_answer(struct tls_check *t, const struct probe_exchange *e)
{
	char page[600];

	if (t->c->via_proxy || portal_is(e, t->c->target.host, page, sizeof(page)) != PORTAL_SURE)
		return FINDING_TLS_PLAIN_HTTP;
	result_evidence(t->r, _("without TLS"), "%s", page);
	return misled_everywhere(t->c) ? FINDING_DNS_HIJACKED : FINDING_HTTP_CAPTIVE_PORTAL;
}

/* Some servers of plain HTTP wait for the end of a request, or hang up, and say nothing to a ClientHello. FINDING_NONE when it is
 * none. */
static enum finding ask_plain_http(struct tls_check *t)
{
	struct way_options o = t->options;
	struct probe_exchange *e = calloc(1, sizeof(*e));
	struct way w;
	enum finding f = FINDING_NONE;

	if (e == NULL)
		return FINDING_NONE;
	o.budget_ms = check_left_ms(t->c, t->second_ms);
	if (way_open(t->c, &o, &w)) {
		probe_http_get(w.channel, t->c->target.host, t->c->target.port, "/", o.budget_ms, e);
		result_evidence(t->r, _("without TLS"), "%s", e->outcome == PROBE_EXCHANGE_OK ? _("HTTP answers") :
				_("no HTTP either"));
		if (e->outcome == PROBE_EXCHANGE_OK)
			f = judge_plain_answer(t, e);
	} else {
		result_evidence(t->r, _("without TLS"), "%s", _("no connection"));
	}
	way_clear(&w);
	free(e);
	return f;
}

/* Past the proxy the server does the same: then the proxy is not to blame. */
static bool same_past_the_proxy(struct tls_check *t)
{
	struct probe_address_list known;
	struct way_options o = { .scheme = WAY_DIRECT, .budget_ms = check_left_ms(t->c, t->second_ms) };
	struct probe_tls tls;
	struct way w;
	bool same;

	if (!t->c->via_proxy)
		return true;
	result_addresses_read(json_object_get(check_facts(t->c, CHECK_DNS), "feed_addresses"), t->c->target.port, &known);
	if (known.count == 0)
		return false;
	o.address = known.items[0];
	same = way_handshake(t->c, &o, NULL, &w, &tls) && tls.outcome == t->tls.outcome;
	result_evidence(t->r, _("direct, past the proxy"), "%s", w.reached == WAY_OPEN ? _(outcome_texts[tls.outcome]) : _("no connection"));
	probe_tls_clear(&tls);
	way_clear(&w);
	return same;
}

/* --- what went wrong ---------------------------------------------------------------------------------------------------------- */

static void judge_alert(struct tls_check *t)
{
	int alert = t->tls.alert_received;
	char seen[128];
	enum finding f = FINDING_TLS_ALERT;

	snprintf(seen, sizeof(seen), _("alert %d, %s"), alert, probe_tls_alert_name(alert));
	if (alert == ALERT_CERTIFICATE_REQUIRED || (t->tls.client_certificate_requested &&
						   (alert == ALERT_HANDSHAKE_FAILURE ||
						    (alert >= ALERT_BAD_CERTIFICATE && alert <= ALERT_ACCESS_DENIED))))
		f = FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED;
	else if (alert == ALERT_UNRECOGNIZED_NAME)
		f = FINDING_TLS_SNI_UNKNOWN;
	else if (alert == ALERT_PROTOCOL_VERSION)
		f = judge_versions(t);
	else if (alert == ALERT_HANDSHAKE_FAILURE || alert == ALERT_INSUFFICIENT_SECURITY)
		f = without_own_policy(t) != 0 ? FINDING_TLS_LOCAL_POLICY : what_would_do(t);
	if ((f == FINDING_NONE || f == FINDING_TLS_ALERT) && neutral_name_helps(t, true))
		f = FINDING_TLS_SNI_UNKNOWN;
	if (f != FINDING_NONE) {
		fail(t, f, seen);
		return;
	}
	/* Nothing that OpenSSL has would do, but no common cipher is what that alert is for. */
	fail(t, FINDING_TLS_NO_COMMON_CIPHER, seen);
	result_add(t->r, FINDING_TLS_NO_COMMON_CIPHER, WEIGHT_FAIL)->confidence = DIAGNOSE_LIKELY;
}

static void judge_rejected(struct tls_check *t)
{
	enum finding f = FINDING_TLS_ALERT;
	int otherwise = 0;

	if (t->tls.library_reason == SSL_R_DH_KEY_TOO_SMALL)
		f = FINDING_TLS_WEAK_DH;
	else if (t->tls.library_reason == SSL_R_EXCESSIVE_MESSAGE_SIZE)	/* 100 kB of certificates */
		f = FINDING_CERT_PATH_TOO_LONG;
	else if (t->tls.version_number != 0 && t->tls.version_number < TLS1_2_VERSION)
		f = FINDING_TLS_VERSION_TOO_OLD;
	else if ((otherwise = without_own_policy(t)) != 0)
		f = t->tls.library_reason == SSL_R_UNSUPPORTED_PROTOCOL && otherwise == TLS1_3_VERSION ?
			    FINDING_TLS_VERSION_UNSUPPORTED : FINDING_TLS_LOCAL_POLICY;
	else if (what_would_do(t) == FINDING_TLS_VERSION_TOO_OLD)
		f = FINDING_TLS_VERSION_TOO_OLD;
	fail(t, f, t->tls.reason);
}

static void judge_cut(struct tls_check *t)
{
	bool reset = t->tls.outcome == PROBE_TLS_RESET;
	enum finding f;

	if (neutral_name_helps(t, false))
		f = FINDING_TLS_SNI_BLOCKED;
	else if (!same_past_the_proxy(t))
		f = FINDING_PROXY_TUNNEL_RESET;
	else if (reset && reset_before_a_word(t))
		f = FINDING_TCP_RESET_AFTER_ACCEPT;
	else if ((f = ask_plain_http(t)) == FINDING_NONE)
		f = reset ? FINDING_TLS_RESET : FINDING_TLS_CLOSED;
	fail(t, f, "");
}

static void judge_silence(struct tls_check *t)
{
	bool began = t->tls.outcome == PROBE_TLS_STALLED;
	char seen[128];
	enum finding f;

	snprintf(seen, sizeof(seen), _("%llu bytes came in %.1f s"), (unsigned long long)t->tls.bytes_received,
		 (double)t->tls.duration_us / 1e6);
	if (!t->c->via_proxy && small_segments_help(t))
		f = FINDING_TCP_MTU_BLACK_HOLE;
	else if (neutral_name_helps(t, false))
		f = FINDING_TLS_SNI_BLOCKED;
	else if (!same_past_the_proxy(t))
		f = FINDING_PROXY_TUNNEL_SILENT;
	else if (began)
		f = FINDING_TLS_SILENT;
	else if ((f = ask_plain_http(t)) == FINDING_NONE)
		f = FINDING_TCP_ACCEPT_THEN_SILENT;
	fail(t, f, seen);
}

static void judge_other_protocol(struct tls_check *t)
{
	bool web = t->tls.protocol == PROBE_PROTOCOL_HTTP || t->tls.protocol == PROBE_PROTOCOL_HTML;
	char seen[160];
	size_t line = 0;

	while (line < t->tls.first_len && t->tls.first[line] != '\r' && t->tls.first[line] != '\n')
		line++;
	snprintf(seen, sizeof(seen), "%s: %.*s", probe_protocol_name(t->tls.protocol), (int)line,
		 (const char *)t->tls.first);
	result_evidence(t->r, _("first bytes"), "%s", seen);
	if (web && !same_past_the_proxy(t))
		fail(t, FINDING_PROXY_TUNNEL_HTML, seen);
	else
		fail(t, web ? FINDING_TLS_PLAIN_HTTP : FINDING_TLS_OTHER_PROTOCOL, seen);
}

/* --- success ------------------------------------------------------------------------------------------------------------------ */

static json_t *base64(const unsigned char *data, size_t len)
{
	char *text = malloc(4 * ((len + 2) / 3) + 1);
	json_t *value = NULL;

	if (text != NULL && EVP_EncodeBlock((unsigned char *)text, data, (int)len) >= 0)
		value = json_string(text);
	free(text);
	return value;
}

static void keep_chain(struct tls_check *t)
{
	json_t *chain = json_array();

	for (int i = 0; i < sk_X509_num(t->tls.sent) && i < CHAIN_KEPT; i++) {
		unsigned char *der = NULL;
		int len = i2d_X509(sk_X509_value(t->tls.sent, i), &der);

		if (len > 0)
			json_array_append_new(chain, base64(der, (size_t)len));
		OPENSSL_free(der);
	}
	result_fact(t->r, "chain", chain);
	result_fact(t->r, "chain_length", json_integer(sk_X509_num(t->tls.sent)));
	result_fact(t->r, "chain_cut", json_boolean(t->tls.chain_cut));
	if (t->tls.ocsp != NULL)
		result_fact(t->r, "staple", base64(t->tls.ocsp, t->tls.ocsp_len));
}

static void succeed(struct tls_check *t)
{
	int alert = -1;

	/* With TLS 1.3 a server says only now that it wanted a certificate. */
	if (t->tls.client_certificate_requested)
		alert = probe_tls_late_alert(t->way.channel, LATE_ALERT_MS);
	if (alert >= 0) {
		fail(t, FINDING_TLS_CLIENT_CERTIFICATE_REQUIRED, probe_tls_alert_name(alert));
		return;
	}
	keep_chain(t);
	result_summary(t->r, _("%s, %s, in %.1f ms"), t->tls.version, t->tls.cipher, (double)t->tls.duration_us / 1000);
}

static void describe(struct tls_check *t)
{
	const struct probe_tls *tls = &t->tls;

	result_evidence(t->r, _("handshake"), "%s, %.1f ms", _(outcome_texts[tls->outcome]), (double)tls->duration_us / 1000);
	if (tls->version[0] != '\0')
		result_evidence(t->r, _("version"), "%s, %s, %s", tls->version, tls->cipher, tls->group);
	if (tls->alert_received >= 0)
		result_evidence(t->r, _("alert received"), "%d %s", tls->alert_received,
				probe_tls_alert_name(tls->alert_received));
	if (tls->outcome == PROBE_TLS_REJECTED)
		result_evidence(t->r, _("reason"), "%s", tls->reason);
	if (tls->client_certificate_requested)
		result_evidence(t->r, _("client certificate"), "%s", _("asked for"));
}

static void judge(struct tls_check *t)
{
	switch (t->tls.outcome) {
	case PROBE_TLS_OK: succeed(t); break;
	case PROBE_TLS_ALERT: judge_alert(t); break;
	case PROBE_TLS_REJECTED: judge_rejected(t); break;
	case PROBE_TLS_RESET:
	case PROBE_TLS_CLOSED: judge_cut(t); break;
	case PROBE_TLS_SILENT:
	case PROBE_TLS_STALLED: judge_silence(t); break;
	case PROBE_TLS_NOT_TLS: judge_other_protocol(t); break;
	case PROBE_TLS_TOO_LARGE:
		fail(t, t->tls.certificate_seen || t->tls.chain_cut ? FINDING_CERT_PATH_TOO_LONG : FINDING_TLS_OTHER_PROTOCOL,
		     _("a handshake without end"));
		break;
	case PROBE_TLS_LOCAL_ERROR: fail(t, FINDING_TLS_LOCAL_POLICY, t->tls.reason); break;
	}
}

/* The way was open a moment ago. */
static void lost_the_way(struct tls_check *t)
{
	bool refused = t->way.tcp.outcome == PROBE_TCP_REFUSED;
	enum finding f;

	if (!t->c->via_proxy)
		f = refused ? FINDING_TCP_REFUSED : FINDING_TCP_TIMEOUT;
	else if (t->way.reached == WAY_TCP)
		f = refused ? FINDING_PROXY_REFUSED : FINDING_PROXY_TIMEOUT;
	else
		f = FINDING_PROXY_UPSTREAM_ERROR;
	fail(t, f, _("it worked a moment ago: the trouble comes and goes"));
}

/* A way that opens at once needs little time for the same again; a long one needs more. */
static int second_ms_of(int64_t open_us)
{
	int64_t wanted = SECOND_LEAST_MS + 4 * open_us / 1000;

	return wanted < SECOND_MS ? (int)wanted : SECOND_MS;
}

void check_tls_run(const struct check_context *c, struct check_result *r)
{
	struct tls_check *t = calloc(1, sizeof(*t));
	int64_t began_us = clock_monotonic_us();

	if (t == NULL) {
		result_add(r, FINDING_OUT_OF_MEMORY, WEIGHT_FAIL);
		return;
	}
	t->c = c;
	t->r = r;
	if (!way_usual(c, check_left_ms(c, FIRST_MS), &t->options)) {
		result_skip(r, false, _("needs %s"), check_title(CHECK_TCP));
	} else if (!way_handshake(c, &t->options, NULL, &t->way, &t->tls)) {
		lost_the_way(t);
	} else {
		t->second_ms = second_ms_of(clock_monotonic_us() - began_us - t->tls.duration_us);
		describe(t);
		judge(t);
	}
	probe_tls_clear(&t->tls);
	way_clear(&t->way);
	free(t);
}
