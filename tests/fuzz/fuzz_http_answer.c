/* What a server sends to the HTTP client, as libcurl hands it on: header lines, then a body. The first byte chooses what
 * was asked for. Whatever comes, the body that is taken is the one that was asked for, and never more than the cap. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_fields.h"
#include "net/http_transfer.h"

#define CAP 1000
#define HELD 100

struct sink {
	bool began;
	int64_t offset, got;
};

static bool on_begin(void *data, const struct http_response *response, struct error *err)
{
	struct sink *sink = data;

	(void)err;
	if (sink->began || (response->offset != 0 && response->offset != HELD) || response->total > CAP)
		abort();
	sink->began = true;
	sink->offset = response->offset;
	return true;
}

static bool on_body(void *data, const void *bytes, size_t len, struct error *err)
{
	struct sink *sink = data;

	(void)bytes, (void)err;
	if (!sink->began)
		abort();
	sink->got += (int64_t)len;
	return true;
}

static void try_fields(const char *text)
{
	int64_t first, last, total;

	if (http_content_range(text, &first, &last, &total) && (last < first || (total >= 0 && last >= total)))
		abort();
	if (http_retry_after(text, 1700000000) < -1)
		abort();
	http_validator_is_strong(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sink sink = { .began = false };
	struct http_transfer *t;
	const uint8_t *end = data + size;
	char text[128];

	if (size == 0 || (t = calloc(1, sizeof(*t))) == NULL)
		return 0;
	t->request = (struct http_request){ .begin = on_begin, .body = on_body, .data = &sink, .max_bytes = CAP,
					    .if_none_match = (*data & 1) != 0 ? "\"x\"" : NULL };
	t->hop.is_http = true;
	t->hop.in_connect = (*data & 2) != 0;
	t->hop.has_range = (*data & 4) != 0;
	t->hop.from = HELD;
	t->hop.content_length = t->total_seen = -1;
	if ((*data & 8) != 0)
		snprintf(t->validator, sizeof(t->validator), "\"v1\"");
	if ((*data & 16) != 0)
		t->total_seen = 500;
	data++;
	snprintf(text, sizeof(text), "%.*s", (int)(end - data < 100 ? end - data : 100), (const char *)data);
	try_fields(text);
	while (data < end && t->hop.verdict == HTTP_VERDICT_NONE) {
		const uint8_t *newline = memchr(data, '\n', (size_t)(end - data));
		size_t len = newline != NULL ? (size_t)(newline - data) + 1 : (size_t)(end - data);
		/* A copy of its own, so that a read past the line is seen. */
		char *line = malloc(len);

		if (line == NULL)
			break;
		memcpy(line, data, len);
		data += len;
		len = transfer_on_header(line, 1, len, t);
		free(line);
		if (len == 0)
			goto out;
	}
	while (data < end) {
		size_t len = end - data < 64 ? (size_t)(end - data) : 64;

		if (transfer_on_body((char *)(uintptr_t)data, 1, len, t) != len)
			break;
		data += len;
	}
	if (sink.began && sink.offset + sink.got > CAP)
		abort();
out:
	free(t);
	return 0;
}
