/* posture-console certs verify: the chain that a server sends, judged against the store, with everything that is wrong. */
#include "cli/certs_verify.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "diagnose/target.h"

#define BUDGET_MS 10000
#define PEM_MAX (8u * 1024 * 1024)

/* --- the judgement ------------------------------------------------------------------------------------------------------ */

struct rule {
	int error;
	enum finding leaf, issuer;
};

static const struct rule rules[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, FINDING_CERT_EXPIRED, FINDING_CERT_INTERMEDIATE_EXPIRED },
	{ X509_V_ERR_CERT_NOT_YET_VALID, FINDING_CERT_NOT_YET_VALID, FINDING_CERT_NOT_YET_VALID },
	{ X509_V_ERR_HOSTNAME_MISMATCH, FINDING_CERT_NAME_MISMATCH, FINDING_CERT_NAME_MISMATCH },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, FINDING_CERT_NAME_MISMATCH, FINDING_CERT_NAME_MISMATCH },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, FINDING_CERT_SELF_SIGNED, FINDING_CERT_SELF_SIGNED },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, FINDING_CERT_UNTRUSTED_ROOT, FINDING_CERT_UNTRUSTED_ROOT },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, FINDING_CERT_MISSING_INTERMEDIATE, FINDING_CERT_UNTRUSTED_ROOT },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, FINDING_CERT_MISSING_INTERMEDIATE, FINDING_CERT_UNTRUSTED_ROOT },
	{ X509_V_ERR_INVALID_PURPOSE, FINDING_CERT_WRONG_USAGE, FINDING_CERT_ISSUER_NOT_CA },
	{ X509_V_ERR_INVALID_CA, FINDING_CERT_ISSUER_NOT_CA, FINDING_CERT_ISSUER_NOT_CA },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, FINDING_CERT_ISSUER_NOT_CA, FINDING_CERT_ISSUER_NOT_CA },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, FINDING_CERT_PATH_TOO_LONG, FINDING_CERT_PATH_TOO_LONG },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, FINDING_CERT_PATH_TOO_LONG, FINDING_CERT_PATH_TOO_LONG },
	{ X509_V_ERR_PERMITTED_VIOLATION, FINDING_CERT_NAME_CONSTRAINT, FINDING_CERT_NAME_CONSTRAINT },
	{ X509_V_ERR_EXCLUDED_VIOLATION, FINDING_CERT_NAME_CONSTRAINT, FINDING_CERT_NAME_CONSTRAINT },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, FINDING_CERT_WEAK_KEY, FINDING_CERT_WEAK_KEY },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, FINDING_CERT_WEAK_KEY, FINDING_CERT_WEAK_KEY },
	{ X509_V_ERR_CA_MD_TOO_WEAK, FINDING_CERT_WEAK_SIGNATURE, FINDING_CERT_WEAK_SIGNATURE },
	{ X509_V_ERR_CERT_REJECTED, FINDING_TRUST_ROOT_REJECTED, FINDING_TRUST_ROOT_REJECTED },
	{ X509_V_ERR_CERT_UNTRUSTED, FINDING_TRUST_ROOT_REJECTED, FINDING_TRUST_ROOT_REJECTED },
};

/* The issuer is not to be had: because its entry in the store may not be used, or because it is nowhere. */
static bool is_about_issuer(enum finding f)
{
	return f == FINDING_CERT_UNTRUSTED_ROOT || f == FINDING_CERT_MISSING_INTERMEDIATE || f == FINDING_CERT_SELF_SIGNED;
}

enum finding verify_finding_of(const struct verification *v, const struct probe_chain_error *e)
{
	enum finding f = FINDING_NONE;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && f == FINDING_NONE; i++) {
		if (rules[i].error == e->error)
			f = e->depth == 0 ? rules[i].leaf : rules[i].issuer;
	}
	if (f == FINDING_CERT_INTERMEDIATE_EXPIRED && strcmp(e->subject, e->issuer) == 0)
		return FINDING_CERT_ROOT_EXPIRED;
	if (is_about_issuer(f) && v->anchor != NULL && !v->anchor_usable)
		return !v->anchor->enabled ? FINDING_TRUST_ROOT_DISABLED : FINDING_TRUST_ROOT_NOT_FOR_SERVICES;
	return f;
}

