/* One request that is waited for, its answer in a buffer. */
#include "base/i18n.h"
#include "net/http_transfer.h"

/* How often it looks whether it shall stop. */
#define STOP_LOOK_MS 500

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
			/* Its data is about to go out of scope. */
			http_withdraw(client, &small);
			return stop != NULL && *stop ? http_interrupted(err) : false;
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
