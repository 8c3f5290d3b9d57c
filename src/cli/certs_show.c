/* posture-console certs show, and what a certificate looks like in JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/when.h"
#include "cli/certs.h"
#include "cli/table.h"
#include "trust/details.h"
#include "trust/validity.h"

static const struct {
	unsigned int remark;
	const char *name;
} remarks[] = {
	{ TRUST_EXPIRED, "expired" }, { TRUST_NOT_YET_VALID, "not-yet-valid" }, { TRUST_EXPIRES_SOON, "expires-soon" },
	{ TRUST_WEAK_SIGNATURE, "weak-signature" }, { TRUST_WEAK_KEY, "weak-key" }, { TRUST_NOT_A_CA, "not-a-ca" },
	{ TRUST_REJECTS_SERVERS, "rejects-servers" }, { TRUST_DOUBLE_USE, "double-use" },
	{ TRUST_FILE_MISSING, "file-missing" },
};

#define REMARKS (sizeof(remarks) / sizeof(remarks[0]))

static json_t *usages_json(unsigned int usages)
{
	json_t *list = json_array();

	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		if ((usages & usage) != 0)
			json_array_append_new(list, json_string(trust_usage_name(usage)));
	}
	return list;
}

static json_t *remarks_json(unsigned int set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < REMARKS; i++) {
		if ((set & remarks[i].remark) != 0)
			json_array_append_new(list, json_string(remarks[i].name));
	}
	return list;
}

static void lower_hex(char *dst, const unsigned char *digest, size_t len)
{
	for (size_t i = 0; i < len; i++)
		snprintf(dst + 2 * i, 3, "%02x", digest[i]);
}

json_t *certs_entry_json(const struct trust_entry *e)
{
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], sha256[65];

	lower_hex(sha256, e->sha256, sizeof(e->sha256));
	return json_pack("{s:s, s:s, s:b, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:b, s:o}", "name", e->name,
			 "description", e->description, "enabled", e->enabled, "usages", usages_json(e->usages), "subject",
			 e->subject, "issuer", e->issuer, "common_name", e->common_name, "serial", e->serial, "not_before",
			 clock_rfc3339(from, e->not_before), "not_after", clock_rfc3339(until, e->not_after), "sha256",
			 sha256, "signature_algorithm", e->signature_algorithm, "key", e->key, "ca", e->ca, "self_signed",
			 e->self_signed, "expired", (e->remarks & TRUST_EXPIRED) != 0, "remarks", remarks_json(e->remarks));
}

static json_t *key_usage_json(const struct trust_details *d)
{
	json_t *list = d->has_key_usage ? json_array() : json_null();

	for (size_t i = 0; i < d->key_usage_count; i++)
		json_array_append_new(list, json_string(d->key_usages[i]));
	return list;
}

static json_t *extended_usage_json(const struct trust_details *d)
{
	json_t *list = d->has_extended_usage ? json_array() : json_null();

	for (size_t i = 0; i < d->extended_usage_count; i++)
		json_array_append_new(list, json_string(d->extended_usages[i]));
	return list;
}

static json_t *text_or_null(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

/* What only the certificate itself tells, added to what the index says. */
static void add_details(json_t *object, X509 *certificate)
{
	struct trust_details d;
	char sha1[64];

	trust_details_of(certificate, &d);
	lower_hex(sha1, d.sha1, sizeof(d.sha1));
	json_object_set_new(object, "sha1", json_string(sha1));
	json_object_set_new(object, "version", json_integer(d.version));
	json_object_set_new(object, "path_length", d.path_length >= 0 ? json_integer(d.path_length) : json_null());
	json_object_set_new(object, "key_usage", key_usage_json(&d));
	json_object_set_new(object, "extended_key_usage", extended_usage_json(&d));
	json_object_set_new(object, "subject_key_id", text_or_null(d.subject_key_id));
	json_object_set_new(object, "authority_key_id", text_or_null(d.authority_key_id));
}

static void put_field(struct table *t, const char *label, const char *value)
{
	table_add(t, label);
	table_add(t, value);
}

