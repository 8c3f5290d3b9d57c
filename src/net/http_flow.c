/* Which exchange is too slow, and when that is to be looked at next.
 *
 * Every low_speed_s the bytes that came are weighed. libcurl's own low-speed limit cannot tell silence from slowness, and
 * blames the server for a pause of ours.
 */
#include <string.h>

#include "base/clock.h"
#include "net/http_transfer.h"

/* A pause of the whole loop above this is no server's fault, and not counted as slowness. */
#define BUSY_MS 250

static bool has_flow(const struct http_transfer *t, int64_t elapsed_ms)
{
	return t->hop.window_bytes * 1000 >= (int64_t)t->client->options.low_speed_bytes * elapsed_ms;
}

/* Does another stream of the same HTTP/2 connection have the flow? Servers may send one object after the other. */
static bool waits_its_turn(const struct http_transfer *t, int64_t now)
{
	if (t->hop.status != 0 && !t->hop.http2)
		return false;
	for (const struct http_transfer *other = t->client->running; other != NULL; other = other->next)
		if (other != t && other->state == TRANSFER_ACTIVE && other->hop.http2 && other->hop.window_bytes > 0 &&
		    other->hop.port == t->hop.port && strcmp(other->hop.host, t->hop.host) == 0 &&
		    has_flow(other, now - other->hop.window_start_ms))
			return true;
	return false;
}

bool transfer_is_too_slow(struct http_transfer *t, int64_t now)
{
	const struct http_options *o = &t->client->options;
	struct http_hop *hop = &t->hop;
	int64_t elapsed = now - hop->window_start_ms;

	if (!hop->request_sent || elapsed < (int64_t)o->low_speed_s * 1000)
		return false;
	if (has_flow(t, elapsed) || waits_its_turn(t, now)) {
		hop->window_start_ms = now;
		hop->window_bytes = 0;
		return false;
	}
	hop->stop = HTTP_STOP_SLOW;
	hop->slow_rate = hop->window_bytes == 0 ? 0 : hop->window_bytes * 1000 / elapsed;
	return true;
}

void http_forgive_pause(struct http_client *client)
{
	int64_t now = clock_monotonic_ms(), pause = now - client->busy_since_ms;

	if (pause < BUSY_MS)
		return;
	client->busy_since_ms = now;
	for (struct http_transfer *t = client->running; t != NULL; t = t->next)
		t->hop.window_start_ms += pause;
}

int http_time_to_next(const struct http_client *client, int timeout_ms)
{
	int64_t now = clock_monotonic_ms(), wait = timeout_ms;

	for (const struct http_transfer *t = client->running; t != NULL; t = t->next) {
		int64_t due = t->due_ms;

		if (t->state == TRANSFER_ENDED)
			continue;
		if (t->state == TRANSFER_ACTIVE) {
			if (!t->hop.request_sent)
				continue;
			due = t->hop.window_start_ms + (int64_t)client->options.low_speed_s * 1000;
		}
		if (due - now < wait)
			wait = due > now ? due - now : 0;
	}
	return (int)wait;
}
