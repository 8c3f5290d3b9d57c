/* What is wrong around the store without making it unusable. */
#include "trust/room.h"

#include <stdio.h>

#include "base/i18n.h"

const char *trust_remark_text(unsigned int remark)
{
	switch (remark) {
	case TRUST_EXPIRED: return _("it has expired");
	case TRUST_NOT_YET_VALID: return _("it is not valid yet");
	case TRUST_EXPIRES_SOON: return _("it expires within 30 days");
	case TRUST_WEAK_SIGNATURE: return _("it is signed with SHA-1, MD5 or older");
	case TRUST_WEAK_KEY: return _("its key is too weak: servers that rely on it will be refused");
	case TRUST_NOT_A_CA: return _("it is not the certificate of a CA: it vouches for itself only");
	case TRUST_REJECTS_SERVERS: return _("its own trust settings exclude server authentication");
	case TRUST_DOUBLE_USE:
		return _("it is trusted within ISE and for Cisco services: the vendor advises against both at once");
	case TRUST_FILE_MISSING: return _("its file is missing");
	default: return "";
	}
}

/* An anchor for Cisco services that will not do its work. */
static enum finding anchor_finding(const struct trust_entry *e)
{
	if (!e->enabled || (e->usages & TRUST_CISCO_SERVICES) == 0)
		return FINDING_NONE;
	if ((e->remarks & TRUST_EXPIRED) != 0)
		return FINDING_CERT_ROOT_EXPIRED;
	if ((e->remarks & TRUST_REJECTS_SERVERS) != 0)
		return FINDING_TRUST_ROOT_REJECTED;
	return FINDING_NONE;
}

static bool warn_of_entry(const struct trust_store *store, const struct trust_entry *e, struct error *warning)
{
	enum finding finding = anchor_finding(e);
	char file[TRUST_FILE_NAME_MAX], word[TRUST_WORD_MAX];

	if ((e->remarks & TRUST_FILE_MISSING) != 0) {
		trust_file_name(file, e->sha256);
		error_set(warning, FINDING_TRUST_STORE_INVALID,
			  _("the certificate \"%s\" cannot be used: its file %s/%s is missing"), e->name, store->path, file);
		error_next(warning, _("Remove it and import it again: \"posture-console certs remove %s\"."),
			   trust_word(word, e));
		return true;
	}
	if (finding == FINDING_NONE)
		return false;
	error_set(warning, finding, _("the certificate \"%s\", trusted for Cisco services, will not do: %s"), e->name,
		  trust_remark_text(finding == FINDING_CERT_ROOT_EXPIRED ? TRUST_EXPIRED : TRUST_REJECTS_SERVERS));
	return true;
}

static void warn_of_stray(const struct trust_store *store, size_t i, struct error *warning)
{
	size_t more = store->stray_count - TRUST_STRAYS_MAX;

	if (i < TRUST_STRAYS_MAX) {
		error_set(warning, FINDING_TRUST_STORE_INVALID,
			  _("the file %s/%s is not in the index: it is trusted for nothing"), store->path, store->strays[i]);
		error_next(warning, _("If it shall be trusted, import it: \"posture-console certs import FILE\"; then, or "
				      "otherwise, remove the file."));
	} else {
		error_set(warning, FINDING_TRUST_STORE_INVALID,
			  P_("%zu more file in %s is not in the index: it is trusted for nothing",
			     "%zu more files in %s are not in the index: they are trusted for nothing", more),
			  more, store->path);
		error_next(warning, _("Remove what does not belong there."));
	}
}

bool trust_warning(const struct trust_store *store, size_t i, struct error *warning)
{
	size_t strays = store->stray_count;

	if (!trust_have_anchor(store, TRUST_CISCO_SERVICES, warning) && i-- == 0)
		return true;
	for (size_t k = 0; k < store->index.count; k++) {
		if (warn_of_entry(store, &store->index.records[k].entry, warning) && i-- == 0)
			return true;
	}
	if (i >= strays || i > TRUST_STRAYS_MAX) {
		error_clear(warning);
		return false;
	}
	warn_of_stray(store, i, warning);
	return true;
}
