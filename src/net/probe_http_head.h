/* probe_http_head.h - the head of an HTTP reply, parsed strictly and with caps; and one plain request over a channel.
 *
 * For CONNECT, for finding a captive portal, for what a proxy says on its own. Fetching the feed is http.h's business.
 */
#ifndef PC_NET_PROBE_HTTP_HEAD_H
#define PC_NET_PROBE_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/probe_channel.h"

#define PROBE_HEAD_MAX (64 * 1024)
#define PROBE_HEAD_FIELDS_MAX 128
#define PROBE_HEAD_VALUE_MAX 512
#define PROBE_BODY_MAX 4096
#define PROBE_FIRST_BYTES_MAX 64

/* What the first bytes of a peer look like. */
enum probe_protocol {
	PROBE_PROTOCOL_NOTHING,		/* no bytes */
	PROBE_PROTOCOL_HTTP,
	PROBE_PROTOCOL_TLS,		/* a TLS record: an alert (see alert), a handshake */
	PROBE_PROTOCOL_SOCKS5,		/* 05 xx */
	PROBE_PROTOCOL_SOCKS4,		/* 00 5a..5d */
	PROBE_PROTOCOL_SSH,
	PROBE_PROTOCOL_HTML,		/* HTML with no HTTP head before it */
	PROBE_PROTOCOL_SMTP,
	PROBE_PROTOCOL_FTP,
	PROBE_PROTOCOL_POP_IMAP,
	PROBE_PROTOCOL_TEXT,		/* other printable text */
	PROBE_PROTOCOL_BINARY
};

struct probe_http_head {
	unsigned int status;		/* 100 to 999 */
	unsigned int version;		/* 10, 11 */
	char reason[128];		/* raw, as all below: sanitise before showing */
	char server[128];
	char via[256];
	char location[PROBE_HEAD_VALUE_MAX];
	char content_type[128];
	char content_encoding[64];
	char date[64];			/* as sent; and parsed: */
	int64_t date_s;			/* seconds since 1970; -1 when there is none or it is bad */
	int64_t content_length;		/* -1 when there is none */
	bool chunked;
	bool closes;			/* the sender will close: "close", or HTTP/1.0 without "keep-alive" */
	bool duplicate_length;		/* two different Content-Length: a broken or hostile sender */
	char squid_error[128];		/* X-Squid-Error */
	char proxy_status[256];		/* Proxy-Status (RFC 9209), all of them, joined with ", " */
	char proxy_authenticate[PROBE_HEAD_VALUE_MAX];	/* all of them, joined with ", " */
	char www_authenticate[PROBE_HEAD_VALUE_MAX];
	char retry_after[64];
	char cache[128];		/* X-Cache and its like, and Cache-Status (RFC 9211), joined with ", " */
	char warning[64];		/* Warning (RFC 7234 5.5) */
	int64_t age_s;			/* -1 when there is none */
	unsigned int fields;
	size_t len;			/* bytes of the head, empty line included */
};

enum probe_head_state {
	PROBE_HEAD_OK,
	PROBE_HEAD_MORE,		/* not complete yet */
	PROBE_HEAD_NOT_HTTP,		/* does not start with HTTP/1. or HTTP/2 */
	PROBE_HEAD_BAD,			/* starts like HTTP, but is none */
	PROBE_HEAD_TOO_LARGE
};

/* Parses the head at the start of `data`. Pure; for the fuzzer. */
enum probe_head_state probe_http_head_parse(const char *data, size_t len, struct probe_http_head *out);

/* Does a list of challenges offer that scheme? "Basic", "Digest", "NTLM", "Negotiate"; any case, as a whole word and not
 * inside a quoted string. */
bool probe_auth_offers(const char *challenges, const char *scheme);

/* Guesses the protocol from the first bytes that a peer sent. */
enum probe_protocol probe_protocol_guess(const uint8_t *data, size_t len);
const char *probe_protocol_name(enum probe_protocol p);	/* "SSH", "TLS", ... */

/* The TLS alert's number in a record at the start of the bytes, -1 when there is none. */
int probe_protocol_alert(const uint8_t *data, size_t len);

enum probe_exchange_outcome {
	PROBE_EXCHANGE_OK,		/* a head came; see head */
	PROBE_EXCHANGE_TIMEOUT,		/* no head within the budget; first_len tells whether anything came */
	PROBE_EXCHANGE_CLOSED,		/* closed before a head was complete */
	PROBE_EXCHANGE_RESET,
	PROBE_EXCHANGE_NOT_HTTP,	/* see protocol and first */
	PROBE_EXCHANGE_BAD_HEAD,
	PROBE_EXCHANGE_TOO_LARGE,
	PROBE_EXCHANGE_BROKEN		/* another error: sys_errno (EPROTO: the TLS layer) */
};

struct probe_exchange {
	enum probe_exchange_outcome outcome;
	int sys_errno;
	struct probe_http_head head;
	uint8_t first[PROBE_FIRST_BYTES_MAX];	/* the first bytes that came */
	size_t first_len;
	size_t received;		/* bytes in all */
	enum probe_protocol protocol;
	char body[PROBE_BODY_MAX];	/* its beginning, as far as it came with a complete head; not terminated */
	size_t body_len;
	int64_t first_byte_us;		/* until the first byte; -1 when none came */
	int64_t duration_us;
};

/* Sends `request` as it stands and reads the head of the reply; 1xx heads are passed over. Bytes behind the head are put back
 * into the channel. */
void probe_http_exchange(struct probe_channel *ch, const char *request, size_t request_len, int budget_ms,
			 struct probe_exchange *out);

/* After an OK: reads the beginning of the body into `out`, at most PROBE_BODY_MAX bytes and PROBE_BODY_WAIT_MS. */
#define PROBE_BODY_WAIT_MS 700
void probe_http_exchange_body(struct probe_channel *ch, int budget_ms, struct probe_exchange *out);

/* GET of host and path over a plain or TLS channel, HTTP/1.1 with "Connection: close". False when host or path cannot stand
 * in a request. */
bool probe_http_get(struct probe_channel *ch, const char *host, uint16_t port, const char *path, int budget_ms,
		    struct probe_exchange *out);

#endif
