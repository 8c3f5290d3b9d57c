/* http_error.h - from what is known of a failed transfer to one finding and one sentence.
 *
 * Everything that libcurl and our hooks tell is gathered in struct http_facts; http_error_explain() is the only place
 * that turns it into a cause. It is as exact as the facts allow and no more: where they cannot decide it takes the
 * general finding, and the full diagnosis (`check`) asks further.
 */
#ifndef PC_NET_HTTP_ERROR_H
#define PC_NET_HTTP_ERROR_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/http_tls.h"
#include "net/proxy.h"

/* How far the transfer came. */
enum http_phase {
	HTTP_PHASE_RESOLVE,	/* looking up the name of the server, or of the proxy */
	HTTP_PHASE_CONNECT,	/* TCP, to either */
	HTTP_PHASE_PROXY,	/* TLS to the proxy, CONNECT or SOCKS */
	HTTP_PHASE_TLS,		/* TLS (or ssh) to the server */
	HTTP_PHASE_REQUEST,	/* the request is sent, no answer yet */
	HTTP_PHASE_BODY		/* the answer came, its body flows */
};

/* What a look at getaddrinfo() told after libcurl could only say "could not resolve". */
enum http_resolve { HTTP_RESOLVE_UNKNOWN, HTTP_RESOLVE_NO_NAME, HTTP_RESOLVE_NO_ADDRESS, HTTP_RESOLVE_TIMEOUT,
		    HTTP_RESOLVE_FAILED };

/* What the proxy said to CONNECT. */
struct http_connect_answer {
	long status;			/* 0: nothing that looks like HTTP */
	char first_line[64];		/* what came in place of it, if it was a line */
	char squid_error[64];		/* X-Squid-Error: "ERR_CONNECT_FAIL 111" */
	char proxy_status[128];		/* Proxy-Status (RFC 9209) */
	char location[256];
	char via[128];
};

/* Why the transfer was given up by us, not by libcurl. */
enum http_stop { HTTP_STOP_NONE, HTTP_STOP_SLOW, HTTP_STOP_TOO_LARGE, HTTP_STOP_HEADERS };

struct http_facts {
	CURLcode code;
	int sys_errno;
	const char *curl_text;		/* libcurl's own sentence; may be "" */
	enum http_stop stop;

	const char *scheme;		/* "https", "sftp", ... */
	const char *host;		/* of this hop; IPv6 without brackets */
	long port;
	const char *path;
	const char *address;		/* addresses tried, comma separated; "" when it never came so far */
	const char *redirected_from;	/* host that sent us here, or NULL */

	const struct proxy *proxy;	/* NULL: this hop is direct */
	bool bypassed;			/* direct although a proxy is set */
	struct http_connect_answer connect;
	unsigned long auth_offered;	/* CURLAUTH_ bits that the proxy offered */
	unsigned long auth_tried;	/* those that we were ready to use */
	CURLproxycode proxy_code;

	enum http_phase phase;
	enum http_resolve resolve;
	int64_t elapsed_ms;		/* of this attempt */
	int64_t idle_ms;		/* since the last byte */
	int64_t got, expected;		/* bytes of the body; expected -1 when unknown */
	int64_t max_bytes;
	int64_t rate;			/* bytes a second, over the last window */
	long rate_limit, rate_window_s;	/* what is demanded */

	long status;
	const char *retry_after;	/* as sent, or "" */
	const char *server;		/* Server, or "" */

	const struct http_tls *tls;	/* with the server; NULL when there was none */
	const struct http_tls *proxy_tls;
	bool host_key_unknown, host_key_changed;
	const char *host_key;		/* "ssh-ed25519 SHA256:..." that the server showed */
	const char *known_hosts;
};

/* Fills err; facts->code may be CURLE_OK with a status that is a failure. Returns false. */
bool http_error_explain(const struct http_facts *facts, struct error *err);

/* Parts of it, each in its own file: true when the facts told the cause and err is filled. */
bool http_error_of_proxy(const struct http_facts *facts, struct error *err);
bool http_error_of_tls(const struct http_facts *facts, struct error *err);

#define HTTP_PLACE_MAX 640
/* "feed.example:443 (192.0.2.1)" and "proxy.example:8080 (192.0.2.2)", for sentences. Return dst. */
char *http_place(char *dst, const struct http_facts *facts);
char *http_proxy_place(char *dst, const struct http_facts *facts);

/* Says why a handshake failed with `who`, from its record; false when the record does not tell. */
bool http_error_of_handshake(const struct http_tls *tls, const struct http_facts *facts, const char *who,
			     struct error *err);

/* What helps where Negotiate was refused. */
const char *http_error_ticket(void);

/* The finding for a verify error, by number, depth and what was sent. */
enum finding http_finding_of_verify(const struct http_tls *tls, const struct http_tls_error *e);
/* The finding for an alert that the server sent (RFC 8446, 6). */
enum finding http_finding_of_alert(int description);

/* May the same request succeed a little later? */
bool http_error_may_pass(const struct http_facts *facts, enum finding code);

#endif
