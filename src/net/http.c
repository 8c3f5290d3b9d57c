/* The queue of requests, the transfers under way, and the loop. */
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/http_fields.h"
#include "net/http_transfer.h"

/* --- transfers ----------------------------------------------------------------------------------------------- */

void transfer_clear_hop(struct http_transfer *t)
{
	transfer_close_sockets(t);
	http_tls_unref(t->hop.tls);
	http_tls_unref(t->hop.proxy_tls);
	memset(&t->hop, 0, sizeof(t->hop));
}

void transfer_clear_route(struct http_transfer *t)
{
	for (; t->hops > 1; t->hops--) {
		free(t->visited[t->hops - 1]);
		t->visited[t->hops - 1] = NULL;
	}
	free(t->redirected_from);
	t->redirected_from = NULL;
	t->response.redirects = 0;
}

static void transfer_free(struct http_transfer *t)
{
	if (t->easy != NULL)
		curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	transfer_clear_route(t);
	free(t->visited[0]);
	transfer_clear_hop(t);
	free(t);
}

/* The transfer of a request whose turn has come; NULL when out of memory. */
static struct http_transfer *transfer_new(struct http_client *client, const struct http_request *request)
{
	struct http_transfer *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->visited[0] = strdup(request->url)) == NULL) {
		free(t);
		return NULL;
	}
	t->client = client;
	t->request = *request;
	t->hops = 1;
	t->response.total = t->total_seen = -1;
	if (request->resume_from > 0 && request->if_range != NULL && http_validator_is_strong(request->if_range) &&
	    strlen(request->if_range) < sizeof(t->validator)) {
		t->hold = request->resume_from;
		snprintf(t->validator, sizeof(t->validator), "%s", request->if_range);
	}
	t->state = TRANSFER_WAITING;
	t->next = client->running;
	client->running = t;
	return t;
}

static void deactivate(struct http_transfer *t)
{
	if (t->state != TRANSFER_ACTIVE)
		return;
	curl_multi_remove_handle(t->client->multi, t->easy);
	t->client->active--;
	t->state = TRANSFER_WAITING;
}

/* Tells the end, once. The callback may add requests. */
static void tell_end(struct http_client *client, const struct http_request *request, bool ok,
		     const struct http_response *response, const struct error *err)
{
	client->pending--;
	client->ended++;
	if (request->done != NULL)
		request->done(request->data, ok, response, err);
}

/* It stays in the list until sweep(): whoever walks along the list may end what it comes to. */
static void finish(struct http_transfer *t, bool ok, const struct error *err)
{
	deactivate(t);
	t->state = TRANSFER_ENDED;
	tell_end(t->client, &t->request, ok, &t->response, err);
}

static void sweep(struct http_client *client)
{
	struct http_transfer **link = &client->running;

	while (*link != NULL) {
		struct http_transfer *t = *link;

		if (t->state == TRANSFER_ENDED) {
			*link = t->next;
			transfer_free(t);
		} else {
			link = &t->next;
		}
	}
}

static void unqueue(struct http_client *client, struct http_queued **link)
{
	struct http_queued *q = *link;

	*link = q->next;
	if (q->next == NULL)
		client->queue_end = link;
	free(q);
}

static void finish_queued(struct http_client *client, struct http_queued **link, const struct error *err)
{
	struct http_request request = (*link)->request;
	const struct http_response nothing = { .total = -1 };

	unqueue(client, link);
	tell_end(client, &request, false, &nothing, err);
}

static void wait_until(struct http_transfer *t, long wait_ms, const struct error *why)
{
	deactivate(t);
	t->due_ms = clock_monotonic_ms() + wait_ms;
	if (t->request.retry != NULL)
		t->request.retry(t->request.data, t->response.attempts, wait_ms, why);
}

