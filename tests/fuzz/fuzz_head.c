/* Heads of HTTP replies and the challenges in them: what is cut short is never more than what is whole, and a login can be made
 * for whatever challenge was chosen. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/probe_auth.h"
#include "net/probe_http_head.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void log_in(const char *challenges)
{
	struct buffer header = BUFFER_INIT(16384);
	struct probe_challenge c;
	enum probe_auth method;

	probe_auth_challenge(challenges, &c);
	method = probe_auth_choose(&c);
	if (method != PROBE_AUTH_NONE)
		must(probe_auth_header(&header, method, &c, "user", "password", "feed.test:443", "00"));
	must(header.len == 0 || strpbrk(header.data, "\r\n") == NULL);
	buffer_wipe(&header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct probe_http_head head, part;
	enum probe_head_state state = probe_http_head_parse(text, size, &head), earlier;

	must(probe_protocol_name(probe_protocol_guess(data, size < 64 ? size : 64)) != NULL);
	probe_protocol_alert(data, size);
	if (state != PROBE_HEAD_OK)
		return 0;
	must(head.status >= 100 && head.status <= 999 && head.len <= size && head.len >= 4);
	earlier = probe_http_head_parse(text, head.len - 1, &part);
	must(earlier == PROBE_HEAD_MORE);
	log_in(head.proxy_authenticate);
	return 0;
}
