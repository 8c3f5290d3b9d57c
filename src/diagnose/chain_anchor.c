/* Which certificate is missing, or there and not in force? */
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/i18n.h"
#include "diagnose/chain.h"
#include "diagnose/chain_fetch.h"

#define IDENTRUST "IdenTrust Commercial Root CA 1"

/* The anchor that would do is in the store, but not in force. */
static const struct trust_entry *idle_anchor(struct chain_check *k)
{
	STACK_OF(X509) *path = k->judged.built;

	for (int i = sk_X509_num(path) - 1; i >= 0; i--) {
		X509 *certificate = sk_X509_value(path, i);
		const struct trust_entry *entry = trust_find_certificate(k->trust, certificate);
		size_t next = 0;

		if (entry != NULL && (!entry->enabled || (entry->usages & TRUST_CISCO_SERVICES) == 0))
			return entry;
		while ((entry = trust_issuer_of(k->trust, certificate, &next)) != NULL) {
			X509 *issuer = trust_certificate(k->trust, entry, NULL);

			if (issuer != NULL && probe_cert_issued_by(certificate, issuer) &&
			    (!entry->enabled || (entry->usages & TRUST_CISCO_SERVICES) == 0))
				return entry;
		}
	}
	return NULL;
}

static void blame_idle(struct chain_check *k, const struct trust_entry *entry)
{
	enum finding f = entry->enabled ? FINDING_TRUST_ROOT_NOT_FOR_SERVICES : FINDING_TRUST_ROOT_DISABLED;

	result_fact(k->r, "anchor", event_string(entry->name));
	result_evidence(k->r, _("anchor in the store"), "%s: %s, %s", entry->name,
			entry->enabled ? _("enabled") : _("disabled"), (entry->usages & TRUST_CISCO_SERVICES) != 0 ?
			_("trusted for Cisco services") : _("not trusted for Cisco services"));
	chain_fail(k, f, entry->name);
}

/* --- an intermediate, or a root? -------------------------------------------------------------------------------------------- */

static bool completes(struct chain_check *k, X509 *candidate)
{
	STACK_OF(X509) *sent = sk_X509_dup(k->sent);
	struct probe_chain judged;
	bool yes = false;

	if (sent != NULL && sk_X509_push(sent, candidate) > 0) {
		chain_judge_with(k, sent, k->services, &judged);
		yes = judged.end == PROBE_CHAIN_TRUSTED_ANCHOR;
		probe_chain_clear(&judged);
	}
	sk_X509_free(sent);
	return yes;
}

/* One that the same server sent when an update last worked. */
static bool remembered_completes(struct chain_check *k)
{
	STACK_OF(X509) *kept = chain_from_facts(json_object_get(k->c->last_good, "intermediates"));
	bool yes = false;

	for (int i = 0; i < sk_X509_num(kept) && !yes; i++)
		yes = completes(k, sk_X509_value(kept, i));
	if (yes)
		result_evidence(k->r, _("intermediate of the last good update"), "%s", _("completes the chain"));
	sk_X509_pop_free(kept, X509_free);
	return yes;
}

enum missing { MISSING_UNKNOWN, MISSING_INTERMEDIATE, MISSING_ROOT };

/* The one that the certificate itself points to. */
static enum missing fetched_says(struct chain_check *k)
{
	X509 *issuer = k->top.aia_issuer[0] != '\0' ? chain_fetch(k->c, k->top.aia_issuer) : NULL;
	enum missing what = MISSING_UNKNOWN;

	if (issuer == NULL)
		return what;
	if (X509_self_signed(issuer, 0) == 1)
		what = MISSING_ROOT;
	else
		what = MISSING_INTERMEDIATE;
	result_evidence(k->r, _("issuer, from its own address"), "%s: %s", k->top.aia_issuer,
			what == MISSING_ROOT ? _("a root") : _("an intermediate"));
	X509_free(issuer);
	return what;
}

static bool holds_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strcasestr(text, word); p != NULL; p = strcasestr(p + 1, word)) {
		if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n]))
			return true;
	}
	return false;
}

/* "Lab Intermediate CA" and the anchor "Lab Root CA": the same house. Words that every CA uses say nothing. */
static bool same_house(const char *a, const char *b)
{
	static const char *const common[] = { "ca", "root", "intermediate", "authority", "certificate", "certification",
					      "server", "issuing", "trust", "global", "secure", "tls", "ssl", "the", "and",
					      "class", "public", "commercial", "inc", "llc", "ltd", "network", "services" };
	char copy[256], *save, *word;

	snprintf(copy, sizeof(copy), "%s", a);
	for (word = strtok_r(copy, " ,.-_/", &save); word != NULL; word = strtok_r(NULL, " ,.-_/", &save)) {
		bool telling = strlen(word) >= 3 && !isdigit((unsigned char)word[0]);

		for (size_t i = 0; i < sizeof(common) / sizeof(common[0]) && telling; i++)
			telling = strcasecmp(word, common[i]) != 0;
		if (telling && holds_word(b, word))
			return true;
	}
	return false;
}

