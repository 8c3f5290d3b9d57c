#include "diagnose/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/i18n.h"

bool result_init(struct check_result *r)
{
	*r = (struct check_result){ .status = CHECK_PASS, .evidence = json_array(), .facts = json_object() };
	return r->evidence != NULL && r->facts != NULL;
}

void result_clear(struct check_result *r)
{
	json_decref(r->evidence);
	json_decref(r->facts);
	*r = (struct check_result){ .status = CHECK_SKIP };
}

const struct check_finding *result_has(const struct check_result *r, enum finding code)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->findings[i].code == code)
			return &r->findings[i];
	}
	return NULL;
}

struct check_finding *result_add(struct check_result *r, enum finding code, enum weight weight)
{
	static const enum check_status status_of[] = {
		[WEIGHT_INFO] = CHECK_PASS, [WEIGHT_SUSPECT] = CHECK_PASS, [WEIGHT_WARN] = CHECK_WARN,
		[WEIGHT_FAIL] = CHECK_FAIL,
	};
	struct check_finding *row = NULL;

	if (r->status == CHECK_SKIP || status_of[weight] > r->status)
		r->status = status_of[weight];
	for (size_t i = 0; i < r->count && row == NULL; i++) {
		if (r->findings[i].code == code)
			row = &r->findings[i];
	}
	if (row == NULL && r->count == RESULT_FINDINGS_MAX)
		row = &r->findings[RESULT_FINDINGS_MAX - 1];
	if (row == NULL) {
		row = &r->findings[r->count++];
		*row = (struct check_finding){ .code = code, .weight = weight };
	} else if (weight > row->weight) {
		*row = (struct check_finding){ .code = code, .weight = weight };
	}
	return row;
}

void result_evidence(struct check_result *r, const char *name, const char *fmt, ...)
{
	char value[RESULT_VALUE_MAX];
	va_list args;

	if (json_array_size(r->evidence) >= RESULT_EVIDENCE_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	json_array_append_new(r->evidence, json_pack("{s:s, s:o}", "name", name, "value", event_string(value)));
}

void result_summary(struct check_result *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->summary, sizeof(r->summary), fmt, args);
	va_end(args);
}

void result_fact(struct check_result *r, const char *name, json_t *value)
{
	json_object_set_new(r->facts, name, value);
}

void result_error(struct check_result *r, const struct error *err, enum finding otherwise)
{
	result_add(r, err->code != FINDING_NONE ? err->code : otherwise, WEIGHT_FAIL);
	result_summary(r, "%s", err->message);
	if (err->next[0] != '\0')
		result_fact(r, "next", event_string(err->next));
}

void result_skip(struct check_result *r, bool not_applicable, const char *fmt, ...)
{
	va_list args;

	r->status = CHECK_SKIP;
	r->not_applicable = not_applicable;
	va_start(args, fmt);
	vsnprintf(r->summary, sizeof(r->summary), fmt, args);
	va_end(args);
}

json_t *result_to_json(const struct check_result *r)
{
	json_t *findings = json_array();

	for (size_t i = 0; i < r->count; i++) {
		const struct check_finding *f = &r->findings[i];

		json_array_append_new(findings, json_pack("[i,i,i,i]", (int)f->code, (int)f->weight, (int)f->confidence,
							  (int)f->other));
	}
	return json_pack("{s:i, s:b, s:o, s:o, s:O, s:O}", "status", (int)r->status, "na", (int)r->not_applicable, "findings",
			 findings, "summary", event_string(r->summary), "evidence", r->evidence, "facts", r->facts);
}

static bool finding_valid(int code)
{
	return code >= FINDING_NONE && code < FINDING_COUNT;
}

bool result_from_json(const json_t *document, struct check_result *r)
{
	int status, na;
	json_t *findings, *evidence, *facts, *row;
	const char *summary;
	size_t i;

	if (json_unpack((json_t *)(uintptr_t)document, "{s:i, s:b, s:o, s:s, s:o, s:o}", "status", &status, "na", &na,
			"findings", &findings, "summary", &summary, "evidence", &evidence, "facts", &facts) != 0 ||
	    status < CHECK_PASS || status > CHECK_SKIP || !json_is_array(findings) || !json_is_array(evidence) ||
	    !json_is_object(facts))
		return false;
	*r = (struct check_result){ .status = (enum check_status)status, .not_applicable = na != 0 };
	json_array_foreach(findings, i, row) {
		int code, weight, confidence, other;

		if (r->count == RESULT_FINDINGS_MAX ||
		    json_unpack(row, "[i,i,i,i]", &code, &weight, &confidence, &other) != 0 || !finding_valid(code) ||
		    !finding_valid(other))
			return false;
		r->findings[r->count++] = (struct check_finding){ (enum finding)code, (enum weight)weight,
								   (enum diagnose_confidence)confidence,
								   (enum finding)other };
	}
	snprintf(r->summary, sizeof(r->summary), "%s", summary);
	r->evidence = json_incref(evidence);
	r->facts = json_incref(facts);
	return true;
}

json_t *result_addresses(const struct probe_address_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		char text[PROBE_ADDRESS_TEXT_MAX];

		json_array_append_new(array, json_string(probe_address_text(text, &list->items[i])));
	}
	return array;
}

void result_addresses_read(const json_t *array, uint16_t port, struct probe_address_list *list)
{
	size_t i;
	json_t *item;

	list->count = 0;
	list->more = false;
	json_array_foreach(array, i, item) {
		struct probe_address a;

		if (json_is_string(item) && probe_address_parse(json_string_value(item), port, &a))
			probe_address_list_add(list, &a);
	}
}

char *result_addresses_text(char *dst, size_t size, const struct probe_address_list *list)
{
	size_t used = 0;

	snprintf(dst, size, "%s", _("none"));
	for (size_t i = 0; i < list->count && used < size; i++) {
		char text[PROBE_ADDRESS_TEXT_MAX];

		used += (size_t)snprintf(dst + used, size - used, "%s%s", i > 0 ? ", " : "",
					 probe_address_text(text, &list->items[i]));
	}
	return dst;
}

const char *check_peer_host(const struct check_context *c)
{
	return c->via_proxy ? c->proxy.host : c->target.host;
}

uint16_t check_peer_port(const struct check_context *c)
{
	return c->via_proxy ? c->proxy.port : c->target.port;
}

int check_left_ms(const struct check_context *c, int most)
{
	int64_t left = (c->deadline_us - clock_monotonic_us()) / 1000;

	if (left < 0)
		return 0;
	return left < most ? (int)left : most;
}

const json_t *check_facts(const struct check_context *c, enum check_id id)
{
	return c->done[id] ? c->results[id].facts : NULL;
}
