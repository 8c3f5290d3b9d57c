/* http.h - fetches over HTTPS (and sftp, scp, ftp for an offline bundle), many at once in one loop, on libcurl multi.
 *
 * TLS 1.2 or newer, server certificates verified against the given anchors only. Redirects are followed here, not by
 * libcurl, at most HTTP_REDIRECTS_MAX, and only to https; every hop asks again which way to go. Retries with back-off
 * and Retry-After, resume with If-Range, low-speed abort and size caps are this module's business; what the bytes mean
 * is the caller's. One thread, no globals but libcurl's own initialisation.
 */
#ifndef PC_NET_HTTP_H
#define PC_NET_HTTP_H

#include <curl/curl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "net/http_tls.h"
#include "net/proxy.h"

#define HTTP_REDIRECTS_MAX 10

/* What it points to is borrowed until http_client_free(). */
struct http_options {
	const struct proxy *proxy;	/* NULL: always direct */
	const char *anchors_pem;	/* feed servers: enabled and trusted for Cisco services */
	size_t anchors_len;
	const char *proxy_anchors_pem;	/* an https proxy's own certificate */
	size_t proxy_anchors_len;
	long connect_timeout_ms;	/* 0: 15 s */
	long low_speed_bytes;		/* abort below this rate ... 0: 100 B/s */
	long low_speed_s;		/* ... for so long; 0: 30 s */
	int retries;			/* further attempts after a failure that may pass; -1: 4 */
	long backoff_ms;		/* first wait, doubled each time, up to 30 s, with jitter; 0: 1000 */
	long retry_after_max_s;		/* a longer Retry-After is a failure at once; 0: 120 */
	const char *known_hosts;	/* sftp and scp; NULL: ~/.ssh/known_hosts */
	const char *host_key;		/* "SHA256:..." of the one unknown host key to accept, and to add to known_hosts; or NULL */
	const char *ssh_key;		/* private key for sftp and scp; NULL: the agent's, and the usual ones in ~/.ssh */
	const char *login_file;		/* netrc-format file for ftp/sftp logins, mode 0600, or NULL */
	const unsigned char *pin;	/* SHA-256 of the one certificate that the server may show, in place of anchors, names
					 * and dates; NULL: the anchors decide */
	struct curl_slist *resolved;	/* "HOST:PORT:ADDRESS" that are known and not to be looked up, or NULL */
	const volatile sig_atomic_t *stop;	/* set by a signal handler: http_get() ends interrupted; NULL: none */
};

/* What the server said, so far. Valid in the callbacks and after the end. */
struct http_response {
	long status;			/* 200, 206, 304, ...; 0 when there was none (also for sftp, ftp) */
	char etag[256];			/* as sent, with quotes; "" when none */
	char last_modified[64];
	char content_type[128];
	char retry_after[80];		/* as sent; "" when none */
	int64_t total;			/* size of the whole object; -1 when unknown */
	int64_t offset;			/* first byte that body() gets belongs here (resume), else 0 */
	char url[2048];			/* where the answer came from, after redirects; no login in it */
	int redirects;
	bool via_proxy;
	char primary_ip[64];
	int64_t bytes_received;		/* headers and body, all attempts */
	int requests;			/* sent, all attempts */
	int attempts;
	double http_version;		/* 1.1, 2.0 */
	char wanted_anchor[64];		/* a chain that nobody here vouches for: the key identifier (lower-case hex) of the
					 * certificate that would have to; "" otherwise */
	const struct http_tls *tls;	/* the last handshake with the server; NULL when its connection was used again, or
					 * there was none. Valid only in the callbacks. */
};

struct http_request {
	const char *url;		/* borrowed until the end */
	const char *if_none_match;	/* etag of what we have, or NULL */
	const char *if_modified_since;	/* or NULL */
	int64_t resume_from;		/* bytes that we hold; needs if_range */
	const char *if_range;		/* etag (strong) or Last-Modified of what we hold */
	const char *method;		/* NULL: GET. Any other is sent once: it is never repeated after a failure */
	const void *send;		/* its body, or NULL */
	size_t send_len;
	const char *send_type;		/* "application/json" */
	const char *accept;		/* or NULL */
	const char *origin;		/* Origin and Referer, or NULL */
	const char *user, *password;	/* a Basic login at the server, or NULL. Only with any_status: it follows no redirect */
	bool any_status;		/* whatever the final status, the answer and its body are the caller's */
	int64_t max_bytes;		/* of the body, whole object: more is FINDING_HTTP_TOO_LARGE; 0: no limit */

	/* The body begins, at response->offset: with a resume that the server did not honour, or whose object changed, at
	 * 0 again, and also before each retry that restarts. False stops the request (fill err). May be NULL. */
	bool (*begin)(void *data, const struct http_response *response, struct error *err);
	/* Some bytes. False stops the request. */
	bool (*body)(void *data, const void *bytes, size_t len, struct error *err);
	/* How much is held now, for a retry that resumes; NULL: a retry starts from 0. */
	int64_t (*held)(void *data);
	/* A retry will come after wait_ms because of `why` (for the log). May be NULL. */
	void (*retry)(void *data, int attempt, long wait_ms, const struct error *why);
	/* The end. ok: status 200, 206, or 304 when it was conditional, and the body complete. Else err says why, with the
	 * finding. Called exactly once, from http_step() or http_client_free() (err interrupted). */
	void (*done)(void *data, bool ok, const struct http_response *response, const struct error *err);
	void *data;
};

struct http_client;

bool http_client_new(const struct http_options *options, struct http_client **out, struct error *err);
void http_client_free(struct http_client *client);

/* Starts a request; the struct is copied, the strings are borrowed until done(). */
bool http_add(struct http_client *client, const struct http_request *request, struct error *err);

/* Requests that are not done (waiting for a retry included). */
size_t http_pending(const struct http_client *client);

/* Waits at most timeout_ms for the network, a retry's time, or one of `extra` descriptors, and runs the callbacks. */
bool http_step(struct http_client *client, struct curl_waitfd *extra, unsigned int extra_count, int timeout_ms,
	       struct error *err);

/* Sends one request and waits for its end; its begin, body and held are not used: the body of the answer goes to `out` (whose
 * maximum is the cap). `done` (may be NULL) is called before it returns. */
bool http_exchange(struct http_client *client, const struct http_request *request, struct buffer *out,
		   struct http_response *response, struct error *err);

/* For small objects: fetches into a buffer (its maximum is the cap) in a loop of its own. */
bool http_get(struct http_client *client, const char *url, const char *if_none_match, const char *if_modified_since,
	      struct buffer *out, struct http_response *response, struct error *err);

#endif
