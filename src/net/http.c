#include "net/http.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "net/http_fields.h"
#include "net/http_transfer.h"

/* A pause of the whole loop above this is no server's fault, and not counted as slowness. */
#define BUSY_MS 250
/* How often http_get() looks whether it shall stop. */
#define STOP_LOOK_MS 500

/* --- the client ---------------------------------------------------------------------------------------------- */

static void fill_defaults(struct http_options *o)
{
	o->connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : 15000;
	o->low_speed_bytes = o->low_speed_bytes > 0 ? o->low_speed_bytes : 100;
	o->low_speed_s = o->low_speed_s > 0 ? o->low_speed_s : 30;
	o->retries = o->retries >= 0 ? o->retries : 4;
	o->backoff_ms = o->backoff_ms > 0 ? o->backoff_ms : 1000;
	o->retry_after_max_s = o->retry_after_max_s > 0 ? o->retry_after_max_s : 120;
}

static void start_libcurl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static char *default_known_hosts(void)
{
	const char *home = getenv("HOME");

	return file_join(home != NULL ? home : "/", ".ssh/known_hosts");
}

/* A file with passwords in it is for its owner only, as ssh and ftp clients have always demanded. */
static bool check_login_file(const char *path, struct error *err)
{
	struct stat st;

	if (path == NULL)
		return true;
	if (stat(path, &st) < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open the login file %s"), path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, FINDING_PATH_INVALID, _("the login file %s is not a file"), path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		error_set(err, FINDING_PERMISSION_DENIED, _("the login file %s can be read by others"), path);
		return error_next(err, _("Run: chmod 600 %s"), path);
	}
	return true;
}

