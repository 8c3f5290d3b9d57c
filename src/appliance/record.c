#include "appliance/record.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appliance/node.h"
#include "base/i18n.h"
#include "base/text.h"
#include "trust/trust.h"

#define ID_MAX 100

/* --- values ---------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

bool record_flag(const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return json_is_true(value);
	return strcasecmp(text, "on") == 0 || strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0;
}

long record_number(const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return json_is_integer(value) ? (long)json_integer_value(value) : 0;
	return strtol(text, NULL, 10);
}

const json_t *record_response(const json_t *reply, struct error *err)
{
	const json_t *response = json_object_get(reply, "response");

	if (json_is_object(response))
		return response;
	error_set(err, FINDING_NODE_ANSWER_INVALID, _("the appliance's answer lacks \"response\""));
	return NULL;
}

bool record_digest(const json_t *json, char dst[RECORD_DIGEST_MAX])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	dst[0] = '\0';
	if (text != NULL && EVP_Digest(text, strlen(text), hash, &len, EVP_sha256(), NULL) == 1) {
		for (unsigned int i = 0; i < len && i < 32; i++)
			snprintf(dst + i * 2, 3, "%02x", hash[i]);
	}
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
	return dst[0] != '\0';
}

char *record_date(const char *text, char dst[RECORD_DATE_MAX])
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned int year = 0, number = 0, day = 0;
	char month[4], zone[8];
	const char *at;

	dst[0] = '\0';
	if (sscanf(text, "%*3s %3s %2u %*8s %7s %4u", month, &day, zone, &year) == 4 && strlen(month) == 3 &&
	    (at = strstr(months, month)) != NULL && (at - months) % 3 == 0)
		number = (unsigned int)(at - months) / 3 + 1;
	else if (sscanf(text, "%4u-%2u-%2u", &year, &number, &day) != 3)
		return dst;
	if (year <= 9999 && number >= 1 && number <= 12 && day >= 1 && day <= 31)
		snprintf(dst, RECORD_DATE_MAX, "%04u-%02u-%02u", year % 10000, number % 100, day % 100);
	return dst;
}

/* --- the proxy ------------------------------------------------------------------------------------------------- */

bool record_proxy_read(const json_t *reply, struct record_proxy *out, struct error *err)
{
	const json_t *response = record_response(reply, err);

	*out = (struct record_proxy){ 0 };
	if (response == NULL)
		return false;
	out->json = json_deep_copy(response);
	if (out->json == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	/* What a read tells of the password is a mask at best. */
	json_object_del(out->json, "password");
	out->host = text_of(out->json, "fqdn");
	out->port = record_number(json_object_get(out->json, "port"));
	out->login = record_flag(json_object_get(out->json, "passwordRequired"));
	out->user = text_of(out->json, "userName");
	out->bypass = text_of(out->json, "bypassHosts");
	return true;
}

void record_proxy_clear(struct record_proxy *p)
{
	json_decref(p->json);
	*p = (struct record_proxy){ 0 };
}

json_t *record_proxy_body(const struct record_proxy *p)
{
	json_t *body = json_deep_copy(p->json);

	json_object_set_new(body, "passwordRequired", json_boolean(p->login));
	if (p->port > 0)
		json_object_set_new(body, "port", json_integer(p->port));
	return body;
}

/* --- trusted certificates -------------------------------------------------------------------------------------- */

/* The words of "trustedFor", without blanks and case. */
static const struct { const char *word; unsigned int usage; } words[] = {
	{ "infrastructure", TRUST_INFRASTRUCTURE },
	{ "endpoints", TRUST_CLIENT_AUTH },
	{ "clientauth", TRUST_CLIENT_AUTH },
	{ "adminauth", TRUST_ADMIN_AUTH },
	{ "adminauthentication", TRUST_ADMIN_AUTH },
	{ "ciscoservices", TRUST_CISCO_SERVICES },
	{ "unknown", 0 },		/* said of a certificate that is trusted for nothing */
	{ "none", 0 },
	{ "", 0 },
};

static const struct { const char *key; unsigned int usage; } switches[] = {
	{ "trustForIseAuth", TRUST_INFRASTRUCTURE },
	{ "trustForClientAuth", TRUST_CLIENT_AUTH },
	{ "trustForCertificateBasedAdminAuth", TRUST_ADMIN_AUTH },
	{ "trustForCiscoServicesAuth", TRUST_CISCO_SERVICES },
};

#define SWITCHES (sizeof(switches) / sizeof(switches[0]))

static void take_word(struct record_certificate *c, const char *text, size_t len)
{
	char word[40];
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < sizeof(word); i++) {
		if (isalnum((unsigned char)text[i]))
			word[n++] = (char)tolower((unsigned char)text[i]);
	}
	word[n] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0) {
			c->usages |= words[i].usage;
			return;
		}
	}
	if (c->strange[0] == '\0')
		snprintf(c->strange, sizeof(c->strange), "%.*s", (int)(len < 60 ? len : 60), text);
}

