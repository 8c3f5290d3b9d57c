/* The index: STATE/trust/index.json, its records, and finding among them. */
#include "trust/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/whole_json.h"

#define INDEX_FILE "index.json"
#define INDEX_MAX_BYTES (32u * 1024 * 1024)
#define FORMAT 1

/* --- an object and the view of it ---------------------------------------------------------------------------------- */

static bool bad_member(struct error *err, const char *key)
{
	return error_set(err, FINDING_TRUST_STORE_INVALID, _("its \"%s\" is missing or not valid"), key);
}

static bool text_member(const json_t *object, const char *key, size_t max, const char **out, struct error *err)
{
	const json_t *value = json_object_get(object, key);

	*out = json_string_value(value);
	/* A NUL inside would end the text early for us and not for others. */
	if (*out == NULL || strlen(*out) != json_string_length(value) || strlen(*out) > max ||
	    !trust_text_is_clean(*out))
		return bad_member(err, key);
	return true;
}

static bool flag_member(const json_t *object, const char *key, bool *out, struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		return bad_member(err, key);
	*out = json_is_true(value);
	return true;
}

static bool number_member(const json_t *object, const char *key, json_int_t *out, struct error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		return bad_member(err, key);
	*out = json_integer_value(value);
	return true;
}

static bool usages_member(const json_t *object, unsigned int *usages, struct error *err)
{
	const json_t *list = json_object_get(object, "usages");

	*usages = 0;
	if (!json_is_array(list))
		return bad_member(err, "usages");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		unsigned int usage = name != NULL ? trust_usage_by_name(name) : 0;

		if (usage == 0)
			return bad_member(err, "usages");
		*usages |= usage;
	}
	return true;
}

static bool view_text(const json_t *object, struct trust_entry *e, struct error *err)
{
	const struct {
		const char *key;
		const char **out;
		size_t max;
	} members[] = {
		{ "name", &e->name, TRUST_NAME_MAX },
		{ "description", &e->description, TRUST_DESCRIPTION_MAX },
		{ "subject", &e->subject, TRUST_TEXT_MAX },
		{ "issuer", &e->issuer, TRUST_TEXT_MAX },
		{ "common_name", &e->common_name, TRUST_TEXT_MAX },
		{ "serial", &e->serial, TRUST_TEXT_MAX },
		{ "signature_algorithm", &e->signature_algorithm, TRUST_TEXT_MAX },
		{ "key", &e->key, TRUST_TEXT_MAX },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (!text_member(object, members[i].key, members[i].max, members[i].out, err))
			return false;
	}
	return e->name[0] != '\0' || bad_member(err, "name");
}

static unsigned int time_remarks(const struct trust_entry *e)
{
	time_t now = clock_now();

	if (now > e->not_after)
		return TRUST_EXPIRED;
	return (now < e->not_before ? TRUST_NOT_YET_VALID : 0u) |
	       (e->not_after - now <= TRUST_SOON_S ? TRUST_EXPIRES_SOON : 0u);
}

/* Makes the view of the record's object again. */
static bool view(struct trust_record *r, struct error *err)
{
	const json_t *o = r->json;
	struct trust_entry e = { 0 };
	json_int_t from = 0, until = 0, hash = 0;
	bool weak_signature = false, weak_key = false, rejects = false;
	const char *hex;

	if (!view_text(o, &e, err) || !text_member(o, "sha256", 64, &hex, err) || !flag_member(o, "enabled", &e.enabled, err) ||
	    !usages_member(o, &e.usages, err) || !flag_member(o, "ca", &e.ca, err) ||
	    !flag_member(o, "self_signed", &e.self_signed, err) ||
	    !flag_member(o, "weak_signature", &weak_signature, err) || !flag_member(o, "weak_key", &weak_key, err) ||
	    !flag_member(o, "rejects_servers", &rejects, err) || !number_member(o, "not_before", &from, err) ||
	    !number_member(o, "not_after", &until, err) || !number_member(o, "subject_hash", &hash, err))
		return false;
	if (strlen(hex) != 64 || !trust_hex_parse(hex, e.sha256))
		return bad_member(err, "sha256");
	e.not_before = (time_t)from;
	e.not_after = (time_t)until;
	e.subject_hash = (unsigned int)hash;
	e.remarks = time_remarks(&e) | (weak_signature ? TRUST_WEAK_SIGNATURE : 0u) | (weak_key ? TRUST_WEAK_KEY : 0u) |
		    (e.ca ? 0u : TRUST_NOT_A_CA) | (rejects ? TRUST_REJECTS_SERVERS : 0u) |
		    (r->entry.remarks & TRUST_FILE_MISSING);
	if ((e.usages & (TRUST_INFRASTRUCTURE | TRUST_CISCO_SERVICES)) == (TRUST_INFRASTRUCTURE | TRUST_CISCO_SERVICES))
		e.remarks |= TRUST_DOUBLE_USE;
	r->entry = e;
	return true;
}