bool http_client_new(const struct http_options *options, struct http_client **out, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_client *client;

	*out = NULL;
	if (!check_login_file(options->login_file, err))
		return false;
	client = calloc(1, sizeof(*client));
	pthread_once(&once, start_libcurl);
	if (client == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	client->options = *options;
	client->queue_end = &client->queue;
	fill_defaults(&client->options);
	client->limit = HTTP_ACTIVE_FIRST;
	/* Negotiate does not use the password, and spoils the others where there is no ticket: it comes last. */
	client->proxy_auth = CURLAUTH_BASIC | CURLAUTH_DIGEST | CURLAUTH_NTLM;
	client->known_hosts = options->known_hosts != NULL ? strdup(options->known_hosts) : default_known_hosts();
	client->multi = curl_multi_init();
	if (client->multi == NULL || client->known_hosts == NULL ||
	    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) != CURLM_OK) {
		http_client_free(client);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	client->busy_since_ms = clock_monotonic_ms();
	*out = client;
	return true;
}

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
	if (t->next != NULL)
		t->next->prev = t;
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

static void finish(struct http_transfer *t, bool ok, const struct error *err)
{
	deactivate(t);
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		t->client->running = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	tell_end(t->client, &t->request, ok, &t->response, err);
	transfer_free(t);
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

static bool interrupted(struct error *err)
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
	interrupted(&err);
	while (client->running != NULL)
		finish(client->running, false, &err);	/* NOLINT(clang-analyzer-unix.Malloc): takes itself off that list */
	while (client->queue != NULL)
		finish_queued(client, &client->queue, &err);
	if (client->multi != NULL)
		curl_multi_cleanup(client->multi);
	free(client->known_hosts);
	free(client);
}

/* --- the loop ------------------------------------------------------------------------------------------------ */

static void start_due(struct http_client *client)
{
	int64_t now = clock_monotonic_ms();
	struct http_transfer *t, *next;

	for (t = client->running; t != NULL; t = next) {
		next = t->next;
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

/* Every window_s the bytes that came are weighed. libcurl's own low-speed limit cannot tell silence from slowness, and
 * blames the server for a pause of ours. */
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

static void weigh(struct http_transfer *t, int64_t now)
{
	const struct http_options *o = &t->client->options;
	struct http_hop *hop = &t->hop;
	int64_t elapsed = now - hop->window_start_ms;

	if (!hop->request_sent || elapsed < (int64_t)o->low_speed_s * 1000)
		return;
	if (has_flow(t, elapsed) || waits_its_turn(t, now)) {
		hop->window_start_ms = now;
		hop->window_bytes = 0;
		return;
	}
	hop->stop = HTTP_STOP_SLOW;
	hop->slow_rate = hop->window_bytes == 0 ? 0 : hop->window_bytes * 1000 / elapsed;
	end_hop(t, CURLE_OPERATION_TIMEDOUT);
}

static void weigh_all(struct http_client *client)
{
	int64_t now = clock_monotonic_ms();
	struct http_transfer *t, *next;

	for (t = client->running; t != NULL; t = next) {
		next = t->next;
		if (t->state == TRANSFER_ACTIVE)
			weigh(t, now);
	}
}

static void forgive_pause(struct http_client *client)
{
	int64_t now = clock_monotonic_ms(), pause = now - client->busy_since_ms;

	if (pause < BUSY_MS)
		return;
	client->busy_since_ms = now;
	for (struct http_transfer *t = client->running; t != NULL; t = t->next)
		t->hop.window_start_ms += pause;
}

/* When something must be done although nothing comes. */
static int time_to_next(const struct http_client *client, int timeout_ms)
{
	int64_t now = clock_monotonic_ms(), wait = timeout_ms;

	for (const struct http_transfer *t = client->running; t != NULL; t = t->next) {
		int64_t due = t->due_ms;

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

bool http_step(struct http_client *client, struct curl_waitfd *extra, unsigned int extra_count, int timeout_ms,
	       struct error *err)
{
	unsigned long ended = client->ended;
	CURLMcode code;
	int running;

	start_due(client);
	forgive_pause(client);
	/* What could not even be started has told the caller something new. */
	if (client->ended != ended)
		timeout_ms = 0;
	code = curl_multi_poll(client->multi, extra, extra_count, time_to_next(client, timeout_ms), NULL);
	client->busy_since_ms = clock_monotonic_ms();
	if (code == CURLM_OK)
		code = curl_multi_perform(client->multi, &running);
	if (code != CURLM_OK)
		return error_set(err, FINDING_NONE, _("the transfers cannot go on: %s"), curl_multi_strerror(code));
	read_results(client);
	forgive_pause(client);
	weigh_all(client);
	start_due(client);
	return true;
}

/* --- small objects ------------------------------------------------------------------------------------------- */

struct small {
	struct buffer *out;
	struct http_response *response;
	struct error *err;
	const struct http_request *asked;	/* whose done() is told; NULL: none */
	bool ended, ok;
};

static bool small_begin(void *data, const struct http_response *response, struct error *err)
{
	struct small *small = data;

	(void)response, (void)err;
	buffer_reset(small->out);
	return true;
}

static bool small_body(void *data, const void *bytes, size_t len, struct error *err)
{
	struct small *small = data;

	if (!buffer_append(small->out, bytes, len))
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	return true;
}

static void small_done(void *data, bool ok, const struct http_response *response, const struct error *err)
{
	struct small *small = data;

	small->ended = true;
	small->ok = ok;
	if (small->asked != NULL && small->asked->done != NULL)
		small->asked->done(small->asked->data, ok, response, err);
	if (small->response != NULL) {
		*small->response = *response;
		small->response->tls = NULL;
	}
	if (!ok && small->err != NULL)
		*small->err = *err;
}

/* Ends the request of http_get() without waiting for it: its data is about to go out of scope. */
static void withdraw(struct http_client *client, const struct small *small)
{
	struct http_transfer *t = client->running;
	struct http_queued **link = &client->queue;
	struct error err = ERROR_INIT;

	interrupted(&err);
	while (t != NULL && t->request.data != small)
		t = t->next;
	if (t != NULL) {
		finish(t, false, &err);
		return;
	}
	while (*link != NULL && (*link)->request.data != small)
		link = &(*link)->next;
	if (*link != NULL)
		finish_queued(client, link, &err);
}

bool http_exchange(struct http_client *client, const struct http_request *asked, struct buffer *out,
		   struct http_response *response, struct error *err)
{
	struct small small = { .out = out, .response = response, .err = err, .asked = asked };
	struct http_request request = *asked;
	const volatile sig_atomic_t *stop = client->options.stop;

	request.max_bytes = (int64_t)out->max;
	request.begin = small_begin;
	request.body = small_body;
	request.held = NULL;
	request.done = small_done;
	request.data = &small;
	if (!http_add(client, &request, err))
		return false;
	while (!small.ended) {
		if (!http_step(client, NULL, 0, STOP_LOOK_MS, err) || (stop != NULL && *stop)) {
			small.err = NULL;
			withdraw(client, &small);
			return stop != NULL && *stop ? interrupted(err) : false;
		}
	}
	return small.ok;
}

bool http_get(struct http_client *client, const char *url, const char *if_none_match, const char *if_modified_since,
	      struct buffer *out, struct http_response *response, struct error *err)
{
	const struct http_request request = {
		.url = url, .if_none_match = if_none_match, .if_modified_since = if_modified_since,
	};

	return http_exchange(client, &request, out, response, err);
}