static void start_hop(struct http_transfer *t)
{
	struct http_client *client = t->client;
	struct error err = ERROR_INIT;

	deactivate(t);
	if (!transfer_setup(t, &err)) {
		finish(t, false, &err);
		return;
	}
	if (curl_multi_add_handle(client->multi, t->easy) != CURLM_OK) {
		error_set(&err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		finish(t, false, &err);
		return;
	}
	t->state = TRANSFER_ACTIVE;
	client->active++;
}

static void start_attempt(struct http_transfer *t)
{
	t->response.attempts++;
	start_hop(t);
}

bool http_add(struct http_client *client, const struct http_request *request, struct error *err)
{
	struct http_queued *q;

	if (!transfer_check_url(request->url, false, err))
		return false;
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	q->request = *request;
	*client->queue_end = q;
	client->queue_end = &q->next;
	client->pending++;
	return true;
}

static void start_next(struct http_client *client)
{
	struct http_transfer *t = transfer_new(client, &client->queue->request);
	struct error err = ERROR_INIT;

	if (t == NULL) {
		error_set(&err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		finish_queued(client, &client->queue, &err);
		return;
	}
	unqueue(client, &client->queue);
	start_attempt(t);
}

size_t http_pending(const struct http_client *client)
{
	return client->pending;
}

bool http_interrupted(struct error *err)
{
	error_set(err, FINDING_NONE, _("interrupted"));
	if (err != NULL)
		err->exit_code = EXIT_INTERRUPTED;
	return false;
}

void http_client_free(struct http_client *client)
{
	struct error err = ERROR_INIT;

	if (client == NULL)
		return;
	http_interrupted(&err);
	for (struct http_transfer *t = client->running; t != NULL; t = t->next) {
		if (t->state != TRANSFER_ENDED)
			finish(t, false, &err);
	}
	sweep(client);
	while (client->queue != NULL)
		finish_queued(client, &client->queue, &err);
	if (client->multi != NULL)
		curl_multi_cleanup(client->multi);
	free(client->known_hosts);
	free(client);
}

void http_withdraw(struct http_client *client, const void *data)
{
	struct http_transfer *t = client->running;
	struct http_queued **link = &client->queue;
	struct error err = ERROR_INIT;

	http_interrupted(&err);
	while (t != NULL && (t->state == TRANSFER_ENDED || t->request.data != data))
		t = t->next;
	if (t != NULL) {
		finish(t, false, &err);
		sweep(client);
		return;
	}
	while (*link != NULL && (*link)->request.data != data)
		link = &(*link)->next;
	if (*link != NULL)
		finish_queued(client, link, &err);
}

/* --- the loop ------------------------------------------------------------------------------------------------ */

static void start_due(struct http_client *client)
{
	int64_t now = clock_monotonic_ms();

	for (struct http_transfer *t = client->running; t != NULL; t = t->next) {
		if (t->state == TRANSFER_WAITING && t->due_ms <= now)
			start_attempt(t);
	}
	while (client->active < client->limit && client->queue != NULL)
		start_next(client);
}

static void end_hop(struct http_transfer *t, CURLcode code)
{
	struct error err = ERROR_INIT;
	long wait_ms = 0;

	switch (transfer_end_hop(t, code, &wait_ms, &err)) {
	case HTTP_NEXT_DONE:
		if (t->response.http_version >= 2.0)
			t->client->limit = HTTP_ACTIVE_HTTP2;
		finish(t, true, NULL);
		break;
	case HTTP_NEXT_FAILED:
		finish(t, false, &err);
		break;
	case HTTP_NEXT_HOP:
		start_hop(t);
		break;
	case HTTP_NEXT_WAIT:
		wait_until(t, wait_ms, &err);
		break;
	}
}

static void read_results(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		struct http_transfer *t;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) != CURLE_OK)
			continue;
		end_hop(t, code);
	}
}

static void weigh_all(struct http_client *client)
{
	int64_t now = clock_monotonic_ms();

	for (struct http_transfer *t = client->running; t != NULL; t = t->next) {
		if (t->state == TRANSFER_ACTIVE && transfer_is_too_slow(t, now))
			end_hop(t, CURLE_OPERATION_TIMEDOUT);
	}
}

bool http_step(struct http_client *client, struct curl_waitfd *extra, unsigned int extra_count, int timeout_ms,
	       struct error *err)
{
	unsigned long ended = client->ended;
	CURLMcode code;
	int running;

	start_due(client);
	http_forgive_pause(client);
	/* What could not even be started has told the caller something new. */
	if (client->ended != ended)
		timeout_ms = 0;
	code = curl_multi_poll(client->multi, extra, extra_count, http_time_to_next(client, timeout_ms), NULL);
	client->busy_since_ms = clock_monotonic_ms();
	if (code == CURLM_OK)
		code = curl_multi_perform(client->multi, &running);
	if (code != CURLM_OK)
		return error_set(err, FINDING_NONE, _("the transfers cannot go on: %s"), curl_multi_strerror(code));
	read_results(client);
	http_forgive_pause(client);
	weigh_all(client);
	start_due(client);
	sweep(client);
	return true;
}
