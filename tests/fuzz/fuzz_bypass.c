/* Bypass patterns: a pattern, a newline, a host. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "net/proxy.h"
#include "settings/bypass.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer text = BUFFER_INIT(4096);
	struct bypass_pattern parsed;
	char *pattern, *host;
	bool matches;

	if (size > 1024)
		return 0;
	buffer_append(&text, data, size);
	buffer_putc(&text, '\0');
	pattern = text.data;
	host = strchr(pattern, '\n');
	if (host == NULL)
		host = pattern + strlen(pattern);
	else
		*host++ = '\0';
	matches = proxy_bypass_matches(pattern, host);
	must(matches == (bypass_parse(pattern, &parsed) && bypass_matches(&parsed, host)));
	if (proxy_bypass_check(pattern, NULL)) {
		/* A name or an address matches itself, whatever else it does. */
		must(bypass_parse(pattern, &parsed));
		if (parsed.kind == BYPASS_NAME || (parsed.kind == BYPASS_NETWORK && strchr(pattern, '/') == NULL))
			must(bypass_matches(&parsed, pattern));
	}
	/* Case does not matter. */
	for (char *p = host; *p != '\0'; p++) {
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p & ~0x20);
	}
	must(matches == proxy_bypass_matches(pattern, host));
	buffer_clear(&text);
	return 0;
}
