/* One request and the reply's head over a channel. */
#include "net/probe_http_head.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"

#define CHUNK 8192

static enum probe_exchange_outcome outcome_of_end(ssize_t n, int error)
{
	if (n == 0)
		return PROBE_EXCHANGE_CLOSED;
	switch (error) {
	case ETIMEDOUT: return PROBE_EXCHANGE_TIMEOUT;
	case ECONNRESET: case EPIPE: return PROBE_EXCHANGE_RESET;
	default: return PROBE_EXCHANGE_BROKEN;
	}
}

static void note_bytes(struct probe_exchange *out, const char *data, size_t len, int64_t start_us)
{
	size_t room = sizeof(out->first) - out->first_len;

	if (out->received == 0)
		out->first_byte_us = clock_monotonic_us() - start_us;
	memcpy(out->first + out->first_len, data, len < room ? len : room);
	out->first_len += len < room ? len : room;
	out->received += len;
}

/* Reads until the head of the final reply is complete. The bytes behind it stay in `text`. */
static enum probe_exchange_outcome read_head(struct probe_channel *ch, struct buffer *text, int64_t start_us,
					     int64_t deadline_us, struct probe_exchange *out)
{
	char chunk[CHUNK];

	for (;;) {
		ssize_t n;

		switch (probe_http_head_parse(buffer_text(text), text->len, &out->head)) {
		case PROBE_HEAD_OK:
			if (out->head.status >= 200)
				return PROBE_EXCHANGE_OK;
			buffer_consume(text, out->head.len);
			continue;
		case PROBE_HEAD_NOT_HTTP: return PROBE_EXCHANGE_NOT_HTTP;
		case PROBE_HEAD_BAD: return PROBE_EXCHANGE_BAD_HEAD;
		case PROBE_HEAD_TOO_LARGE: return PROBE_EXCHANGE_TOO_LARGE;
		case PROBE_HEAD_MORE: break;
		}
		/* A sender of endless 1xx heads is bounded by what it sends in all. */
		if (out->received > 4 * PROBE_HEAD_MAX)
			return PROBE_EXCHANGE_TOO_LARGE;
		n = probe_channel_read(ch, chunk, sizeof(chunk), deadline_us);
		if (n <= 0) {
			out->sys_errno = n < 0 ? errno : 0;
			return outcome_of_end(n, errno);
		}
		note_bytes(out, chunk, (size_t)n, start_us);
		if (!buffer_append(text, chunk, (size_t)n))
			return PROBE_EXCHANGE_TOO_LARGE;
	}
}

void probe_http_exchange(struct probe_channel *ch, const char *request, size_t request_len, int budget_ms,
			 struct probe_exchange *out)
{
	struct buffer text = BUFFER_INIT(8 * PROBE_HEAD_MAX);
	int64_t start_us = clock_monotonic_us(), deadline_us = start_us + (int64_t)budget_ms * 1000;
	bool written;

	memset(out, 0, sizeof(*out));
	out->first_byte_us = -1;
	written = probe_channel_write(ch, request, request_len, deadline_us);
	out->sys_errno = written ? 0 : errno;
	/* A peer that answers and closes before it has read everything is still heard. */
	if (written || out->sys_errno == EPIPE || out->sys_errno == ECONNRESET)
		out->outcome = read_head(ch, &text, start_us, deadline_us, out);
	else
		out->outcome = outcome_of_end(-1, out->sys_errno);
	out->protocol = probe_protocol_guess(out->first, out->first_len);
	if (out->outcome == PROBE_EXCHANGE_OK && text.len > out->head.len)
		probe_channel_unread(ch, text.data + out->head.len, text.len - out->head.len);
	out->duration_us = clock_monotonic_us() - start_us;
	buffer_clear(&text);
}

void probe_http_exchange_body(struct probe_channel *ch, int budget_ms, struct probe_exchange *out)
{
	int64_t wait_ms = budget_ms < PROBE_BODY_WAIT_MS ? budget_ms : PROBE_BODY_WAIT_MS;
	int64_t deadline_us = clock_monotonic_us() + wait_ms * 1000;
	int64_t length = out->head.chunked ? -1 : out->head.content_length;
	size_t wanted = sizeof(out->body);

	if (length >= 0 && (uint64_t)length < wanted)
		wanted = (size_t)length;
	while (out->body_len < wanted) {
		ssize_t n = probe_channel_read(ch, out->body + out->body_len, wanted - out->body_len, deadline_us);

		if (n <= 0)
			return;
		out->received += (size_t)n;
		out->body_len += (size_t)n;
	}
}

static bool can_stand_in_request(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	}
	return true;
}

bool probe_http_get(struct probe_channel *ch, const char *host, uint16_t port, const char *path, int budget_ms,
		    struct probe_exchange *out)
{
	bool six = strchr(host, ':') != NULL, usual = port == 80 || port == 443;
	char *request = NULL;
	char port_text[8] = "";
	int len;

	memset(out, 0, sizeof(*out));
	out->outcome = PROBE_EXCHANGE_BROKEN;
	if (!can_stand_in_request(host) || !can_stand_in_request(path) || *host == '\0' || *path != '/')
		return false;
	if (!usual)
		snprintf(port_text, sizeof(port_text), ":%u", port);
	len = asprintf(&request, "GET %s HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: posture-console\r\nAccept: */*\r\n"
		       "Connection: close\r\n\r\n", path, six ? "[" : "", host, six ? "]" : "", port_text);
	if (len < 0)
		return false;
	probe_http_exchange(ch, request, (size_t)len, budget_ms, out);
	if (out->outcome == PROBE_EXCHANGE_OK)
		probe_http_exchange_body(ch, budget_ms, out);
	free(request);
	return true;
}
