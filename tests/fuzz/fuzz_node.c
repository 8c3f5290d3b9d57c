/* Answers of an appliance's API: any bytes are read, bodies made of what was read have the forms of a write, and a certificate that
 * a plan would change is never changed in what the plan does not name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/answer.h"
#include "appliance/change.h"
#include "appliance/import.h"
#include "appliance/log_source.h"
#include "appliance/record.h"
#include "appliance/state.h"
#include "trust/trust.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void try_proxy(const json_t *json)
{
	const struct change_proxy wish = { .host = "h", .port = 1, .user = "", .bypass = "a" };
	struct record_proxy p = { 0 };
	struct change change = { 0 };

	if (record_proxy_read(json, &p, NULL) && change_plan_proxy(&p, &wish, &change, NULL)) {
		must(json_is_boolean(json_object_get(change.body, "passwordRequired")));
		must(json_object_get(change.body, "password") == NULL);
	}
	change_clear(&change);
	record_proxy_clear(&p);
}

static void try_certificate(const struct record_certificate *c)
{
	const struct change_wish wish = { .description = "d" };
	struct change change = { 0 };

	if (change_plan_certificate(c, &wish, &change, NULL)) {
		must(record_body_usages(change.body) == c->usages);
		must(strcmp(json_string_value(json_object_get(change.body, "name")), c->name) == 0);
		must(change.count <= CHANGE_FIELDS_MAX);
		must(strlen(change.digest) == 64);
	}
	change_clear(&change);
}

static void try_list(const json_t *json)
{
	struct record_certificates list = { 0 };
	struct state_deployment d = { 0 };
	size_t added = 0;

	record_certificates_add(&list, json, &added, NULL);
	must(added <= list.count);
	for (size_t i = 0; i < list.count; i++) {
		char date[RECORD_DATE_MAX];

		must(strlen(record_date(list.items[i].expires, date)) <= 10);
		try_certificate(&list.items[i]);
		must(record_certificates_find(&list, list.items[i].id, NULL) != NULL);
	}
	record_certificates_clear(&list);
	state_deployment_judge(json_object_get(json, "response"), "h", &d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1), message[ANSWER_MESSAGE_MAX];
	struct answer a = { .content_type = "", .host = "h", .user = "u", .path = "/", .secrets = { "secret" }, .len = size };
	struct log_source_keys keys;
	json_t *json = NULL;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	a.body = text;
	a.status = size > 0 ? 100 + data[0] * 2 : 200;
	answer_check(&a, NULL);
	answer_message(&a, message);
	must(strlen(message) < sizeof(message) && strstr(message, "secret") == NULL);
	if (answer_json(&a, &json, NULL)) {
		try_proxy(json);
		try_list(json);
	}
	json_decref(json);
	log_source_parse_keys(text, &keys, NULL);
	must(keys.count <= LOG_SOURCE_KEYS_MAX);
	log_source_keys_clear(&keys);
	free(text);
	return 0;
}