static void put_joined(struct table *t, const char *label, const json_t *list)
{
	struct buffer out = BUFFER_INIT(8192);

	for (size_t i = 0; i < json_array_size(list); i++)
		buffer_printf(&out, "%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(list, i)));
	put_field(t, label, out.len > 0 ? buffer_text(&out) : "-");
	buffer_clear(&out);
}

static void put_validity(struct table *t, const struct trust_entry *e)
{
	char when[WHEN_TEXT_MAX], words[TRUST_VALIDITY_TEXT_MAX], text[256];

	put_field(t, _("Valid from"), when_utc(when, e->not_before));
	snprintf(text, sizeof(text), "%s (%s)", when_utc(when, e->not_after),
		 trust_validity_text(words, e->not_before, e->not_after, clock_now()));
	put_field(t, _("Valid until"), text);
}

static void put_usages(struct table *t, const struct trust_entry *e)
{
	char text[256];
	bool first = true;

	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		if ((e->usages & usage) == 0)
			continue;
		snprintf(text, sizeof(text), "%s (%s)", trust_usage_name(usage), trust_usage_title(usage));
		put_field(t, first ? _("Trusted for") : "", text);
		first = false;
	}
	if (first)
		put_field(t, _("Trusted for"), _("nothing"));
}

static void put_remarks(struct table *t, const struct trust_entry *e)
{
	bool first = true;

	for (size_t i = 0; i < REMARKS; i++) {
		if ((e->remarks & remarks[i].remark) == 0)
			continue;
		put_field(t, first ? _("Warning") : "", trust_remark_text(remarks[i].remark));
		first = false;
	}
}

static void put_details(struct table *t, const json_t *o)
{
	const json_t *path_length = json_object_get(o, "path_length");
	char text[64];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(path_length));
	put_field(t, _("Path length"), json_is_integer(path_length) ? text : _("no limit"));
	put_joined(t, _("Key usage"), json_object_get(o, "key_usage"));
	put_joined(t, _("Extended use"), json_object_get(o, "extended_key_usage"));
	if (json_is_string(json_object_get(o, "subject_key_id")))
		put_field(t, _("Key id"), json_string_value(json_object_get(o, "subject_key_id")));
	put_field(t, "SHA-1", json_string_value(json_object_get(o, "sha1")));
}

static void show_text(const struct trust_entry *e, const json_t *details)
{
	struct table table = TABLE_INIT(2), *t = &table;
	char text[256];

	put_field(t, _("Name"), e->name);
	if (e->description[0] != '\0')
		put_field(t, _("Description"), e->description);
	put_field(t, _("State"), e->enabled ? _("enabled") : _("disabled"));
	put_usages(t, e);
	put_field(t, _("Subject"), e->subject);
	put_field(t, _("Issuer"), e->self_signed ? _("itself") : e->issuer);
	put_field(t, _("Serial"), e->serial);
	put_validity(t, e);
	put_field(t, _("Key"), e->key);
	put_field(t, _("Signature"), e->signature_algorithm);
	put_field(t, _("CA"), e->ca ? _("yes") : _("no"));
	trust_hex_colons(text, sizeof(text), e->sha256, sizeof(e->sha256));
	put_field(t, "SHA-256", text);
	if (details != NULL)
		put_details(t, details);
	put_remarks(t, e);
	table_print(t);
	table_clear(t);
}

int certs_show(struct cli *cli, int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct trust_store *store;
	const struct trust_entry *entry;
	json_t *object;
	X509 *certificate;
	int c = cli_getopt(cli, argc, argv, "", NULL), code = EXIT_OK;

	if (c != -1)
		return c == 'h' ? EXIT_OK : EXIT_USAGE;
	if (argc - optind != 1)
		return cli_usage(cli, _("\"show\" takes the name of one certificate"));
	store = certs_open(cli, &code);
	if (store == NULL)
		return code;
	entry = certs_find(cli, store, argv[optind], &code);
	if (entry == NULL)
		goto out;
	/* A damaged file: what the index says is shown all the same. */
	certificate = trust_certificate(store, entry, &err);
	object = certs_entry_json(entry);
	if (certificate != NULL)
		add_details(object, certificate);
	else
		code = error_exit_code(&err);
	if (cli->json) {
		json_object_set_new(object, "error", certificate == NULL ? certs_warning_json(&err) : json_null());
		certs_put_json(object);
		goto out;
	}
	show_text(entry, certificate != NULL ? object : NULL);
	json_decref(object);
	if (certificate == NULL)
		cli_fail(cli, &err);
out:
	trust_free(store);
	return code;
}
