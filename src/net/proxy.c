#include "net/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/i18n.h"
#include "net/host_ascii.h"
#include "settings/bypass.h"
#include "settings/form.h"

static enum proxy_scheme scheme_by_name(const char *name)
{
	if (strcmp(name, "https") == 0)
		return PROXY_HTTPS;
	return strcmp(name, "socks5") == 0 ? PROXY_SOCKS5 : PROXY_HTTP;
}

static bool copy_bypass(struct proxy *p, const struct settings *s, struct error *err)
{
	size_t n = settings_list_size(s, SETTING_PROXY_BYPASS);
	bool ok;

	p->bypass = calloc(n > 0 ? n : 1, sizeof(*p->bypass));
	ok = p->bypass != NULL;
	for (size_t i = 0; ok && i < n; i++) {
		p->bypass[p->bypass_count++] = strdup(settings_list_item(s, SETTING_PROXY_BYPASS, i));
		ok = p->bypass[i] != NULL;
	}
	return ok || error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
}

static bool load_password(struct proxy *p, const char *state_dir, struct error *err)
{
	struct buffer password = BUFFER_INIT(sizeof(p->password) - 1);
	bool ok = settings_password_load(state_dir, &password, err);

	if (ok)
		memcpy(p->password, buffer_text(&password), password.len + 1);
	buffer_wipe(&password);
	return ok;
}

static bool setting_invalid(struct error *err, const char *what)
{
	error_set(err, FINDING_PROXY_SETTING_INVALID, "%s", what);
	return error_next(err, "%s", _("Set it with \"posture-console proxy set --host HOST --port PORT\"."));
}

bool proxy_from_settings(struct proxy *p, const struct settings *s, const char *state_dir, struct error *err)
{
	const char *host = settings_string(s, SETTING_PROXY_HOST);
	int64_t port = settings_int(s, SETTING_PROXY_PORT);

	*p = (struct proxy){ 0 };
	p->enabled = settings_bool(s, SETTING_PROXY_ENABLED);
	p->scheme = scheme_by_name(settings_string(s, SETTING_PROXY_SCHEME));
	snprintf(p->host, sizeof(p->host), "%s", host);
	snprintf(p->user, sizeof(p->user), "%s", settings_string(s, SETTING_PROXY_USER));
	p->port = (uint16_t)port;
	if (!copy_bypass(p, s, err))
		goto fail;
	if (!p->enabled)
		return true;
	if (host[0] == '\0') {
		setting_invalid(err, _("no proxy is named: proxy.host is empty"));
		goto fail;
	}
	if (!form_is_host(host, strlen(host)) || port < 1 || port > 65535) {
		setting_invalid(err, _("proxy.host or proxy.port is not usable"));
		goto fail;
	}
	if (p->user[0] != '\0' && !load_password(p, state_dir, err))
		goto fail;
	return true;
fail:
	proxy_clear(p);
	return false;
}

void proxy_clear(struct proxy *p)
{
	for (size_t i = 0; i < p->bypass_count; i++)
		free(p->bypass[i]);
	free(p->bypass);
	explicit_bzero(p, sizeof(*p));
}

char *proxy_host_text(const struct proxy *p, char dst[PROXY_HOST_TEXT_MAX])
{
	bool v6 = strchr(p->host, ':') != NULL;

	snprintf(dst, PROXY_HOST_TEXT_MAX, "%s%s%s", v6 ? "[" : "", p->host, v6 ? "]" : "");
	return dst;
}

static bool is_bypassed(const struct proxy *p, const char *host)
{
	for (size_t i = 0; i < p->bypass_count; i++) {
		if (proxy_bypass_matches(p->bypass[i], host))
			return true;
	}
	return false;
}

bool proxy_applies(const struct proxy *p, const char *host)
{
	char ascii[256];

	if (!p->enabled || is_bypassed(p, host))
		return false;
	/* A pattern may also name it as the DNS does. */
	return !host_ascii(host, ascii, sizeof(ascii)) || strcmp(ascii, host) == 0 || !is_bypassed(p, ascii);
}

bool proxy_bypass_matches(const char *pattern, const char *host)
{
	struct bypass_pattern parsed;

	return bypass_parse(pattern, &parsed) && bypass_matches(&parsed, host);
}

bool proxy_bypass_check(const char *pattern, struct error *err)
{
	struct bypass_pattern parsed;

	if (form_is_clean(pattern, false) && bypass_parse(pattern, &parsed))
		return true;
	error_set(err, FINDING_PROXY_SETTING_INVALID, _("\"%s\" is not allowed in the bypass list; %s"), pattern,
		  _(setting_form(FORM_BYPASS)->allowed));
	return error_next(err, _("Give one pattern per item, such as .corp.example or 10.0.0.0/8."));
}
