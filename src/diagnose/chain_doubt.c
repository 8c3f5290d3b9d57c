/* Is it the right server that answers? Evidence that it is not: another address that the name has leads to a server whose chain is
 * good; a login page stands on port 80; the issuer is an inspection product's, or makes certificates for any name asked for; the
 * same server answers at an address where nobody can be; past the proxy the chain is another one. */
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/chain.h"
#include "diagnose/portal.h"
#include "diagnose/way.h"

#define SECOND_MS 1500
#define PHANTOM_MS 700
#define OTHERS_MAX 4
#define NEUTRAL_NAME "www.example.com"

/* --- helpers -------------------------------------------------------------------------------------------------------------- */

/* The chain that an address shows for a name. Own it. */
static STACK_OF(X509) *chain_at(const struct chain_check *k, const struct way_options *way, const char *name)
{
	struct probe_tls_options o = way_tls_options(k->c, 0);
	struct probe_tls tls;
	struct way w;
	STACK_OF(X509) *sent = NULL;

	o.host = name;
	if (way_handshake(k->c, way, &o, &w, &tls)) {
		sent = tls.sent;
		tls.sent = NULL;
	}
	probe_tls_clear(&tls);
	way_clear(&w);
	return sent;
}

static bool same_issuer(const struct chain_check *k, STACK_OF(X509) *other)
{
	return sk_X509_num(other) > 0 && X509_NAME_cmp(X509_get_issuer_name(sk_X509_value(other, 0)),
						       X509_get_issuer_name(sk_X509_value(k->sent, 0))) == 0;
}

static bool is_good(const struct chain_check *k, STACK_OF(X509) *other)
{
	struct probe_chain judged;
	bool good;

	if (sk_X509_num(other) <= 0)
		return false;
	chain_judge_with(k, other, k->services, &judged);
	good = judged.trusted && judged.name_matches;
	probe_chain_clear(&judged);
	return good;
}

/* --- another address ------------------------------------------------------------------------------------------------------ */

static void collect_others(const struct chain_check *k, struct probe_address_list *list)
{
	const json_t *dns = check_facts(k->c, CHECK_DNS);
	const char *host = json_string_value(json_object_get(k->c->last_good, "host"));
	struct probe_address_list more, used;

	result_addresses_read(json_object_get(dns, "alternatives"), k->c->target.port, list);
	result_addresses_read(json_object_get(dns, "addresses"), k->c->target.port, &used);
	if (host == NULL || strcasecmp(host, k->host) != 0)
		return;
	result_addresses_read(json_object_get(k->c->last_good, "addresses"), k->c->target.port, &more);
	for (size_t i = 0; i < more.count; i++) {
		if (!probe_address_list_has(&used, &more.items[i]))
			probe_address_list_add(list, &more.items[i]);
	}
}

/* The feed stands elsewhere: whoever gave this address led astray. */
static bool feed_is_elsewhere(struct chain_check *k)
{
	const char *source = json_string_value(json_object_get(check_facts(k->c, CHECK_DNS), "source"));
	struct probe_address_list others;
	bool found = false;

	if (k->c->via_proxy || source == NULL || strcmp(source, "literal") == 0)
		return false;
	collect_others(k, &others);
	for (size_t i = 0; i < others.count && i < OTHERS_MAX && !found; i++) {
		struct way_options o = { .address = others.items[i], .scheme = WAY_DIRECT,
					 .budget_ms = check_left_ms(k->c, SECOND_MS) };
		STACK_OF(X509) *chain = chain_at(k, &o, k->host);
		char text[PROBE_ADDRESS_TEXT_MAX];

		found = is_good(k, chain);
		if (found) {
			result_evidence(k->r, _("other address"), _("%s shows a chain that is good"),
					probe_address_text(text, &others.items[i]));
			chain_fail(k, strcmp(source, "hosts") == 0 ? FINDING_DNS_HOSTS_OVERRIDE : FINDING_DNS_HIJACKED, text);
		}
		sk_X509_pop_free(chain, X509_free);
	}
	return found;
}

/* --- a portal ---------------------------------------------------------------------------------------------------------------- */

