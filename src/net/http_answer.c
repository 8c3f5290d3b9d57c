/* What the server sends: the header is read field by field, the body handed on as it comes. */
#include "net/http_transfer.h"

#include <string.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/http_fields.h"

static void count_bytes(struct http_transfer *t, size_t n)
{
	t->response.bytes_received += (int64_t)n;
	t->hop.window_bytes += (int64_t)n;
	t->hop.last_byte_ms = clock_monotonic_ms();
}

static void copy(char *dst, size_t size, const char *src)
{
	snprintf(dst, size, "%s", src);
}

/* --- CONNECT ------------------------------------------------------------------------------------------------- */

static size_t text_of_line(const char *line, size_t len)
{
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	return len < 60 ? len : 60;
}

static void take_connect_line(struct http_hop *hop, const char *line, size_t len)
{
	struct http_connect_answer *a = &hop->connect;
	long status = http_status_line(line, len);

	if (status > 0) {
		memset(a, 0, sizeof(*a));
		a->status = status;
		return;
	}
	if (a->status == 0 && a->first_line[0] == '\0')
		snprintf(a->first_line, sizeof(a->first_line), "%.*s", (int)text_of_line(line, len), line);
	http_field(line, len, "X-Squid-Error", a->squid_error, sizeof(a->squid_error));
	http_field(line, len, "Proxy-Status", a->proxy_status, sizeof(a->proxy_status));
	http_field(line, len, "Location", a->location, sizeof(a->location));
	http_field(line, len, "Via", a->via, sizeof(a->via));
	if ((line[0] == '\r' || line[0] == '\n') && a->status >= 200 && a->status < 300)
		hop->in_connect = false;
}

/* --- the header ---------------------------------------------------------------------------------------------- */

static void start_header(struct http_hop *hop, long status)
{
	hop->status = status;
	hop->verdict = HTTP_VERDICT_NONE;
	hop->content_length = -1;
	hop->chunked = false;
	hop->content_range[0] = hop->location[0] = hop->retry_after[0] = hop->date[0] = hop->server[0] = '\0';
	hop->etag[0] = hop->last_modified[0] = hop->content_type[0] = '\0';
}

static void take_field(struct http_hop *hop, const char *line, size_t len)
{
	const struct { const char *name; char *value; size_t size; } fields[] = {
		{ "ETag", hop->etag, sizeof(hop->etag) },
		{ "Last-Modified", hop->last_modified, sizeof(hop->last_modified) },
		{ "Content-Type", hop->content_type, sizeof(hop->content_type) },
		{ "Content-Range", hop->content_range, sizeof(hop->content_range) },
		{ "Location", hop->location, sizeof(hop->location) },
		{ "Retry-After", hop->retry_after, sizeof(hop->retry_after) },
		{ "Date", hop->date, sizeof(hop->date) },
		{ "Server", hop->server, sizeof(hop->server) },
	};
	char number[32];

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (http_field(line, len, fields[i].name, fields[i].value, fields[i].size))
			return;
	if (http_field(line, len, "Content-Length", number, sizeof(number)))
		hop->content_length = http_length(number);
	else if (http_field(line, len, "Transfer-Encoding", number, sizeof(number)))
		hop->chunked = true;
}

/* A 206 is good when it continues exactly what we hold, of the object that we hold it of. */
static bool range_fits(const struct http_transfer *t)
{
	const struct http_hop *hop = &t->hop;
	int64_t first, last, total;

	if (!hop->has_range || !http_content_range(hop->content_range, &first, &last, &total))
		return false;
	if (first != hop->from || (total >= 0 && last != total - 1))
		return false;
	if (total >= 0 && t->total_seen >= 0 && total != t->total_seen)
		return false;
	/* A server that ignores If-Range and has another object by now. */
	return t->validator[0] != '"' || hop->etag[0] == '\0' || strcmp(hop->etag, t->validator) == 0;
}

static int64_t total_of(const struct http_hop *hop)
{
	int64_t first, last, total;

	if (hop->status == 206)
		return http_content_range(hop->content_range, &first, &last, &total) ? total : -1;
	return hop->chunked ? -1 : hop->content_length;
}

static enum http_verdict judge(const struct http_transfer *t)
{
	const struct http_hop *hop = &t->hop;

	if (t->request.any_status)
		return HTTP_VERDICT_TAKE;
	switch (hop->status) {
	case 200:
		return HTTP_VERDICT_TAKE;
	case 206:
		return range_fits(t) ? HTTP_VERDICT_TAKE : hop->has_range ? HTTP_VERDICT_RESTART : HTTP_VERDICT_REFUSE;
	case 304:
		return t->request.if_none_match != NULL || t->request.if_modified_since != NULL ? HTTP_VERDICT_DONE
												: HTTP_VERDICT_REFUSE;
	case 301: case 302: case 303: case 307: case 308:
		return HTTP_VERDICT_REDIRECT;
	case 416:
		return hop->has_range ? HTTP_VERDICT_RESTART : HTTP_VERDICT_REFUSE;
	default:
		return HTTP_VERDICT_REFUSE;
	}
}

