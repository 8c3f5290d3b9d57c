/* http_transfer.h - inside of the HTTP client: one request on its way through hops and attempts.
 *
 * A transfer is a request of the caller. An attempt is one try to fulfil it, a hop one exchange with one server: a
 * redirect adds a hop, a retry an attempt. http_client.c makes the client, http.c keeps its queue, its transfers and the loop,
 * http_setup.c prepares a hop, http_answer.c takes what comes, http_flow.c judges how fast, http_end.c decides what follows;
 * http_small.c waits for one request.
 */
#ifndef PC_NET_HTTP_TRANSFER_H
#define PC_NET_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "net/http.h"
#include "net/http_error.h"
#include "net/ssh_host_key.h"

enum transfer_state {
	TRANSFER_ACTIVE,
	TRANSFER_WAITING,	/* for its first attempt, or for a retry */
	TRANSFER_ENDED		/* and told; freed by the next sweep */
};

/* What the header of an answer asks for. */
enum http_verdict {
	HTTP_VERDICT_NONE,		/* no final answer yet */
	HTTP_VERDICT_TAKE,		/* 200 or a good 206: the body is wanted */
	HTTP_VERDICT_DONE,		/* 304 to a conditional request */
	HTTP_VERDICT_REDIRECT,
	HTTP_VERDICT_RESTART,		/* a range that does not fit: ask again for all of it */
	HTTP_VERDICT_REFUSE		/* a status that is a failure */
};

#define HTTP_SOCKETS_MAX 8

/* The exchange with one server; wiped before each. */
struct http_hop {
	char host[256];
	long port;
	char scheme[8];
	char path[512];
	bool is_http;
	bool via_proxy, bypassed;
	unsigned long auth_tried;

	bool in_connect;		/* header lines are the proxy's, not the server's */
	int sockets[HTTP_SOCKETS_MAX];	/* duplicates of those opened for this hop: was any connected? */
	int socket_count;
	bool request_sent;
	struct http_connect_answer connect;
	struct http_tls *tls, *proxy_tls;
	char addresses[256];
	bool host_key_unknown, host_key_changed;
	char host_key[SSH_KEY_TYPE_MAX + SSH_FINGERPRINT_MAX];	/* type and fingerprint of the one that was refused */

	bool has_range;			/* we asked for bytes from `from` */
	int64_t from;
	long status;			/* of the answer being read */
	bool http2;			/* it came over HTTP/2 */
	enum http_verdict verdict;
	bool body_began;
	size_t header_bytes, header_lines;
	int64_t content_length;		/* -1: none */
	char content_range[80];
	bool chunked;
	char location[2048];
	char retry_after[80];
	char date[64];
	char server[64];
	char etag[256];
	char last_modified[64];
	char content_type[128];
	size_t refused_bytes;		/* of a body that nobody wants */
	bool cut_short;			/* we stopped reading it */

	enum http_stop stop;
	int64_t got;			/* bytes of the body in this hop */
	int64_t start_ms, last_byte_ms, window_start_ms, window_bytes, slow_rate;
	char error_text[CURL_ERROR_SIZE];
};

struct http_transfer {
	struct http_client *client;
	struct http_transfer *next;
	enum transfer_state state;
	int64_t due_ms;			/* when waiting */
	struct http_request request;
	struct http_response response;
	CURL *easy;
	struct curl_slist *headers;
	char *visited[HTTP_REDIRECTS_MAX + 1];	/* URLs of this attempt, the first is the request's */
	int hops;
	char *redirected_from;		/* host */
	int64_t total_seen;		/* size of the object that we hold a part of, -1 unknown */
	char validator[256];		/* for If-Range, of what we hold; "" none */
	int64_t hold;			/* bytes that the caller holds, when the next attempt begins */
	bool http1;			/* HTTP/2 failed: use HTTP/1.1 */
	size_t key;			/* which of the default ssh keys */
	bool stopped;			/* by a callback: `failure` says why */
	struct error failure;
	struct http_hop hop;
};

/* A request that is not begun: small, because there may be thousands. */
struct http_queued {
	struct http_queued *next;
	struct http_request request;
};

struct http_client {
	struct http_options options;
	CURLM *multi;
	struct http_queued *queue, **queue_end;
	struct http_transfer *running;	/* active, waiting, or ended */
	size_t pending, active;
	unsigned long ended;		/* requests that came to their end */
	size_t limit;			/* transfers at once */
	unsigned long proxy_auth;	/* login methods to try; narrowed once the proxy has told */
	char *known_hosts;
	int64_t busy_since_ms;		/* end of the last wait */
};

#define HTTP_ACTIVE_FIRST 6		/* as browsers do with HTTP/1.1 */
#define HTTP_ACTIVE_HTTP2 32
#define HTTP_HEADER_BYTES_MAX (128 * 1024)
#define HTTP_HEADER_LINES_MAX 512
#define HTTP_REFUSED_BODY_MAX (64 * 1024)

/* http_setup.c: fills the easy handle for the hop to visited[hops - 1]. */
bool transfer_setup(struct http_transfer *t, struct error *err);
/* Checks a URL of the caller or of a redirect: scheme, host, no password in it. */
bool transfer_check_url(const char *url, bool redirect, struct error *err);
/* Name of the ssh key after number *key, heap; NULL when there is none. */
char *transfer_ssh_key(const struct http_transfer *t, size_t *key);

/* http_answer.c: callbacks of the easy handle. */
size_t transfer_on_header(char *data, size_t size, size_t count, void *arg);
size_t transfer_on_body(char *data, size_t size, size_t count, void *arg);
/* Calls the caller's begin() where that has not happened for this answer. */
bool transfer_begin_body(struct http_transfer *t);

/* http_end.c: what follows after the hop. */
enum http_next { HTTP_NEXT_DONE, HTTP_NEXT_FAILED, HTTP_NEXT_HOP, HTTP_NEXT_WAIT };
enum http_next transfer_end_hop(struct http_transfer *t, CURLcode code, long *wait_ms, struct error *err);

/* http.c: ends the request with that data, started or not, as interrupted and without waiting for it. */
void http_withdraw(struct http_client *client, const void *data);
/* Says so. False. */
bool http_interrupted(struct error *err);

/* http_flow.c: has it been too slow since it was last weighed? hop.stop and hop.slow_rate say so then. */
bool transfer_is_too_slow(struct http_transfer *t, int64_t now);
/* A pause of the loop itself is no server's fault. */
void http_forgive_pause(struct http_client *client);
/* How long the loop may wait, timeout_ms at most. */
int http_time_to_next(const struct http_client *client, int timeout_ms);

/* Did TCP connect? libcurl tells only once the proxy's part is over as well. */
bool transfer_was_connected(const struct http_transfer *t);
void transfer_close_sockets(struct http_transfer *t);
/* Forgets what belonged to the hop, or to the attempt. */
void transfer_clear_hop(struct http_transfer *t);
void transfer_clear_route(struct http_transfer *t);

#endif
