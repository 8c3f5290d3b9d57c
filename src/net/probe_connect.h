/* probe_connect.h - asks a proxy for a tunnel, HTTP CONNECT or SOCKS5, and keeps its answer in full.
 *
 * (RFC 9110 9.3.6, RFC 7617 Basic, RFC 7616 Digest with MD5 and SHA-256, RFC 1928 and 1929 SOCKS5)
 */
#ifndef PC_NET_PROBE_CONNECT_H
#define PC_NET_PROBE_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/probe_address.h"
#include "net/probe_channel.h"
#include "net/probe_http_head.h"

enum probe_auth {
	PROBE_AUTH_NONE = 0,
	PROBE_AUTH_BASIC = 1 << 0,
	PROBE_AUTH_DIGEST = 1 << 1,
	PROBE_AUTH_NTLM = 1 << 2,
	PROBE_AUTH_NEGOTIATE = 1 << 3,
	PROBE_AUTH_OTHER = 1 << 4
};

struct probe_tunnel_request {
	const char *host;		/* the destination: a name or an address literal (IPv6 without brackets) */
	uint16_t port;
	const char *user;		/* NULL or "": no login */
	const char *password;		/* never stored in a result */
};

enum probe_connect_outcome {
	PROBE_CONNECT_OPEN,		/* 2xx: the channel is the tunnel now */
	PROBE_CONNECT_REFUSED,		/* an HTTP answer that is not 2xx; see exchange.head */
	PROBE_CONNECT_NO_ANSWER,	/* silence; exchange.received tells whether anything came */
	PROBE_CONNECT_CLOSED,		/* closed without an HTTP answer */
	PROBE_CONNECT_RESET,
	PROBE_CONNECT_NOT_HTTP,		/* something else speaks there; see exchange.protocol and exchange.first */
	PROBE_CONNECT_BAD_ANSWER,	/* HTTP-like but broken, or without end */
	PROBE_CONNECT_RECONNECT,	/* the proxy wants a login on a new connection (it closed after its 407); see `again` */
	PROBE_CONNECT_BAD_REQUEST,	/* host, user or password cannot stand in a request: control characters */
	PROBE_CONNECT_BROKEN		/* another error; sys_errno */
};

/* What the first answer asked for, to be used on the next connection. Holds no secret. */
struct probe_challenge {
	unsigned int offered;		/* of enum probe_auth */
	bool stale;
	char digest[PROBE_HEAD_VALUE_MAX];	/* the Digest challenge that we can answer, raw; "" when there is none */
};

struct probe_connect {
	enum probe_connect_outcome outcome;
	int sys_errno;
	unsigned int rounds;		/* requests sent */
	enum probe_auth used;		/* the login that was sent; PROBE_AUTH_NONE when none was */
	unsigned int offered;		/* methods of the 407, of enum probe_auth */
	bool continued;			/* NTLM, Negotiate: the proxy answered with a challenge of that method */
	struct probe_exchange exchange;	/* the last answer */
	struct probe_challenge again;
	int64_t duration_us;
};

/* CONNECT over a channel to the proxy. With a user, the login is sent as soon as the method is known: Basic at once when
 * `again` is NULL and the first answer allows it, Digest after the challenge, on the same connection where the proxy keeps it
 * open. `again`: the challenge of an attempt that ended with RECONNECT. */
void probe_connect_http(struct probe_channel *ch, const struct probe_tunnel_request *request,
			const struct probe_challenge *again, int budget_ms, struct probe_connect *out);

enum probe_socks_outcome {
	PROBE_SOCKS_OPEN,
	PROBE_SOCKS_NOT_SOCKS,		/* see protocol and first */
	PROBE_SOCKS_NO_METHOD,		/* FF: none of our methods (it wants a login, or refuses ours) */
	PROBE_SOCKS_LOGIN_REJECTED,	/* RFC 1929 status other than 0 */
	PROBE_SOCKS_FAILED,		/* reply code other than 0; see reply */
	PROBE_SOCKS_NO_ANSWER,
	PROBE_SOCKS_CLOSED,
	PROBE_SOCKS_RESET,
	PROBE_SOCKS_BAD_REQUEST,	/* host or login too long */
	PROBE_SOCKS_BROKEN
};

struct probe_socks {
	enum probe_socks_outcome outcome;
	int sys_errno;
	enum { PROBE_SOCKS_STEP_METHOD, PROBE_SOCKS_STEP_LOGIN, PROBE_SOCKS_STEP_REQUEST } step;	/* where it ended */
	uint8_t method;			/* chosen by the server */
	uint8_t reply;			/* 1 general .. 8 address type; valid when FAILED */
	uint8_t first[PROBE_FIRST_BYTES_MAX];
	size_t first_len;
	enum probe_protocol protocol;
	int64_t duration_us;
};

/* SOCKS5; the proxy resolves the name. */
void probe_connect_socks5(struct probe_channel *ch, const struct probe_tunnel_request *request, int budget_ms,
			  struct probe_socks *out);

const char *probe_socks_reply_text(uint8_t reply);	/* "connection refused", ... (N_) */
/* "Basic, NTLM" of a set of methods. Returns dst. */
char *probe_auth_text(char *dst, size_t size, unsigned int methods);

#endif