/* Does an anchor in force come from the house of the issuer that is missing? Then it is that house's intermediate. */
static bool anchor_of_the_house(struct chain_check *k)
{
	for (size_t i = 0; i < trust_count(k->trust); i++) {
		const struct trust_entry *e = trust_at(k->trust, i);

		if (e->enabled && (e->usages & TRUST_CISCO_SERVICES) != 0 && e->common_name[0] != '\0' &&
		    same_house(k->top.issuer_name, e->common_name))
			return true;
	}
	return false;
}

static bool is_anchor(struct chain_check *k, const X509_NAME *name)
{
	for (size_t i = 0; i < trust_count(k->trust); i++) {
		const struct trust_entry *e = trust_at(k->trust, i);
		X509 *anchor;

		if (!e->enabled || (e->usages & TRUST_CISCO_SERVICES) == 0 || e->subject_hash != X509_NAME_hash_ex(name, NULL, NULL, NULL))
			continue;
		anchor = trust_certificate(k->trust, e, NULL);
		if (anchor != NULL && X509_NAME_cmp(X509_get_subject_name(anchor), name) == 0)
			return true;
	}
	return false;
}

/* The key identifier may name who issued the issuer (RFC 5280 4.2.1.1): itself, or an anchor. */
static enum missing identifier_says(struct chain_check *k)
{
	X509 *last = sk_X509_value(k->judged.built, sk_X509_num(k->judged.built) - 1);
	AUTHORITY_KEYID *id = last != NULL ? X509_get_ext_d2i(last, NID_authority_key_identifier, NULL, NULL) : NULL;
	enum missing what = MISSING_UNKNOWN;

	for (int i = 0; id != NULL && i < sk_GENERAL_NAME_num(id->issuer); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(id->issuer, i);

		if (name->type != GEN_DIRNAME)
			continue;
		if (X509_NAME_cmp(name->d.directoryName, X509_get_issuer_name(last)) == 0)
			what = MISSING_ROOT;
		else if (is_anchor(k, name->d.directoryName))
			what = MISSING_INTERMEDIATE;
	}
	AUTHORITY_KEYID_free(id);
	return what;
}

static enum missing name_says(struct chain_check *k)
{
	static const char *const intermediate[] = { "intermediate", "issuing", "sub ca", "subca", "subordinate", "server ca" };

	if (strcasestr(k->top.issuer_name, "root") != NULL)
		return MISSING_ROOT;
	for (size_t i = 0; i < sizeof(intermediate) / sizeof(intermediate[0]); i++) {
		if (strcasestr(k->top.issuer_name, intermediate[i]) != NULL)
			return MISSING_INTERMEDIATE;
	}
	return anchor_of_the_house(k) ? MISSING_INTERMEDIATE : MISSING_UNKNOWN;
}

bool chain_lacks_intermediate(struct chain_check *k)
{
	return k->judged.end == PROBE_CHAIN_ISSUER_ABSENT &&
	       (remembered_completes(k) || identifier_says(k) == MISSING_INTERMEDIATE || name_says(k) == MISSING_INTERMEDIATE);
}

static void judge_absent_issuer(struct chain_check *k)
{
	enum missing what = remembered_completes(k) ? MISSING_INTERMEDIATE : identifier_says(k);
	enum diagnose_confidence sure;
	struct check_finding *f;

	if (what == MISSING_UNKNOWN)
		what = fetched_says(k);
	sure = what != MISSING_UNKNOWN ? DIAGNOSE_CONFIRMED : DIAGNOSE_LIKELY;

	result_evidence(k->r, _("issuer that is missing"), "%s", k->judged.missing_issuer);
	if (what == MISSING_UNKNOWN)
		what = name_says(k);
	/* Servers leave the root out as a rule, so that behind an intermediate it is the root that is not known here. */
	if (what == MISSING_UNKNOWN && k->judged.missing_at > 0)
		what = MISSING_ROOT;
	f = chain_fail(k, what == MISSING_INTERMEDIATE ? FINDING_CERT_MISSING_INTERMEDIATE : FINDING_CERT_UNTRUSTED_ROOT,
		       k->judged.missing_issuer);
	f->confidence = sure;
	if (what == MISSING_UNKNOWN) {
		f->confidence = DIAGNOSE_ONE_OF;
		f->other = FINDING_CERT_MISSING_INTERMEDIATE;
		result_fact(k->r, "next_test", event_string(_("Ask the server's operator whether its issuer is a root CA.")));
	}
}

void chain_judge_anchor(struct chain_check *k)
{
	const struct trust_entry *entry = idle_anchor(k);

	if (strcmp(k->top.common_name, IDENTRUST) == 0 || strcmp(k->top.issuer_name, IDENTRUST) == 0)
		result_evidence(k->r, _("known defect"), "FN72111 (CSCvx23205, CSCvx50752, CSCvx51738)");
	if (entry != NULL)
		blame_idle(k, entry);
	else if (k->services_count == 0)
		chain_fail(k, FINDING_TRUST_STORE_EMPTY, "");
	else if (k->judged.end == PROBE_CHAIN_SELF_SIGNED_LEAF)
		chain_fail(k, FINDING_CERT_SELF_SIGNED, k->leaf.subject);
	else if (k->judged.end == PROBE_CHAIN_ISSUER_ABSENT)
		judge_absent_issuer(k);
	else
		chain_fail(k, FINDING_CERT_UNTRUSTED_ROOT, k->top.subject);
}
