/* Is the manifest good: signed by somebody trusted, in time, not older than what is installed? */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "feed/apart.h"
#include "trust/trust.h"
#include "update/run.h"

/* A feed's clock and ours may differ a little: published up to a day in the future passes. */
#define FUTURE_SLACK_S (24 * 3600)

static bool verify_signature(struct update *u, struct error *err)
{
	struct trust_store *trust = NULL;
	X509_STORE *anchors = NULL;
	size_t count = 0;
	bool ok;

	if (!trust_open(u->options->state_dir, false, &trust, err))
		return false;
	anchors = trust_x509_store(trust, TRUST_CISCO_SERVICES, &count, err);
	trust_free(trust);
	if (anchors == NULL)
		return false;
	ok = apart_signature(u->xml.data, u->xml.len, u->p7s.data, u->p7s.len, anchors, clock_now(), &u->signer, err);
	X509_STORE_free(anchors);
	if (ok)
		log_write(u->log, LOG_LEVEL_INFO, "DownloadManager", "verify", "manifest signed by %s, trusted through %s",
			  u->signer.signer, u->signer.anchor);
	return ok;
}

/* The signature that the feed has now may be that of the manifest after ours. */
static bool verify_by_hash(struct update *u, struct error *err)
{
	if (u->options->source != UPDATE_WEB || !update_web_signature_by_hash(u))
		return false;
	error_clear(err);
	return verify_signature(u, err);
}

static bool check_signature(struct update *u, struct error *err)
{
	const char *policy = settings_string(u->options->settings, SETTING_SOURCE_SIGNATURE);

	memset(&u->signer, 0, sizeof(u->signer));
	if (strcmp(policy, "off") == 0)
		return true;
	if (u->p7s.len == 0 && strcmp(policy, "required") == 0 && u->options->source == UPDATE_WEB)
		(void)update_web_signature_by_hash(u);
	if (u->p7s.len > 0)
		return verify_signature(u, err) ||
		       (err->code == FINDING_FEED_SIGNATURE_INVALID && verify_by_hash(u, err));
	if (strcmp(policy, "required") == 0)
		return error_set(err, FINDING_FEED_SIGNATURE_MISSING,
				 _("the manifest has no signature, and the setting source.signature requires one"));
	update_notice(u, FINDING_FEED_SIGNATURE_MISSING, _("the manifest is not signed: what it says cannot be proven"));
	return true;
}

/* A bundle without a manifest has only a date for a version, which no feed's version can be compared with. */
static bool has_real_version(const struct update *u)
{
	char path[STORE_GENERATION_MAX + 64];

	snprintf(path, sizeof(path), "content/%s/%s", u->current->id, MANIFEST_NAME);
	return faccessat(store_fd(u->store), path, F_OK, 0) == 0;
}

/* Rollback protection: an older manifest is refused, also when it is signed. */
static bool check_age(const struct update *u, struct error *err)
{
	const struct manifest *m = u->manifest;
	int order;

	if (u->current == NULL || u->options->allow_downgrade || !has_real_version(u))
		return true;
	order = manifest_version_compare(m->version, u->current->version);
	if (order < 0)
		error_set(err, FINDING_FEED_OLDER_THAN_INSTALLED, _("version %s is older than the installed version %s"),
			  m->version, u->current->version);
	else if (order == 0 && m->published != 0 && m->published < u->current->published)
		error_set(err, FINDING_FEED_OLDER_THAN_INSTALLED,
			  _("version %s was published before the installed one of the same number"), m->version);
	else
		return true;
	return error_next(err, _("If that is intended, add --allow-downgrade, or go back with \"posture-console rollback\"."));
}

bool update_verify_manifest(struct update *u, struct error *err)
{
	if (u->manifest == NULL && !apart_manifest(u->xml.data, u->xml.len, &u->manifest, err))
		return false;
	return check_signature(u, err) && manifest_check_time(u->manifest, clock_now(), FUTURE_SLACK_S, err) &&
	       check_age(u, err);
}