static void fill_response(struct http_transfer *t)
{
	const struct http_hop *hop = &t->hop;
	struct http_response *r = &t->response;

	r->status = hop->status;
	/* One that could not be sent back is none. */
	copy(r->etag, sizeof(r->etag), http_field_is_plain(hop->etag) ? hop->etag : "");
	copy(r->last_modified, sizeof(r->last_modified), http_field_is_plain(hop->last_modified) ? hop->last_modified : "");
	copy(r->content_type, sizeof(r->content_type), hop->content_type);
	copy(r->retry_after, sizeof(r->retry_after), hop->retry_after);
	r->total = hop->verdict == HTTP_VERDICT_TAKE ? total_of(hop) : -1;
	r->offset = hop->status == 206 ? hop->from : 0;
	if (hop->verdict != HTTP_VERDICT_TAKE)
		return;
	t->total_seen = r->total;
	t->validator[0] = '\0';
	if (http_validator_is_strong(hop->etag))
		copy(t->validator, sizeof(t->validator), hop->etag);
	else if (http_validator_is_strong(hop->last_modified))
		copy(t->validator, sizeof(t->validator), hop->last_modified);
}

bool transfer_begin_body(struct http_transfer *t)
{
	curl_off_t size;

	if (t->hop.body_began)
		return true;
	t->hop.body_began = true;
	/* sftp and ftp have no header; libcurl knows the size all the same. */
	if (!t->hop.is_http && curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size) == CURLE_OK)
		t->response.total = size >= 0 ? size : -1;
	if (t->request.begin != NULL && !t->request.begin(t->request.data, &t->response, &t->failure)) {
		t->stopped = true;
		return false;
	}
	return true;
}

/* The header is complete. False stops the exchange. */
static bool end_header(struct http_transfer *t)
{
	struct http_hop *hop = &t->hop;
	int64_t total;

	if (hop->status < 200) {
		hop->status = 0;
		return true;
	}
	hop->verdict = judge(t);
	fill_response(t);
	if (hop->verdict == HTTP_VERDICT_RESTART)
		return false;
	if (hop->verdict != HTTP_VERDICT_TAKE)
		return true;
	total = total_of(hop);
	if (t->request.max_bytes > 0 && total > t->request.max_bytes) {
		hop->stop = HTTP_STOP_TOO_LARGE;
		return false;
	}
	return transfer_begin_body(t);
}

size_t transfer_on_header(char *data, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;
	struct http_hop *hop = &t->hop;
	size_t len = size * count;
	long status;

	count_bytes(t, len);
	hop->header_bytes += len;
	if (hop->header_bytes > HTTP_HEADER_BYTES_MAX || ++hop->header_lines > HTTP_HEADER_LINES_MAX) {
		hop->stop = HTTP_STOP_HEADERS;
		return 0;
	}
	if (!hop->is_http && !hop->in_connect)
		return len;
	if (hop->in_connect) {
		take_connect_line(hop, data, len);
		return len;
	}
	/* Trailers after a chunked body change nothing. */
	if (hop->verdict != HTTP_VERDICT_NONE)
		return len;
	status = http_status_line(data, len);
	if (status > 0) {
		start_header(hop, status);
		hop->http2 = strncmp(data, "HTTP/2", 6) == 0;
	} else if (len > 0 && (data[0] == '\r' || data[0] == '\n')) {
		return end_header(t) ? len : 0;
	} else {
		take_field(hop, data, len);
	}
	return len;
}

/* --- the body ------------------------------------------------------------------------------------------------ */

size_t transfer_on_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;
	struct http_hop *hop = &t->hop;
	size_t len = size * count;

	count_bytes(t, len);
	if (hop->is_http && hop->verdict != HTTP_VERDICT_TAKE) {
		/* A short one is read to the end, so that the connection can be used again. */
		hop->refused_bytes += len;
		hop->cut_short = hop->refused_bytes > HTTP_REFUSED_BODY_MAX;
		return hop->cut_short ? 0 : len;
	}
	if (!transfer_begin_body(t))
		return 0;
	hop->got += (int64_t)len;
	if (t->request.max_bytes > 0 && t->response.offset + hop->got > t->request.max_bytes) {
		hop->stop = HTTP_STOP_TOO_LARGE;
		return 0;
	}
	if (t->request.body != NULL && !t->request.body(t->request.data, data, len, &t->failure)) {
		t->stopped = true;
		return 0;
	}
	return len;
}
