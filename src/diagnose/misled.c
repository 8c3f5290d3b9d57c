#include "diagnose/misled.h"

#include <string.h>

#include "base/i18n.h"
#include "diagnose/portal.h"
#include "diagnose/way.h"

#define SECOND_MS 1500
#define TRIED_MAX 3
#define ENOUGH_MS 1700		/* for one more question, and some to spare */

static const char *source_of(const struct check_context *c)
{
	const char *source = json_string_value(json_object_get(check_facts(c, CHECK_DNS), "source"));

	return source != NULL ? source : "literal";
}

static void add_new(struct probe_address_list *out, const struct probe_address_list *more, const struct probe_address_list *used)
{
	for (size_t i = 0; i < more->count; i++) {
		if (!probe_address_list_has(used, &more->items[i]) && !probe_address_list_has(out, &more->items[i]))
			probe_address_list_add(out, &more->items[i]);
	}
}

void misled_candidates(const struct check_context *c, bool remembered, struct probe_address_list *out)
{
	const json_t *dns = check_facts(c, CHECK_DNS);
	const char *host = json_string_value(json_object_get(c->last_good, "host"));
	struct probe_address_list used, more;

	*out = (struct probe_address_list){ 0 };
	if (strcmp(source_of(c), "literal") == 0)
		return;
	result_addresses_read(json_object_get(dns, "addresses"), check_peer_port(c), &used);
	result_addresses_read(json_object_get(dns, "alternatives"), check_peer_port(c), &more);
	add_new(out, &more, &used);
	if (!remembered || host == NULL || strcasecmp(host, check_peer_host(c)) != 0)
		return;
	result_addresses_read(json_object_get(c->last_good, "addresses"), check_peer_port(c), &more);
	add_new(out, &more, &used);
}

bool misled_everywhere(const struct check_context *c)
{
	return json_is_true(json_object_get(check_facts(c, CHECK_DNS), "everywhere"));
}

enum finding misled_by(const struct check_context *c, bool stranger)
{
	if (strcmp(source_of(c), "hosts") == 0)
		return FINDING_DNS_HOSTS_OVERRIDE;
	if (json_is_true(json_object_get(check_facts(c, CHECK_DNS), "search_leak")))
		return FINDING_DNS_SEARCH_LEAK;
	return stranger || misled_everywhere(c) ? FINDING_DNS_HIJACKED : FINDING_DNS_STALE;
}

static bool completes_at(const struct check_context *c, const struct probe_address *address)
{
	struct way_options o = { .scheme = WAY_DIRECT, .address = *address, .budget_ms = check_left_ms(c, SECOND_MS) };
	struct probe_tls tls;
	struct way w;
	bool ok = way_handshake(c, &o, NULL, &w, &tls) && tls.outcome == PROBE_TLS_OK;

	probe_tls_clear(&tls);
	way_clear(&w);
	return ok;
}

static enum finding portal_instead(const struct check_context *c, struct check_result *r)
{
	const char *text = json_string_value(json_object_get(check_facts(c, CHECK_TCP), "address"));
	struct probe_address target;
	char page[600];
	enum portal found;

	if (text == NULL || !probe_address_parse(text, 0, &target))
		return FINDING_NONE;
	found = portal_find(c, &target, page, sizeof(page));
	if (found == PORTAL_NONE || (found == PORTAL_LIKELY && !misled_everywhere(c)))
		return FINDING_NONE;
	result_evidence(r, _("port 80"), "%s", page);
	return misled_everywhere(c) ? FINDING_DNS_HIJACKED : FINDING_HTTP_CAPTIVE_PORTAL;
}

enum finding misled_handshake(const struct check_context *c, struct check_result *r)
{
	struct probe_address_list others;
	char text[PROBE_ADDRESS_TEXT_MAX];

	/* A silent server has taken most of the time: what it is called matters more. */
	if (c->via_proxy || check_left_ms(c, ENOUGH_MS) < ENOUGH_MS)
		return FINDING_NONE;
	misled_candidates(c, false, &others);
	for (size_t i = 0; i < others.count && i < TRIED_MAX; i++) {
		if (!completes_at(c, &others.items[i]))
			continue;
		result_evidence(r, _("other address"), _("%s completes the handshake"),
				probe_address_text(text, &others.items[i]));
		return misled_by(c, false);
	}
	return check_left_ms(c, ENOUGH_MS) < ENOUGH_MS ? FINDING_NONE : portal_instead(c, r);
}
