#include "settings/form.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/text.h"
#include "settings/bypass.h"

#define NAME_MAX_BYTES 253		/* RFC 1035, as text without the trailing dot */
#define LABEL_MAX_BYTES 63

bool form_is_clean(const char *text, bool layout)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t len = text_utf8_decode(text + i, n - i, &cp);

		if (len == 0)
			return false;
		if ((cp < 0x20 && !(layout && (cp == '\t' || cp == '\n'))) || (cp >= 0x7F && cp <= 0x9F))
			return false;
		i += len;
	}
	return true;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       (unsigned char)c >= 0x80;
}

static bool is_label(const char *text, size_t len)
{
	if (len == 0 || len > LABEL_MAX_BYTES || text[0] == '-' || text[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_name_byte(text[i]))
			return false;
	}
	return true;
}

/* A name whose last label is a number is an address to inet_aton(), and so to a resolver: "127.1", "0x7f000001". */
static bool is_number(const char *text, size_t len)
{
	bool hex = len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	for (size_t i = hex ? 2 : 0; i < len; i++) {
		if (hex ? !isxdigit((unsigned char)text[i]) : !isdigit((unsigned char)text[i]))
			return false;
	}
	return len > 0;
}

static bool is_name(const char *text, size_t len)
{
	size_t start = 0;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && text[i] != '.')
			continue;
		if (!is_label(text + start, i - start))
			return false;
		if (i == len && is_number(text + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

bool form_is_host(const char *text, size_t len)
{
	uint8_t address[BYPASS_ADDRESS_BYTES];

	return bypass_address(text, len, address) || is_name(text, len);
}

static bool form_host(const char *text, size_t index)
{
	(void)index;
	return form_is_host(text, strlen(text));
}

static bool is_port(const char *text, size_t len)
{
	unsigned long port = 0;

	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

/* Brackets only around an address, and only before a port: "host", "host:123", "2001:db8::1", "[2001:db8::1]:123". */
static bool form_host_port(const char *text, size_t index)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;

	(void)index;
	if (form_is_host(text, strlen(text)))
		return true;
	if (colon == NULL || !is_port(colon + 1, strlen(colon + 1)))
		return false;
	if (len > 2 && text[0] == '[' && text[len - 1] == ']')
		return form_is_host(text + 1, len - 2) && memchr(text, ':', len) != NULL;
	return form_is_host(text, len) && memchr(text, ':', len) == NULL;
}

/* host, host:port, [v6], [v6]:port */
static bool is_host_port(const char *text, size_t len)
{
	uint8_t address[BYPASS_ADDRESS_BYTES];
	const char *colon;

	if (len > 0 && text[0] == '[') {
		const char *end = memchr(text, ']', len);
		size_t inner = end != NULL ? (size_t)(end - text) - 1 : 0, rest;

		if (end == NULL || memchr(text + 1, ':', inner) == NULL || !bypass_address(text + 1, inner, address))
			return false;
		rest = len - inner - 2;
		return rest == 0 || (end[1] == ':' && is_port(end + 2, rest - 1));
	}
	colon = memchr(text, ':', len);
	if (colon == NULL)
		return form_is_host(text, len);
	return form_is_host(text, (size_t)(colon - text)) &&
	       is_port(colon + 1, len - (size_t)(colon - text) - 1);
}

/* The part of a URL after its host: printable ASCII without what RFC 3986 leaves out, and no fragment. */
static bool is_url_rest(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= 0x20 || *text >= 0x7F || strchr("\"<>\\^`{|}#", *text) != NULL)
			return false;
	}
	return true;
}

/* With `user`, a user name may stand before the host, a password never. */
static bool is_url(const char *text, const char *scheme, bool user)
{
	size_t scheme_len = strlen(scheme), len;
	const char *at;

	if (strncasecmp(text, scheme, scheme_len) != 0 || strncmp(text + scheme_len, "://", 3) != 0)
		return false;
	text += scheme_len + 3;
	len = strcspn(text, "/?#");
	at = memchr(text, '@', len);
	if (at != NULL) {
		size_t name = (size_t)(at - text);

		if (!user || name == 0 || memchr(text, ':', name) != NULL || strcspn(text, "%\" <>\\^`{|}") < name)
			return false;
		text = at + 1;
		len -= name + 1;
	}
	return is_host_port(text, len) && is_url_rest(text + len);
}

static bool form_https_url(const char *text, size_t index)
{
	(void)index;
	return is_url(text, "https", false);
}

static bool form_path(const char *text, size_t index)
{
	(void)index;
	return text[0] == '/';
}

static bool form_bundle(const char *text, size_t index)
{
	return form_path(text, index) || is_url(text, "https", false) || is_url(text, "sftp", true) ||
	       is_url(text, "scp", true) || is_url(text, "ftp", true);
}

/* Basic authentication ends the name at the first colon (RFC 7617). */
static bool form_user(const char *text, size_t index)
{
	(void)index;
	return strchr(text, ':') == NULL;
}

static bool form_bypass(const char *text, size_t index)
{
	struct bypass_pattern pattern;

	(void)index;
	return bypass_parse(text, &pattern);
}

static bool form_fingerprint(const char *text, size_t index)
{
	size_t digits = 0;

	(void)index;
	for (; *text != '\0'; text++) {
		if (isxdigit((unsigned char)*text))
			digits++;
		else if (*text != ':' || digits == 0 || digits % 2 != 0 || text[-1] == ':')
			return false;
	}
	return digits == 0 || digits == 64;
}

/* It stands in the arguments of ssh: nothing there may look like an option. */
static bool form_login_name(const char *text, size_t index)
{
	(void)index;
	if (*text == '-' || *text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (!isalnum((unsigned char)*text) && strchr("-_.", *text) == NULL)
			return false;
	}
	return true;
}

/* An argument may be empty, the program may not. */
static bool form_argument(const char *text, size_t index)
{
	return index > 0 || text[0] != '\0';
}

const struct setting_form *setting_form(enum setting_form_id id)
{
	static const struct setting_form forms[FORM_COUNT] = {
#define FORM(id, fits, allowed) [FORM_##id] = { fits, allowed },
#include "settings/form.def"
#undef FORM
	};

	return &forms[id];
}
