#include "diagnose/snapshot.h"

#include <fcntl.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "net/probe_resolv.h"
#include "net/probe_route.h"
#include "trust/trust.h"

#define SNAPSHOT_NAME "last-good.json"
#define SNAPSHOT_MAX (256u * 1024)
#define TEXT_MAX 1024
/* A clock that moved by less than this has not changed for any purpose here. */
#define CLOCK_CHANGE_MS 1000.0

static void set_text(json_t *snapshot, const char *key, const char *text)
{
	json_object_set_new(snapshot, key, event_string(text));
}

static void read_resolver(json_t *snapshot)
{
	struct probe_resolv resolv;
	struct buffer text = BUFFER_INIT(TEXT_MAX);

	probe_resolv_read(NULL, &resolv);
	for (size_t i = 0; i < resolv.server_count; i++) {
		char address[PROBE_ADDRESS_TEXT_MAX];

		buffer_printf(&text, "%s%s", i > 0 ? ", " : "", probe_address_text(address, &resolv.servers[i]));
	}
	set_text(snapshot, "resolver", buffer_text(&text));
	buffer_clear(&text);
}

static void describe_route(struct buffer *text, const struct probe_route *route)
{
	char gateway[PROBE_ADDRESS_TEXT_MAX];

	if (text->len > 0)
		buffer_puts(text, "; ");
	if (probe_address_family(&route->gateway) != AF_UNSPEC)
		buffer_printf(text, "%s ", probe_address_text(gateway, &route->gateway));
	buffer_puts(text, route->link_name);
}

static void read_route(json_t *snapshot)
{
	struct probe_network *network = calloc(1, sizeof(*network));
	struct buffer text = BUFFER_INIT(TEXT_MAX);

	if (network != NULL && probe_network_read(network, NULL)) {
		for (size_t i = 0; i < network->default4_count; i++)
			describe_route(&text, &network->defaults4[i]);
		for (size_t i = 0; i < network->default6_count; i++)
			describe_route(&text, &network->defaults6[i]);
		set_text(snapshot, "route", buffer_text(&text));
	}
	buffer_clear(&text);
	free(network);
}

static void read_proxy(json_t *snapshot, const struct settings *settings)
{
	struct buffer text = BUFFER_INIT(TEXT_MAX), bypass = BUFFER_INIT(TEXT_MAX);

	if (!settings_bool(settings, SETTING_PROXY_ENABLED)) {
		set_text(snapshot, "proxy", "");
		return;
	}
	buffer_printf(&text, "%s://%s:%lld", settings_string(settings, SETTING_PROXY_SCHEME),
		      settings_string(settings, SETTING_PROXY_HOST),
		      (long long)settings_int(settings, SETTING_PROXY_PORT));
	settings_text(settings, SETTING_PROXY_BYPASS, &bypass);
	if (bypass.len > 0)
		buffer_printf(&text, " (%s)", buffer_text(&bypass));
	set_text(snapshot, "proxy", buffer_text(&text));
	buffer_clear(&text);
	buffer_clear(&bypass);
}