static void take_usages(struct record_certificate *c, const char *trusted_for)
{
	bool switched = false;

	/* Should a release ever say them as it wants them said, that is the better source. */
	for (size_t i = 0; i < SWITCHES; i++) {
		const json_t *value = json_object_get(c->json, switches[i].key);

		switched |= value != NULL;
		if (record_flag(value))
			c->usages |= switches[i].usage;
	}
	while (!switched) {
		size_t len = strcspn(trusted_for, ",;");

		take_word(c, trusted_for, len);
		if (trusted_for[len] == '\0')
			break;
		trusted_for += len + 1;
	}
}

/* It becomes part of a path. */
static bool is_id(const char *id)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)id[i]) && strchr("-_", id[i]) == NULL)
			return false;
	}
	return len > 0 && len <= ID_MAX;
}

bool record_certificate_read(const json_t *record, struct record_certificate *out, struct error *err)
{
	char clean[80];

	*out = (struct record_certificate){ 0 };
	out->json = json_is_object(record) ? json_deep_copy(record) : NULL;
	if (out->json == NULL)
		return error_set(err, FINDING_NODE_ANSWER_INVALID, _("the appliance's answer holds a certificate that is no object"));
	out->id = text_of(out->json, "id");
	out->name = text_of(out->json, "friendlyName");
	if (out->name[0] == '\0')
		out->name = text_of(out->json, "name");
	out->description = text_of(out->json, "description");
	out->subject = text_of(out->json, "subject");
	out->expires = text_of(out->json, "expirationDate");
	out->enabled = strcasecmp(text_of(out->json, "status"), "enabled") == 0;
	out->internal = record_flag(json_object_get(out->json, "internalCA"));
	out->has_sha256 = node_fingerprint_parse(text_of(out->json, "sha256Fingerprint"), out->sha256);
	take_usages(out, text_of(out->json, "trustedFor"));
	if (is_id(out->id))
		return true;
	return error_set(err, FINDING_NODE_ANSWER_INVALID, _("the appliance's answer holds a certificate with the id \"%s\", which is none"),
			 text_safe(clean, sizeof(clean), out->id));
}

void record_certificate_clear(struct record_certificate *c)
{
	json_decref(c->json);
	*c = (struct record_certificate){ 0 };
}

static bool has_id(const struct record_certificates *list, const char *id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].id, id) == 0)
			return true;
	}
	return false;
}

