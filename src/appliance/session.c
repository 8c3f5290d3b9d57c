#include "appliance/session.h"

#include <stdio.h>

#include "base/i18n.h"

#define ANCHORS_MAX (16u * 1024 * 1024)

static bool check_settings(const struct settings *settings, struct error *err)
{
	bool host = settings_string(settings, SETTING_NODE_HOST)[0] != '\0';

	if (host && settings_string(settings, SETTING_NODE_USER)[0] != '\0')
		return true;
	error_set(err, FINDING_CONFIG_INVALID, host ? _("no account on the appliance is set") : _("no appliance is set"));
	return error_next(err, _("Run: posture-console node login --host HOST --user USER"));
}

bool session_open(struct session *s, const struct settings *settings, const struct trust_store *store, const char *password,
		  const volatile sig_atomic_t *stop, struct error *err)
{
	struct node_options options = { .port = (uint16_t)settings_int(settings, SETTING_NODE_PORT), .password = password, .stop = stop };
	const char *pin = settings_string(settings, SETTING_NODE_PIN);

	*s = (struct session){ .anchors = BUFFER_INIT(ANCHORS_MAX) };
	if (!check_settings(settings, err))
		return false;
	snprintf(s->host, sizeof(s->host), "%s", settings_string(settings, SETTING_NODE_HOST));
	snprintf(s->user, sizeof(s->user), "%s", settings_string(settings, SETTING_NODE_USER));
	options.host = s->host;
	options.user = s->user;
	if (pin[0] != '\0' && node_fingerprint_parse(pin, s->pin))
		options.pin = s->pin;
	else if (!trust_pem(store, TRUST_INFRASTRUCTURE, &s->anchors, NULL, err))
		return false;
	options.anchors_pem = buffer_text(&s->anchors);
	options.anchors_len = s->anchors.len;
	return node_open(&options, &s->node, err);
}

void session_close(struct session *s)
{
	node_close(s->node);
	s->node = NULL;
	buffer_clear(&s->anchors);
}