bool trust_record_set(struct trust_record *record, const char *key, json_t *value, struct error *err)
{
	if (value == NULL || json_object_set_new(record->json, key, value) < 0)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return view(record, err);
}

static json_t *usages_json(unsigned int usages)
{
	json_t *list = json_array();

	for (unsigned int usage = TRUST_INFRASTRUCTURE; usage <= TRUST_CISCO_SERVICES; usage <<= 1) {
		if ((usages & usage) != 0 && json_array_append_new(list, json_string(trust_usage_name(usage))) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

bool trust_record_set_usages(struct trust_record *record, unsigned int usages, struct error *err)
{
	return trust_record_set(record, "usages", usages_json(usages), err);
}

static json_t *describe(X509 *certificate, const char *name, const char *description, bool enabled, unsigned int usages)
{
	char subject[TRUST_TEXT_MAX], issuer[TRUST_TEXT_MAX], common_name[TRUST_NAME_MAX + 1], serial[TRUST_TEXT_MAX];
	char algorithm[128] = "", key[64], hex[65];
	unsigned char sha256[32] = { 0 };
	time_t from = 0, until = 0;

	trust_name_line(subject, X509_get_subject_name(certificate));
	trust_name_line(issuer, X509_get_issuer_name(certificate));
	trust_common_name(common_name, X509_get_subject_name(certificate));
	trust_serial_text(serial, X509_get0_serialNumber(certificate));
	trust_key_text(key, certificate);
	OBJ_obj2txt(algorithm, sizeof(algorithm), X509_get0_tbs_sigalg(certificate)->algorithm, 0);
	trust_validity(certificate, &from, &until);
	X509_digest(certificate, EVP_sha256(), sha256, NULL);
	trust_hex(hex, sha256);
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:b, s:b, s:b, s:I}",
			 "sha256", hex, "name", name, "description", description, "enabled", enabled, "usages",
			 usages_json(usages), "subject", subject, "issuer", issuer, "common_name", common_name, "serial",
			 serial, "signature_algorithm", algorithm, "key", key, "not_before", (json_int_t)from, "not_after",
			 (json_int_t)until, "ca", trust_is_ca(certificate), "self_signed",
			 X509_self_signed(certificate, 0) == 1, "weak_signature", trust_signature_is_weak(certificate),
			 "weak_key", trust_key_is_weak(certificate), "rejects_servers", trust_rejects_servers(certificate),
			 "subject_hash", (json_int_t)X509_subject_name_hash(certificate));
}

/* --- the records ---------------------------------------------------------------------------------------------------- */

static bool reserve(struct trust_index *index, size_t count, struct error *err)
{
	struct trust_record *more;
	size_t cap = index->cap;

	if (count <= cap)
		return true;
	while (cap < count)
		cap = cap == 0 ? 64 : cap * 2;
	more = reallocarray(index->records, cap, sizeof(*more));
	if (more == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	index->records = more;
	index->cap = cap;
	return true;
}

bool trust_index_add(struct trust_index *index, X509 *certificate, const char *name, const char *description,
		     bool enabled, unsigned int usages, struct error *err)
{
	struct trust_record *r;

	if (!reserve(index, index->count + 1, err))
		return false;
	r = &index->records[index->count];
	*r = (struct trust_record){ .json = describe(certificate, name, description, enabled, usages) };
	if (r->json == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!view(r, err)) {
		json_decref(r->json);
		return false;
	}
	index->count++;
	return true;
}

static void record_clear(struct trust_record *r)
{
	X509_free(r->certificate);
	json_decref(r->json);
}

void trust_index_drop(struct trust_index *index, struct trust_record *record)
{
	size_t at = (size_t)(record - index->records);

	record_clear(record);
	index->count--;
	memmove(record, record + 1, (index->count - at) * sizeof(*record));
}

void trust_index_clear(struct trust_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		record_clear(&index->records[i]);
	free(index->records);
	json_decref(index->document);
	*index = (struct trust_index){ 0 };
}

static int by_name(const void *a, const void *b)
{
	const struct trust_record *x = a, *y = b;
	int order = strcasecmp(x->entry.name, y->entry.name);

	return order != 0 ? order : strcmp(x->entry.name, y->entry.name);
}

struct trust_record *trust_index_by_name(const struct trust_index *index, const char *name)
{
	for (size_t i = 0; i < index->count; i++) {
		if (strcmp(index->records[i].entry.name, name) == 0)
			return &index->records[i];
	}
	return NULL;
}

struct trust_record *trust_index_by_sha256(const struct trust_index *index, const unsigned char sha256[32])
{
	for (size_t i = 0; i < index->count; i++) {
		if (memcmp(index->records[i].entry.sha256, sha256, 32) == 0)
			return &index->records[i];
	}
	return NULL;
}

struct trust_record *trust_index_find(const struct trust_index *index, const char *name, struct error *err)
{
	unsigned char sha256[32];
	struct trust_record *r = trust_hex_parse(name, sha256) ? trust_index_by_sha256(index, sha256)
							       : trust_index_by_name(index, name);

	if (r == NULL)
		error_set(err, FINDING_CERTIFICATE_NOT_FOUND, _("there is no certificate \"%s\" in the store"), name);
	return r;
}

/* --- the file ------------------------------------------------------------------------------------------------------- */

bool trust_index_new(struct trust_index *index, struct error *err)
{
	*index = (struct trust_index){ .document = json_pack("{s:i}", "format", FORMAT) };
	if (index->document == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return true;
}

static bool same_hash(const struct trust_record *const *sorted, size_t i)
{
	return memcmp(sorted[i - 1]->entry.sha256, sorted[i]->entry.sha256, 32) == 0;
}

static int by_sha256(const void *a, const void *b)
{
	const struct trust_record *const *x = a, *const *y = b;

	return memcmp((*x)->entry.sha256, (*y)->entry.sha256, 32);
}

/* Sorts, and finds what stands twice: which of the two would count? */
static bool sort_and_check(struct trust_index *index, struct error *err)
{
	const struct trust_record **sorted;
	const char *twice = NULL;

	if (index->count == 0)
		return true;
	qsort(index->records, index->count, sizeof(*index->records), by_name);
	sorted = calloc(index->count, sizeof(struct trust_record *));
	if (sorted == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < index->count; i++)
		sorted[i] = &index->records[i];
	for (size_t i = 1; i < index->count; i++) {
		if (strcmp(sorted[i - 1]->entry.name, sorted[i]->entry.name) == 0)
			twice = sorted[i]->entry.name;
	}
	qsort(sorted, index->count, sizeof(struct trust_record *), by_sha256);
	for (size_t i = 1; i < index->count; i++) {
		if (same_hash(sorted, i))
			twice = sorted[i]->entry.name;
	}
	free(sorted);
	return twice == NULL || error_set(err, FINDING_TRUST_STORE_INVALID, _("\"%s\" stands in it twice"), twice);
}

static bool read_records(struct trust_index *index, const json_t *list, struct error *err)
{
	size_t count = json_array_size(list);

	if (!json_is_array(list))
		return error_set(err, FINDING_TRUST_STORE_INVALID, _("it has no list of certificates"));
	if (count > TRUST_CERTIFICATES_MAX)
		return error_set(err, FINDING_TRUST_STORE_INVALID, _("it names %zu certificates; at most %d are allowed"),
				 count, TRUST_CERTIFICATES_MAX);
	if (!reserve(index, count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct trust_record *r = &index->records[i];

		*r = (struct trust_record){ .json = json_array_get(list, i) };
		if (!view(r, err)) {
			const char *name = json_string_value(json_object_get(r->json, "name"));

			return error_wrap(err, _("certificate %zu (%s)"), i + 1, name != NULL ? name : "?");
		}
		json_incref(r->json);
		index->count++;
	}
	return true;
}

static bool parse(struct trust_index *index, const struct buffer *text, struct error *err)
{
	json_error_t why;
	json_int_t format;
	bool out_of_memory;

	index->document = whole_json_parse(buffer_text(text), text->len, &why, &out_of_memory);
	if (out_of_memory)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (index->document == NULL)
		return error_set(err, FINDING_TRUST_STORE_INVALID, _("line %d: %s"), why.line, why.text);
	format = json_integer_value(json_object_get(index->document, "format"));
	if (format > FORMAT) {
		error_set(err, FINDING_TRUST_STORE_INVALID, _("it was written by a newer version of this program"));
		return error_next(err, _("Use that version."));
	}
	if (format != FORMAT)
		return error_set(err, FINDING_TRUST_STORE_INVALID, _("it is not an index of certificates"));
	return read_records(index, json_object_get(index->document, "certificates"), err) && sort_and_check(index, err);
}

bool trust_index_load(struct trust_index *index, int dir, const char *path, struct error *err)
{
	struct buffer text = BUFFER_INIT(INDEX_MAX_BYTES);
	bool ok = false;

	*index = (struct trust_index){ 0 };
	if (!trust_file_read(dir, INDEX_FILE, path, &text, err))
		goto out;
	if (!parse(index, &text, err)) {
		error_wrap(err, _("cannot use the index of the trusted certificates %s/%s"), path, INDEX_FILE);
		goto out;
	}
	ok = true;
out:
	if (!ok)
		trust_index_clear(index);
	buffer_clear(&text);
	return ok;
}

bool trust_index_save(struct trust_index *index, int dir, struct error *err)
{
	json_t *list;
	char *text = NULL;
	bool ok = false;

	if (!sort_and_check(index, err))
		return false;
	whole_json_begin();
	list = json_array();
	for (size_t i = 0; i < index->count; i++)
		json_array_append(list, index->records[i].json);
	if (json_object_set_new(index->document, "certificates", list) == 0 && !whole_json_failed())
		text = whole_json_dump(index->document, JSON_INDENT(1));
	if (text == NULL)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	else
		ok = file_write_atomic(dir, INDEX_FILE, 0644, text, strlen(text), err);
	free(text);
	return ok;
}