static bool make_room(struct record_certificates *list, struct error *err)
{
	size_t room = list->room == 0 ? 64 : list->room * 2;
	struct record_certificate *items;

	if (list->count >= RECORD_CERTIFICATES_MAX)
		return error_set(err, FINDING_NODE_ANSWER_INVALID, _("the appliance lists more than %d certificates"),
				 RECORD_CERTIFICATES_MAX);
	if (list->count < list->room)
		return true;
	items = reallocarray(list->items, room, sizeof(*items));
	if (items == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	list->items = items;
	list->room = room;
	return true;
}

bool record_certificates_add(struct record_certificates *list, const json_t *reply, size_t *added, struct error *err)
{
	const json_t *response = json_object_get(reply, "response"), *record;
	size_t i;

	*added = 0;
	if (!json_is_array(response))
		return error_set(err, FINDING_NODE_ANSWER_INVALID, _("the appliance's answer lacks the list of certificates"));
	json_array_foreach (response, i, record) {
		struct record_certificate c = { 0 };

		if (!make_room(list, err) || !record_certificate_read(record, &c, err)) {
			record_certificate_clear(&c);
			return false;
		}
		if (has_id(list, c.id)) {
			record_certificate_clear(&c);
			continue;
		}
		list->items[list->count++] = c;
		(*added)++;
	}
	return true;
}

void record_certificates_clear(struct record_certificates *list)
{
	for (size_t i = 0; i < list->count; i++)
		record_certificate_clear(&list->items[i]);
	free(list->items);
	*list = (struct record_certificates){ 0 };
}

const struct record_certificate *record_certificates_find(const struct record_certificates *list, const char *name,
							  struct error *err)
{
	const struct record_certificate *found = NULL;
	unsigned char sha256[32];
	bool is_hex = node_fingerprint_parse(name, sha256);
	char clean[200];

	for (size_t i = 0; i < list->count; i++) {
		const struct record_certificate *c = &list->items[i];

		if ((is_hex && c->has_sha256 && memcmp(c->sha256, sha256, 32) == 0) || strcmp(c->id, name) == 0)
			return c;
		if (strcmp(c->name, name) != 0)
			continue;
		if (found != NULL) {
			error_usage(err, _("the appliance has several certificates \"%s\""), text_safe(clean, sizeof(clean), name));
			error_next(err, _("Name it by its SHA-256 fingerprint."));
			return NULL;
		}
		found = c;
	}
	if (found == NULL) {
		error_set(err, FINDING_NONE, _("the appliance has no certificate \"%s\""), text_safe(clean, sizeof(clean), name));
		error_next(err, _("See its names with \"posture-console node show\"."));
	}
	return found;
}

/* --- what is written ------------------------------------------------------------------------------------------- */

enum kind { KIND_TEXT, KIND_FLAG, KIND_NUMBER };

/* The fields of a PUT besides name, status and the usages. */
static const struct {
	const char *key;
	enum kind kind;
	bool needs_crl;			/* may only be true while downloadCRL is */
} fields[] = {
	{ "description", KIND_TEXT, false },
	{ "enableOCSPValidation", KIND_FLAG, false },
	{ "selectedOCSPService", KIND_TEXT, false },
	{ "rejectIfNoStatusFromOCSP", KIND_FLAG, false },
	{ "rejectIfUnreachableFromOCSP", KIND_FLAG, false },
	{ "downloadCRL", KIND_FLAG, false },
	{ "crlDistributionUrl", KIND_TEXT, false },
	{ "automaticCRLUpdate", KIND_FLAG, true },
	{ "automaticCRLUpdatePeriod", KIND_NUMBER, false },
	{ "automaticCRLUpdateUnits", KIND_TEXT, false },
	{ "nonAutomaticCRLUpdatePeriod", KIND_NUMBER, false },
	{ "nonAutomaticCRLUpdateUnits", KIND_TEXT, false },
	{ "crlDownloadFailureRetries", KIND_NUMBER, false },
	{ "crlDownloadFailureRetriesUnits", KIND_TEXT, false },
	{ "authenticateBeforeCRLReceived", KIND_FLAG, true },
	{ "ignoreCRLExpiration", KIND_FLAG, true },
	{ "enableServerIdentityCheck", KIND_FLAG, false },
};

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

static json_t *value_to_write(const json_t *read, enum kind kind)
{
	switch (kind) {
	case KIND_FLAG:
		return json_boolean(record_flag(read));
	case KIND_NUMBER:
		return record_number(read) > 0 ? json_integer(record_number(read)) : NULL;
	case KIND_TEXT:
		break;
	}
	/* What is not set is read as " ". */
	return json_is_string(read) && !is_blank(json_string_value(read)) ? json_string(json_string_value(read)) : NULL;
}

json_t *record_certificate_body(const struct record_certificate *c)
{
	json_t *body = json_pack("{s:s, s:s}", "name", c->name, "status", c->enabled ? "Enabled" : "Disabled");
	bool crl = record_flag(json_object_get(c->json, "downloadCRL"));

	for (size_t i = 0; body != NULL && i < sizeof(fields) / sizeof(fields[0]); i++) {
		const json_t *read = json_object_get(c->json, fields[i].key);
		json_t *value = read != NULL ? value_to_write(read, fields[i].kind) : NULL;

		if (value == NULL)
			continue;
		/* The node refuses the whole record otherwise; without a download it means nothing. */
		if (fields[i].needs_crl && !crl) {
			json_decref(value);
			value = json_false();
		}
		json_object_set_new(body, fields[i].key, value);
	}
	record_body_set_usages(body, c->usages);
	return body;
}

void record_body_set_usages(json_t *body, unsigned int usages)
{
	for (size_t i = 0; i < SWITCHES; i++)
		json_object_set_new(body, switches[i].key, json_boolean((usages & switches[i].usage) != 0));
}

unsigned int record_body_usages(const json_t *body)
{
	unsigned int usages = 0;

	for (size_t i = 0; i < SWITCHES; i++) {
		if (record_flag(json_object_get(body, switches[i].key)))
			usages |= switches[i].usage;
	}
	return usages;
}

/* --- the deployment -------------------------------------------------------------------------------------------- */

void record_node_read(const json_t *record, struct record_node *out)
{
	const json_t *roles = json_object_get(record, "roles"), *role;
	size_t i;

	*out = (struct record_node){ .host_name = text_of(record, "hostname"), .fqdn = text_of(record, "fqdn"),
				     .address = text_of(record, "ipAddress") };
	json_array_foreach (roles, i, role) {
		const char *name = json_string_value(role);

		if (name == NULL)
			continue;
		out->primary |= strcasecmp(name, "PrimaryAdmin") == 0;
		out->secondary |= strcasecmp(name, "SecondaryAdmin") == 0;
		out->standalone |= strcasecmp(name, "Standalone") == 0;
	}
}