static bool portal_stands_there(struct chain_check *k)
{
	char page[600];

	if (k->c->via_proxy || !portal_find(k->c, page, sizeof(page)))
		return false;
	result_evidence(k->r, _("port 80"), "%s", page);
	chain_fail(k, FINDING_HTTP_CAPTIVE_PORTAL, page);
	return true;
}

/* --- interception ------------------------------------------------------------------------------------------------------------ */

/* Words that a CA made for inspection has in its name, whoever made it. */
static bool named_for_inspection(const char *issuer)
{
	static const char *const words[] = { "inspection", "intercept", "ssl bump", "sslbump", "mitm", "man in the middle",
					     "decrypt", "web filter", "webfilter", "content filter", "proxy ca", "firewall" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(issuer, words[i]) != NULL)
			return true;
	}
	return false;
}

static bool issuer_gives_itself_away(struct chain_check *k)
{
	for (int i = 0; i < sk_X509_num(k->judged.built); i++) {
		struct probe_cert cert;
		const char *product;

		probe_cert_describe(sk_X509_value(k->judged.built, i), &cert);
		product = probe_cert_interceptor(&cert);
		if (product == NULL && !named_for_inspection(cert.issuer))
			continue;
		if (product != NULL)
			result_evidence(k->r, _("product"), "%s", product);
		return true;
	}
	return false;
}

/* A server has certificates for its own names. One that has one for any name makes them up. */
static bool makes_certificates_up(struct chain_check *k)
{
	struct way_options o;
	STACK_OF(X509) *chain;
	bool yes;

	if (!way_usual(k->c, check_left_ms(k->c, SECOND_MS), &o))
		return false;
	chain = chain_at(k, &o, NEUTRAL_NAME);
	yes = same_issuer(k, chain) && probe_cert_matches(sk_X509_value(chain, 0), NEUTRAL_NAME) &&
	      !probe_cert_matches(sk_X509_value(k->sent, 0), NEUTRAL_NAME);
	if (yes)
		result_evidence(k->r, _("another name"), _("the same issuer vouches for %s at once"), NEUTRAL_NAME);
	sk_X509_pop_free(chain, X509_free);
	return yes;
}

static bool same_24(const struct probe_address *a, const struct probe_address *b)
{
	return probe_address_family(a) == AF_INET && probe_address_family(b) == AF_INET &&
	       (ntohl(a->v4.sin_addr.s_addr) & 0xFFFFFF00u) == (ntohl(b->v4.sin_addr.s_addr) & 0xFFFFFF00u);
}

/* Addresses for documentation (RFC 5737), where no host is: who answers there answers everywhere. One in whose network the
 * target or this node is, is no such address. */
static bool answers_everywhere(struct chain_check *k)
{
	static const char *const phantoms[] = { "203.0.113.177", "198.51.100.177", "192.0.2.177" };
	struct way_options o = { .scheme = WAY_DIRECT, .budget_ms = check_left_ms(k->c, PHANTOM_MS) };
	struct probe_address own, target;
	const json_t *tcp = check_facts(k->c, CHECK_TCP);
	const char *source = json_string_value(json_object_get(tcp, "source"));
	const char *address = json_string_value(json_object_get(tcp, "address"));

	if (k->c->via_proxy || source == NULL || address == NULL || !probe_address_parse(source, 0, &own) ||
	    !probe_address_parse(address, 0, &target))
		return false;
	for (size_t i = 0; i < sizeof(phantoms) / sizeof(phantoms[0]); i++) {
		STACK_OF(X509) *chain;
		bool yes;

		if (!probe_address_parse(phantoms[i], k->c->target.port, &o.address) || same_24(&o.address, &own) ||
		    same_24(&o.address, &target))
			continue;
		chain = chain_at(k, &o, k->host);
		yes = same_issuer(k, chain);
		sk_X509_pop_free(chain, X509_free);
		if (yes)
			result_evidence(k->r, _("an address where nobody is"), _("%s shows a certificate of the same issuer"),
					phantoms[i]);
		return yes;
	}
	return false;
}

enum compared { COMPARED_NOT, COMPARED_SAME, COMPARED_OTHER };

/* The same server, past the proxy. */
static enum compared compare_with_direct(struct chain_check *k)
{
	struct probe_address_list addresses;
	struct way_options o = { .scheme = WAY_DIRECT, .budget_ms = check_left_ms(k->c, SECOND_MS) };
	STACK_OF(X509) *chain;
	enum compared result = COMPARED_NOT;