static void add_finding(struct verification *v, enum finding f)
{
	for (size_t i = 0; i < v->finding_count; i++) {
		if (v->findings[i] == f)
			return;
	}
	if (f != FINDING_NONE && v->finding_count < VERIFY_FINDINGS_MAX)
		v->findings[v->finding_count++] = f;
}

static bool usable(const struct trust_entry *e)
{
	return e->enabled && (e->usages & TRUST_CISCO_SERVICES) != 0;
}

/* The first entry of the store that is that certificate, or has issued it. */
static const struct trust_entry *entry_for(const struct trust_store *store, X509 *certificate)
{
	const struct trust_entry *e = trust_find_certificate(store, certificate);
	size_t next = 0;

	if (e != NULL)
		return e;
	while ((e = trust_issuer_of(store, certificate, &next)) != NULL) {
		X509 *issuer = trust_certificate(store, e, NULL);

		if (issuer != NULL && probe_cert_issued_by(certificate, issuer))
			return e;
	}
	return NULL;
}

/* The entry that the path ends in; else one that could be its end, were it enabled or trusted. Any certificate of the path
 * can be an anchor, so one further down counts where the top is unknown to the store. */
static void find_anchor(struct verification *v)
{
	int count = sk_X509_num(v->chain.built), lowest = v->chain.end == PROBE_CHAIN_TRUSTED_ANCHOR ? count - 1 : 0;

	for (int i = count - 1; i >= lowest && v->anchor == NULL; i--)
		v->anchor = entry_for(v->store, sk_X509_value(v->chain.built, i));
	v->anchor_usable = v->anchor != NULL && usable(v->anchor);
}

bool verify_is_about_anchor(enum finding f)
{
	return f == FINDING_TRUST_ROOT_DISABLED || f == FINDING_TRUST_ROOT_NOT_FOR_SERVICES || is_about_issuer(f);
}

static enum verify_repair repair_of(struct verification *v)
{
	int count = sk_X509_num(v->chain.built);
	X509 *top = count > 0 ? sk_X509_value(v->chain.built, count - 1) : NULL;
	bool about_anchor = false;
	unsigned int needed;

	for (size_t i = 0; i < v->finding_count; i++)
		about_anchor = about_anchor || verify_is_about_anchor(v->findings[i]);
	if (!about_anchor)
		return REPAIR_NONE;
	if (v->anchor != NULL && !v->anchor_usable) {
		bool services = (v->anchor->usages & TRUST_CISCO_SERVICES) != 0;

		return v->anchor->enabled ? REPAIR_TRUST : services ? REPAIR_ENABLE : REPAIR_ENABLE_TRUST;
	}
	/* The top of the path is what everything below hangs on; when it is no CA there is nothing to import of it. */
	if (top == NULL || !trust_check(top, &needed, NULL) || needed != 0)
		return REPAIR_IMPORT_FILE;
	v->candidate = top;
	return REPAIR_IMPORT;
}

/* As a command. The CA to import is left to the person: only its owner can vouch for its fingerprint. */
static void suggest_fix(struct verification *v)
{
	char word[TRUST_WORD_MAX];

	v->repair = repair_of(v);
	if (v->anchor != NULL)
		trust_word(word, v->anchor);
	if (v->repair == REPAIR_ENABLE)
		snprintf(v->fix, sizeof(v->fix), "posture-console certs enable %s", word);
	else if (v->repair == REPAIR_TRUST)
		snprintf(v->fix, sizeof(v->fix), "posture-console certs trust %s cisco-services", word);
	else if (v->repair == REPAIR_ENABLE_TRUST)
		snprintf(v->fix, sizeof(v->fix), "posture-console certs enable %s && posture-console certs trust %s cisco-services",
			 word, word);
	else if (v->repair != REPAIR_NONE)
		snprintf(v->fix, sizeof(v->fix), "posture-console certs import FILE --usage cisco-services");
}