/* Of every certificate: which one it is, whether it is enabled, and what for. */
static bool digest_trust(const struct trust_store *store, char *hex, size_t size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < trust_count(store); i++) {
		const struct trust_entry *e = trust_at(store, i);
		unsigned char state[2] = { e->enabled, (unsigned char)e->usages };

		ok = EVP_DigestUpdate(ctx, e->sha256, sizeof(e->sha256)) == 1 &&
		     EVP_DigestUpdate(ctx, state, sizeof(state)) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(ctx, sum, &len) == 1;
	for (unsigned int i = 0; ok && i < 8 && 2 * i + 3 <= size; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	EVP_MD_CTX_free(ctx);
	return ok;
}

static void read_trust(json_t *snapshot, const char *state_dir)
{
	struct trust_store *store = NULL;
	char digest[20] = "", text[TEXT_MAX];
	size_t services = 0;

	if (!trust_open(state_dir, true, &store, NULL))
		return;
	for (size_t i = 0; i < trust_count(store); i++) {
		const struct trust_entry *e = trust_at(store, i);

		services += e->enabled && (e->usages & TRUST_CISCO_SERVICES) != 0;
	}
	if (digest_trust(store, digest, sizeof(digest))) {
		snprintf(text, sizeof(text), _("%zu certificates, %zu for Cisco services [%s]"), trust_count(store),
			 services, digest);
		set_text(snapshot, "trust", text);
	}
	trust_free(store);
}

json_t *snapshot_read(const struct settings *settings, const char *state_dir, const char *url)
{
	json_t *snapshot = json_object();
	char feed[TEXT_MAX * 2];

	if (snapshot == NULL)
		return NULL;
	read_resolver(snapshot);
	read_route(snapshot);
	if (settings != NULL)
		read_proxy(snapshot, settings);
	read_trust(snapshot, state_dir);
	if (url[0] != '\0')
		set_text(snapshot, "feed", text_url_without_login(feed, sizeof(feed), url));
	return snapshot;
}

static void copy(json_t *to, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	if (value != NULL)
		json_object_set(to, key, value);
}

void snapshot_add(json_t *snapshot, const json_t *dns_facts, const json_t *time_facts, const json_t *chain_facts)
{
	copy(snapshot, dns_facts, "host");
	copy(snapshot, dns_facts, "addresses");
	copy(snapshot, time_facts, "offset_ms");
	copy(snapshot, chain_facts, "issuer");
	copy(snapshot, chain_facts, "intermediates");
}

json_t *snapshot_load(const char *state_dir)
{
	struct buffer text = BUFFER_INIT(SNAPSHOT_MAX);
	char *path = file_join(state_dir, SNAPSHOT_NAME);
	json_t *snapshot = NULL;

	if (path != NULL && file_read(AT_FDCWD, path, &text, NULL))
		snapshot = event_parse(buffer_text(&text), text.len);
	buffer_clear(&text);
	free(path);
	return snapshot;
}

bool snapshot_save(const char *state_dir, json_t *snapshot, struct error *err)
{
	char *path = file_join(state_dir, SNAPSHOT_NAME), *text = NULL, stamp[CLOCK_TEXT_MAX];
	json_t *before = snapshot_load(state_dir);
	bool ok = false;

	json_object_set_new(snapshot, "time", json_string(clock_rfc3339(stamp, clock_now())));
	if (before != NULL)
		json_object_update_missing(snapshot, before);
	text = json_dumps(snapshot, JSON_INDENT(2) | JSON_SORT_KEYS);
	if (path == NULL || text == NULL)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	else
		ok = file_write_atomic(AT_FDCWD, path, 0640, text, strlen(text), err);
	json_decref(before);
	free(text);
	free(path);
	return ok;
}

static void add_change(json_t *changes, const char *what, const char *then, const char *now)
{
	json_array_append_new(changes, json_pack("{s:s, s:o, s:o}", "what", what, "then",
						 event_string(then[0] != '\0' ? then : _("none")), "now",
						 event_string(now[0] != '\0' ? now : _("none"))));
}

static void compare_clock(json_t *changes, const json_t *then, const json_t *now)
{
	const json_t *a = json_object_get(then, "offset_ms"), *b = json_object_get(now, "offset_ms");
	char before[64], after[64];

	if (a == NULL || b == NULL || fabs(json_number_value(a) - json_number_value(b)) < CLOCK_CHANGE_MS)
		return;
	snprintf(before, sizeof(before), _("off by %.1f s"), json_number_value(a) / 1000);
	snprintf(after, sizeof(after), _("off by %.1f s"), json_number_value(b) / 1000);
	add_change(changes, _("clock"), before, after);
}

json_t *snapshot_changes(const json_t *then, const json_t *now)
{
	static const struct { const char *key, *label; } rows[] = {
		{ "feed", N_("feed address") }, { "resolver", N_("name servers") },
		{ "route", N_("default route") }, { "proxy", N_("proxy setting") },
		{ "issuer", N_("certificate issuer") }, { "trust", N_("trusted certificates") },
	};
	json_t *changes = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *a = json_string_value(json_object_get(then, rows[i].key));
		const char *b = json_string_value(json_object_get(now, rows[i].key));

		if (a != NULL && b != NULL && strcmp(a, b) != 0)
			add_change(changes, _(rows[i].label), a, b);
	}
	compare_clock(changes, then, now);
	return changes;
}
