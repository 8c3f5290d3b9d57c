#include "settings/bypass.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "settings/form.h"

#define IPV4_BITS_BEFORE 96
#define ADDRESS_TEXT_MAX 64

static const uint8_t mapped_head[12] = { [10] = 0xFF, [11] = 0xFF };

static bool is_ipv4(const uint8_t address[BYPASS_ADDRESS_BYTES])
{
	return memcmp(address, mapped_head, sizeof(mapped_head)) == 0;
}

static void map_ipv4(uint8_t address[BYPASS_ADDRESS_BYTES], const struct in_addr *v4)
{
	memcpy(address, mapped_head, sizeof(mapped_head));
	memcpy(address + sizeof(mapped_head), v4, sizeof(*v4));
}

bool bypass_address(const char *text, size_t len, uint8_t address[BYPASS_ADDRESS_BYTES])
{
	char copy[ADDRESS_TEXT_MAX];
	struct in_addr v4;

	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		map_ipv4(address, &v4);
		return true;
	}
	return inet_pton(AF_INET6, copy, address) == 1;
}

/* The address that a host stands for when it is a literal, as a URL parser and the resolver would take it. */
static bool host_address(const char *host, size_t len, uint8_t address[BYPASS_ADDRESS_BYTES])
{
	char copy[ADDRESS_TEXT_MAX];
	const char *zone;
	struct in_addr v4;

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	zone = memchr(host, '%', len);
	if (zone != NULL && memchr(host, ':', len) != NULL)
		len = (size_t)(zone - host);
	if (bypass_address(host, len, address))
		return true;
	if (len == 0 || len >= sizeof(copy) || !isdigit((unsigned char)host[0]))
		return false;
	memcpy(copy, host, len);
	copy[len] = '\0';
	/* inet_aton() stops at a blank and calls it a success. */
	if (strspn(copy, "0123456789abcdefABCDEFxX.") != len || inet_aton(copy, &v4) == 0)
		return false;
	map_ipv4(address, &v4);
	return true;
}

/* "/8" after an address. */
static bool parse_prefix(const char *text, unsigned int most, unsigned int *prefix)
{
	unsigned int value = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0' || (text[0] == '0' && digits > 1))
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (unsigned int)(text[i] - '0');
	*prefix = value;
	return value <= most;
}

static bool parse_network(const char *text, struct bypass_pattern *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	bool dotted = memchr(text, ':', len) == NULL;

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']' && !dotted) {
		text++;
		len -= 2;
	}
	if (!bypass_address(text, len, out->address))
		return false;
	out->kind = BYPASS_NETWORK;
	out->prefix = 8 * BYPASS_ADDRESS_BYTES;
	if (slash == NULL)
		return true;
	if (!parse_prefix(slash + 1, dotted ? 32 : 128, &out->prefix))
		return false;
	if (dotted)
		out->prefix += IPV4_BITS_BEFORE;
	return true;
}

bool bypass_parse(const char *text, struct bypass_pattern *out)
{
	memset(out, 0, sizeof(*out));
	if (strcmp(text, "*") == 0) {
		out->kind = BYPASS_ALL;
		return true;
	}
	if (parse_network(text, out))
		return true;
	out->kind = BYPASS_NAME;
	if (text[0] == '.') {
		out->kind = BYPASS_DOMAIN;
		text++;
	} else if (text[0] == '*' && text[1] == '.') {
		out->kind = BYPASS_BELOW;
		text += 2;
	}
	out->name = text;
	out->name_len = strlen(text);
	if (!form_is_host(text, out->name_len))
		return false;
	if (text[out->name_len - 1] == '.')
		out->name_len--;
	return !bypass_address(text, out->name_len, out->address);
}

static bool same_name(const char *a, const char *b, size_t len)
{
	/* Not strncasecmp(): the locale must not decide. */
	for (size_t i = 0; i < len; i++) {
		char x = a[i], y = b[i];

		if (x >= 'A' && x <= 'Z')
			x = (char)(x | 0x20);
		if (y >= 'A' && y <= 'Z')
			y = (char)(y | 0x20);
		if (x != y)
			return false;
	}
	return true;
}

static bool network_matches(const struct bypass_pattern *pattern, const uint8_t address[BYPASS_ADDRESS_BYTES])
{
	unsigned int bytes = pattern->prefix / 8, bits = pattern->prefix % 8;

	/* ::/0 is every IPv6 address, and no IPv4 address although those are written below it. */
	if (is_ipv4(address) != (is_ipv4(pattern->address) && pattern->prefix >= IPV4_BITS_BEFORE))
		return false;
	if (memcmp(pattern->address, address, bytes) != 0)
		return false;
	return bits == 0 || ((pattern->address[bytes] ^ address[bytes]) >> (8 - bits)) == 0;
}

bool bypass_matches(const struct bypass_pattern *pattern, const char *host)
{
	uint8_t address[BYPASS_ADDRESS_BYTES];
	size_t len = strlen(host);

	if (len > 0 && host[len - 1] == '.')
		len--;
	if (len == 0)
		return false;
	if (pattern->kind == BYPASS_ALL)
		return true;
	if (host_address(host, len, address))
		return pattern->kind == BYPASS_NETWORK && network_matches(pattern, address);
	if (pattern->kind == BYPASS_NETWORK || len < pattern->name_len)
		return false;
	if (len == pattern->name_len)
		return pattern->kind != BYPASS_BELOW && same_name(host, pattern->name, len);
	return pattern->kind != BYPASS_NAME && host[len - pattern->name_len - 1] == '.' &&
	       len - pattern->name_len > 1 && same_name(host + len - pattern->name_len, pattern->name, pattern->name_len);
}