static bool in_path(const struct verification *v, X509 *certificate)
{
	for (size_t i = 0; i < v->path_count; i++) {
		if (X509_cmp(v->shown[i], certificate) == 0)
			return true;
	}
	return false;
}

static void collect_shown(struct verification *v)
{
	size_t room = sizeof(v->shown) / sizeof(v->shown[0]);

	for (int i = 0; i < sk_X509_num(v->chain.built) && v->shown_count < room; i++)
		v->shown[v->shown_count++] = sk_X509_value(v->chain.built, i);
	v->path_count = v->shown_count;
	for (int i = 0; i < sk_X509_num(v->tls.sent) && v->shown_count < room; i++) {
		if (!in_path(v, sk_X509_value(v->tls.sent, i)))
			v->shown[v->shown_count++] = sk_X509_value(v->tls.sent, i);
	}
}

static bool judge(struct verification *v, struct error *err)
{
	X509_STORE *anchors = trust_x509_store(v->store, TRUST_CISCO_SERVICES, NULL, err);
	struct probe_chain_options options = { .store = anchors, .host = v->target.host, .at = v->at, .auth_level = -1 };

	if (anchors == NULL)
		return false;
	probe_chain_judge(v->tls.sent, &options, &v->chain);
	X509_STORE_free(anchors);
	find_anchor(v);
	for (size_t i = 0; i < v->chain.error_count; i++)
		add_finding(v, verify_finding_of(v, &v->chain.errors[i]));
	suggest_fix(v);
	collect_shown(v);
	return true;
}

/* --- the connection ----------------------------------------------------------------------------------------------------- */

struct handshake_finding {
	enum probe_tls_outcome outcome;
	enum finding finding;
};

static enum finding handshake_finding(const struct probe_tls *t)
{
	static const struct handshake_finding rows[] = {
		{ PROBE_TLS_ALERT, FINDING_TLS_ALERT },	    { PROBE_TLS_RESET, FINDING_TLS_RESET },
		{ PROBE_TLS_CLOSED, FINDING_TLS_CLOSED },   { PROBE_TLS_SILENT, FINDING_TLS_SILENT },
		{ PROBE_TLS_STALLED, FINDING_TLS_SILENT },  { PROBE_TLS_REJECTED, FINDING_TLS_VERSION_TOO_OLD },
		{ PROBE_TLS_NOT_TLS, FINDING_TLS_OTHER_PROTOCOL },
	};

	if (t->outcome == PROBE_TLS_NOT_TLS && t->protocol == PROBE_PROTOCOL_HTTP)
		return FINDING_TLS_PLAIN_HTTP;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].outcome == t->outcome)
			return rows[i].finding;
	}
	return FINDING_NONE;
}

static bool handshake_failed(const struct verification *v, struct error *err)
{
	const struct probe_tls *t = &v->tls;
	const char *alert = probe_tls_alert_name(t->alert_received);
	char why[256];

	if (t->outcome == PROBE_TLS_ALERT)
		snprintf(why, sizeof(why), _("it sent the alert %s (%d)"), alert, t->alert_received);
	else if (t->outcome == PROBE_TLS_NOT_TLS)
		snprintf(why, sizeof(why), _("it speaks %s there"), probe_protocol_name(t->protocol));
	else if (t->reason[0] != '\0')
		snprintf(why, sizeof(why), "%s", t->reason);
	else
		snprintf(why, sizeof(why), "%s", finding_info(handshake_finding(t))->code);
	error_set(err, handshake_finding(t), _("no TLS with %s:%u: %s"), v->target.host, v->target.port, why);
	return error_next(err, _("Find the cause with \"posture-console check --host %s:%u\"."), v->target.host, v->target.port);
}

