/* proxy_tunnel.h - a tunnel through a proxy, opened by libcurl: with every login method that an update knows.
 *
 * What is seen on the way is kept, so that a failure can be explained (http_error.h). An open tunnel can be handed on as a channel,
 * for a probe that goes through it: so the diagnosis reaches what only NTLM or Negotiate opens (probe_connect.h does not know them).
 */
#ifndef PC_NET_PROXY_TUNNEL_H
#define PC_NET_PROXY_TUNNEL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/http_error.h"
#include "net/http_tls.h"
#include "net/probe_channel.h"
#include "net/proxy.h"

struct proxy_tunnel {
	/* what is asked for */
	const struct proxy *proxy;
	enum proxy_scheme scheme;
	bool login;			/* send the user and the password, if there are any */
	bool verify;			/* the certificate of an https proxy */
	const char *host;
	uint16_t port;
	const char *anchors_pem;
	size_t anchors_len;
	X509_STORE *anchors;		/* in place of anchors_pem, or NULL */
	const char *address;		/* of the proxy, to connect to; NULL: its host is looked up */
	int max_segment;		/* TCP_MAXSEG; 0: the kernel's choice */
	int budget_ms;

	/* what came of it */
	CURL *easy;
	struct curl_slist *resolved;
	int64_t start_us;
	char tried[64];			/* the proxy's address, the last one */
	int connect_errno;
	bool connected;
	int64_t connect_us, connected_us;	/* how long it took, and when it was done */
	struct http_connect_answer answer;
	bool continued;			/* the proxy went on with NTLM or Negotiate: it sent a challenge of that method */
	unsigned long auth_tried;	/* CURLAUTH_ bits; 0: no login was to be sent */
	struct http_tls *tls;
	char error_text[CURL_ERROR_SIZE];
	int64_t took_us;
	CURLcode code;			/* CURLE_OK: it stands */
};

/* Login methods that this libcurl can do at all, as CURLAUTH_ bits. */
unsigned long proxy_tunnel_methods(void);

/* Asks for it. Negotiate is tried after the others, where nothing else is offered. False when it could not even be asked for (out of
 * memory); otherwise see `code`. Clear it in any case. */
bool proxy_tunnel_open(struct proxy_tunnel *t);
void proxy_tunnel_clear(struct proxy_tunnel *t);

/* One of libcurl's numbers about it. */
long proxy_tunnel_info(const struct proxy_tunnel *t, CURLINFO what);

/* A tunnel that stands, as a channel that owns it: clear nothing but that. NULL when out of memory. */
struct probe_channel *proxy_tunnel_channel(struct proxy_tunnel *t);

#endif
