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
#include "diagnose/misled.h"
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

/* The feed stands elsewhere: whoever gave this address led astray. */
static bool feed_is_elsewhere(struct chain_check *k)
{
	bool stranger = k->judged.end != PROBE_CHAIN_TRUSTED_ANCHOR;
	struct probe_address_list others;
	bool found = false;

	if (k->c->via_proxy)
		return false;
	misled_candidates(k->c, true, &others);
	for (size_t i = 0; i < others.count && i < OTHERS_MAX && !found; i++) {
		struct way_options o = { .address = others.items[i], .scheme = WAY_DIRECT,
					 .budget_ms = check_left_ms(k->c, SECOND_MS) };
		STACK_OF(X509) *chain = chain_at(k, &o, k->host);
		char text[PROBE_ADDRESS_TEXT_MAX];

		found = is_good(k, chain);
		if (found) {
			result_evidence(k->r, _("other address"), _("%s shows a chain that is good"),
					probe_address_text(text, &others.items[i]));
			chain_fail(k, misled_by(k->c, stranger), text);
		}
		sk_X509_pop_free(chain, X509_free);
	}
	return found;
}

/* --- a portal ---------------------------------------------------------------------------------------------------------------- */

/* Where the name gets the address that every name gets, and the certificate is not for it, somebody else stands there. */
static bool somebody_else_stands_there(struct chain_check *k)
{
	const char *address = json_string_value(json_object_get(check_facts(k->c, CHECK_TCP), "address"));
	bool everywhere = misled_everywhere(k->c), wrong_name = !k->judged.name_matches;
	struct probe_address target;
	char page[600];
	enum portal found;

	if (k->c->via_proxy || address == NULL || !probe_address_parse(address, 0, &target))
		return false;
	found = portal_find(k->c, &target, page, sizeof(page));
	if (found == PORTAL_LIKELY && !wrong_name && !everywhere)
		found = PORTAL_NONE;
	if (found != PORTAL_NONE) {
		result_evidence(k->r, _("port 80"), "%s", page);
		chain_fail(k, everywhere ? FINDING_DNS_HIJACKED : FINDING_HTTP_CAPTIVE_PORTAL, page);
	} else if (everywhere && wrong_name) {
		chain_fail(k, FINDING_DNS_HIJACKED, k->leaf.has_san ? k->leaf.sans : k->leaf.common_name);
	}
	return k->r->status == CHECK_FAIL;
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

/* An address where nobody can be shows a certificate of the same issuer. */
static bool answers_everywhere(struct chain_check *k)
{
	struct way_options o = { .scheme = WAY_DIRECT, .budget_ms = check_left_ms(k->c, PHANTOM_MS) };
	struct probe_address own, target;
	const json_t *tcp = check_facts(k->c, CHECK_TCP);
	const char *source = json_string_value(json_object_get(tcp, "source"));
	const char *address = json_string_value(json_object_get(tcp, "address"));
	char text[PROBE_ADDRESS_TEXT_MAX];
	STACK_OF(X509) *chain;
	bool yes;

	if (k->c->via_proxy || source == NULL || address == NULL || !probe_address_parse(source, 0, &own) ||
	    !probe_address_parse(address, 0, &target) || !portal_phantom(&target, &own, k->c->target.port, &o.address))
		return false;
	chain = chain_at(k, &o, k->host);
	yes = same_issuer(k, chain);
	sk_X509_pop_free(chain, X509_free);
	if (yes)
		result_evidence(k->r, _("an address where nobody is"), _("%s shows a certificate of the same issuer"),
				probe_address_text(text, &o.address));
	return yes;
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
	bool made_up;

	if (known_here(k) || is_public(k))
		return false;
	if (issuer_gives_itself_away(k)) {
		blame_interceptor(k, DIAGNOSE_CONFIRMED);
		return true;
	}
	made_up = makes_certificates_up(k);
	if (answers_everywhere(k) || (made_up && !misled_everywhere(k->c))) {
		blame_interceptor(k, DIAGNOSE_CONFIRMED);
		return true;
	}
	if (made_up) {
		/* Not every connection ends there, but every name leads there. */
		chain_fail(k, FINDING_DNS_HIJACKED, k->top.self_issued ? k->top.subject : k->top.issuer);
		return true;
	}
	compared = k->c->via_proxy ? compare_with_direct(k) : COMPARED_NOT;
	if (compared == COMPARED_SAME)
		return false;
	if (compared == COMPARED_OTHER) {
		blame_interceptor(k, DIAGNOSE_CONFIRMED);
		return true;
	}
	/* Nobody makes certificates up that sign themselves, or forgets the intermediate of such. */
	if (k->c->via_proxy && k->judged.end != PROBE_CHAIN_SELF_SIGNED_LEAF && !chain_lacks_intermediate(k)) {
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
	return somebody_else_stands_there(k) || is_intercepted(k);
}