	result_addresses_read(json_object_get(check_facts(k->c, CHECK_DNS), "feed_addresses"), k->c->target.port, &addresses);
	if (addresses.count == 0)
		return COMPARED_NOT;
	o.address = addresses.items[0];
	chain = chain_at(k, &o, k->host);
	if (sk_X509_num(chain) > 0) {
		struct probe_cert leaf;

		probe_cert_describe(sk_X509_value(chain, 0), &leaf);
		result_evidence(k->r, _("issuer, past the proxy"), "%s", leaf.issuer);
		result = same_issuer(k, chain) ? COMPARED_SAME : COMPARED_OTHER;
	}
	sk_X509_pop_free(chain, X509_free);
	return result;
}

/* Do the system's own CAs know it? Then it is a public one, and nobody's inspection. */
static bool is_public(const struct chain_check *k)
{
	X509_STORE *store = X509_STORE_new();
	struct probe_chain judged;
	bool yes = false;

	if (store != NULL && X509_STORE_set_default_paths(store) == 1) {
		chain_judge_with(k, k->sent, store, &judged);
		yes = judged.end == PROBE_CHAIN_TRUSTED_ANCHOR;
		probe_chain_clear(&judged);
	}
	X509_STORE_free(store);
	return yes;
}

static bool vendor_host(const char *host)
{
	static const char domain[] = ".cisco.com";
	size_t len = strlen(host), n = sizeof(domain) - 1;

	return len > n && strcasecmp(host + len - n, domain) == 0;
}

static void blame_interceptor(struct chain_check *k, enum diagnose_confidence confidence)
{
	enum finding f = k->c->via_proxy ? FINDING_PROXY_INTERCEPTS_TLS : FINDING_TLS_INTERCEPTED;
	struct check_finding *row;

	result_evidence(k->r, _("intercepting CA"), "%s", k->top.self_issued ? k->top.subject : k->top.issuer);
	row = chain_fail(k, f, k->top.self_issued ? k->top.subject : k->top.issuer);
	row->confidence = confidence;
	if (confidence == DIAGNOSE_ONE_OF) {
		row->other = FINDING_CERT_UNTRUSTED_ROOT;
		result_fact(k->r, "next_test", event_string(_("Ask the proxy administrator whether the proxy inspects TLS, and "
							      "compare the issuer with what the feed's provider says.")));
	}
}

/* The anchor is in the store, only not in force: then it is no stranger. */
static bool known_here(const struct chain_check *k)
{
	for (int i = 0; i < sk_X509_num(k->judged.built); i++) {
		X509 *certificate = sk_X509_value(k->judged.built, i);
		size_t next = 0;

		if (trust_find_certificate(k->trust, certificate) != NULL ||
		    trust_issuer_of(k->trust, certificate, &next) != NULL)
			return true;
	}
	return false;
}

static bool is_intercepted(struct chain_check *k)
{
	enum compared compared;

	if (known_here(k) || is_public(k))
		return false;
	if (issuer_gives_itself_away(k) || makes_certificates_up(k) || answers_everywhere(k)) {
		blame_interceptor(k, DIAGNOSE_CONFIRMED);
		return true;
	}
	compared = k->c->via_proxy ? compare_with_direct(k) : COMPARED_NOT;
	if (compared == COMPARED_SAME)
		return false;
	if (compared == COMPARED_OTHER || vendor_host(k->host)) {
		blame_interceptor(k, compared == COMPARED_OTHER ? DIAGNOSE_CONFIRMED : DIAGNOSE_LIKELY);
		return true;
	}
	if (k->c->via_proxy && k->judged.end != PROBE_CHAIN_TRUSTED_ANCHOR) {
		blame_interceptor(k, DIAGNOSE_ONE_OF);
		return true;
	}
	return false;
}

bool chain_doubt_server(struct chain_check *k)
{
	if (feed_is_elsewhere(k))
		return true;
	if (k->judged.end == PROBE_CHAIN_TRUSTED_ANCHOR)
		return false;		/* a known CA vouches for it: only the name is wrong */
	return portal_stands_there(k) || is_intercepted(k);
}