/* Connects and gets the chain. A handshake that fails after the chain was sent is good enough. */
static bool get_chain(struct verification *v, const struct proxy *proxy, struct error *err)
{
	/* Asked by the name as it was written, as an update does. */
	struct probe_reach_options options = { .proxy = proxy_applies(proxy, v->target.name) ? proxy : NULL, .budget_ms = BUDGET_MS };
	struct probe_tls_options tls = { .host = v->target.host, .budget_ms = BUDGET_MS };
	struct probe_channel *channel = NULL;
	bool ok = false;

	options.proxy_anchors = trust_x509_store(v->store, TRUST_INFRASTRUCTURE, NULL, err);
	if (options.proxy_anchors == NULL || !probe_reach(v->target.host, v->target.port, &options, &channel, &v->reach, err))
		goto out;
	probe_tls_handshake(channel, &tls, &v->tls);
	ok = v->tls.sent != NULL || handshake_failed(v, err);
out:
	probe_channel_free(channel);
	X509_STORE_free(options.proxy_anchors);
	return ok;
}

static bool save_chain(const struct verification *v, const char *path, struct error *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;
	bool ok = bio != NULL;

	for (int i = 0; ok && i < sk_X509_num(v->tls.sent); i++)
		ok = PEM_write_bio_X509(bio, sk_X509_value(v->tls.sent, i)) == 1;
	len = ok ? BIO_get_mem_data(bio, &text) : 0;
	if (!ok || len > (long)PEM_MAX)
		error_set(err, FINDING_OUT_OF_MEMORY, _("cannot write the chain to %s"), path);
	else
		ok = file_write_out(path, 0644, text, (size_t)len, err);
	BIO_free(bio);
	return ok;
}

/* --- the command -------------------------------------------------------------------------------------------------------- */

/* A host as target.h has it, or a URL. */
static bool take_host(const char *text, struct check_target *out, struct error *err)
{
	return strstr(text, "://") != NULL ? target_from_url(text, out, err) : target_from_host(text, out, err);
}

static bool run(struct cli *cli, const struct settings *s, const char *host, const char *save, struct verification *v,
		struct error *err)
{
	struct proxy proxy = { 0 };
	struct trust_store *store = NULL;
	bool ok;

	ok = take_host(host != NULL ? host : settings_string(s, SETTING_SOURCE_FEED_URL), &v->target, err) && proxy_from_settings(&proxy, s, cli->state_dir, err) &&
	     trust_open(cli->state_dir, false, &store, err);
	if (!ok)
		goto out;
	v->store = store;
	v->at = clock_now();
	ok = get_chain(v, &proxy, err) && judge(v, err) && (save == NULL || save_chain(v, save, err));
	if (!ok)
		goto out;
	if (cli->json)
		verify_print_json(v);
	else
		verify_print_text(cli, v);
out:
	proxy_clear(&proxy);
	probe_chain_clear(&v->chain);
	probe_tls_clear(&v->tls);
	trust_free(store);
	return ok;
}

int cli_certs_verify(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "save", required_argument, NULL, 's' }, { NULL, 0, NULL, 0 } };
	struct verification *v = NULL;
	struct settings *s = NULL;
	struct error err = ERROR_INIT;
	const char *save = NULL;
	int c, code = EXIT_UNAVAILABLE;

	while ((c = cli_getopt(cli, argc, argv, "s:", options)) != -1) {
		if (c != 's')
			return c == 'h' ? EXIT_OK : EXIT_USAGE;
		save = optarg;
	}
	if (argc - optind > 1)
		return cli_usage(cli, _("\"%s\" takes one host, not also \"%s\""), argv[0], argv[optind + 1]);
	s = cli_settings(cli, &code);
	if (s == NULL)
		return code;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		error_set(&err, FINDING_OUT_OF_MEMORY, _("cannot verify %s"), argv[0]);
	if (v != NULL && run(cli, s, optind < argc ? argv[optind] : NULL, save, v, &err))
		code = v->chain.trusted ? EXIT_OK : EXIT_UNAVAILABLE;
	else
		code = cli_fail(cli, &err);
	settings_free(s);
	free(v);
	return code;
}
