/* SOCKS5: method, login, request. (RFC 1928, RFC 1929) */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/probe_connect.h"

#define SOCKS_VERSION 5
#define METHOD_NONE 0
#define METHOD_LOGIN 2
#define METHOD_REFUSED 0xff

enum { ADDRESS_V4 = 1, ADDRESS_NAME = 3, ADDRESS_V6 = 4 };

/* Reads exactly `len` bytes. False with the outcome set. */
static bool read_exact(struct probe_channel *ch, uint8_t *data, size_t len, int64_t deadline_us, struct probe_socks *out)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = probe_channel_read(ch, data + have, len - have, deadline_us);

		if (n <= 0) {
			out->sys_errno = n < 0 ? errno : 0;
			if (n == 0)
				out->outcome = PROBE_SOCKS_CLOSED;
			else if (errno == ETIMEDOUT)
				out->outcome = PROBE_SOCKS_NO_ANSWER;
			else
				out->outcome = errno == ECONNRESET || errno == EPIPE ? PROBE_SOCKS_RESET : PROBE_SOCKS_BROKEN;
			return false;
		}
		if (out->first_len < sizeof(out->first)) {
			size_t room = sizeof(out->first) - out->first_len, take = (size_t)n < room ? (size_t)n : room;

			memcpy(out->first + out->first_len, data + have, take);
			out->first_len += take;
		}
		have += (size_t)n;
	}
	return true;
}

static bool write_all(struct probe_channel *ch, const uint8_t *data, size_t len, int64_t deadline_us,
		      struct probe_socks *out)
{
	if (probe_channel_write(ch, data, len, deadline_us))
		return true;
	out->sys_errno = errno;
	out->outcome = errno == ETIMEDOUT ? PROBE_SOCKS_NO_ANSWER
		: errno == ECONNRESET || errno == EPIPE ? PROBE_SOCKS_RESET : PROBE_SOCKS_BROKEN;
	return false;
}

/* Something else speaks there: take the rest of its greeting for the evidence. */
static bool not_socks(struct probe_channel *ch, struct probe_socks *out)
{
	ssize_t n = probe_channel_read(ch, out->first + out->first_len, sizeof(out->first) - out->first_len,
				       clock_monotonic_us() + 100000);

	if (n > 0)
		out->first_len += (size_t)n;
	out->outcome = PROBE_SOCKS_NOT_SOCKS;
	return false;
}

static bool agree_method(struct probe_channel *ch, bool login, int64_t deadline_us, struct probe_socks *out)
{
	uint8_t hello[4] = { SOCKS_VERSION, login ? 2 : 1, METHOD_NONE, METHOD_LOGIN }, answer[2];

	out->step = PROBE_SOCKS_STEP_METHOD;
	if (!write_all(ch, hello, login ? 4 : 3, deadline_us, out) ||
	    !read_exact(ch, answer, sizeof(answer), deadline_us, out))
		return false;
	if (answer[0] != SOCKS_VERSION)
		return not_socks(ch, out);
	out->method = answer[1];
	if (answer[1] == METHOD_NONE || (login && answer[1] == METHOD_LOGIN))
		return true;
	out->outcome = PROBE_SOCKS_NO_METHOD;
	return false;
}

static bool log_in(struct probe_channel *ch, const struct probe_tunnel_request *r, int64_t deadline_us,
		   struct probe_socks *out)
{
	const char *password = r->password != NULL ? r->password : "";
	size_t user_len = strlen(r->user), password_len = strlen(password);
	uint8_t message[3 + 255 + 255], answer[2];
	bool ok;

	out->step = PROBE_SOCKS_STEP_LOGIN;
	message[0] = 1;
	message[1] = (uint8_t)user_len;
	memcpy(message + 2, r->user, user_len);
	message[2 + user_len] = (uint8_t)password_len;
	memcpy(message + 3 + user_len, password, password_len);
	ok = write_all(ch, message, 3 + user_len + password_len, deadline_us, out) &&
	     read_exact(ch, answer, sizeof(answer), deadline_us, out);
	explicit_bzero(message, sizeof(message));
	if (!ok)
		return false;
	out->reply = answer[1];
	if (answer[1] == 0)
		return true;
	out->outcome = PROBE_SOCKS_LOGIN_REJECTED;
	return false;
}

static size_t put_destination(uint8_t *dst, const struct probe_tunnel_request *r)
{
	struct probe_address literal;
	size_t len;

	if (probe_address_parse(r->host, r->port, &literal)) {
		bool six = probe_address_family(&literal) == AF_INET6;

		dst[0] = six ? ADDRESS_V6 : ADDRESS_V4;
		len = six ? 16 : 4;
		memcpy(dst + 1, six ? (const void *)&literal.v6.sin6_addr : (const void *)&literal.v4.sin_addr, len);
		len++;
	} else {
		len = strlen(r->host);
		dst[0] = ADDRESS_NAME;
		dst[1] = (uint8_t)len;
		memcpy(dst + 2, r->host, len);
		len += 2;
	}
	dst[len] = (uint8_t)(r->port >> 8);
	dst[len + 1] = (uint8_t)r->port;
	return len + 2;
}

static bool ask(struct probe_channel *ch, const struct probe_tunnel_request *r, int64_t deadline_us, struct probe_socks *out)
{
	uint8_t message[3 + 2 + 255 + 2] = { SOCKS_VERSION, 1, 0 }, head[5], rest[255 + 2];
	size_t len = 3 + put_destination(message + 3, r);

	out->step = PROBE_SOCKS_STEP_REQUEST;
	out->first_len = 0;
	if (!write_all(ch, message, len, deadline_us, out) || !read_exact(ch, head, sizeof(head), deadline_us, out))
		return false;
	if (head[0] != SOCKS_VERSION)
		return not_socks(ch, out);
	out->reply = head[1];
	if (head[1] != 0) {
		out->outcome = PROBE_SOCKS_FAILED;
		return false;
	}
	/* The bound address: of no interest, but it stands before the tunnel's bytes. head[4] is its first byte. */
	len = head[3] == ADDRESS_V4 ? 3 : head[3] == ADDRESS_V6 ? 15 : head[4];
	return read_exact(ch, rest, len + 2, deadline_us, out);
}

void probe_connect_socks5(struct probe_channel *ch, const struct probe_tunnel_request *request, int budget_ms,
			  struct probe_socks *out)
{
	int64_t start_us = clock_monotonic_us(), deadline_us = start_us + (int64_t)budget_ms * 1000;
	bool login = request->user != NULL && request->user[0] != '\0';

	memset(out, 0, sizeof(*out));
	if (request->host[0] == '\0' || strlen(request->host) > 255 || (login && strlen(request->user) > 255) ||
	    (request->password != NULL && strlen(request->password) > 255)) {
		out->outcome = PROBE_SOCKS_BAD_REQUEST;
		return;
	}
	if (agree_method(ch, login, deadline_us, out) &&
	    (out->method != METHOD_LOGIN || log_in(ch, request, deadline_us, out)) && ask(ch, request, deadline_us, out))
		out->outcome = PROBE_SOCKS_OPEN;
	out->protocol = probe_protocol_guess(out->first, out->first_len);
	out->duration_us = clock_monotonic_us() - start_us;
}

const char *probe_socks_reply_text(uint8_t reply)
{
	static const char *const texts[] = {
		N_("succeeded"), N_("general failure"), N_("not allowed by its rules"), N_("network unreachable"),
		N_("host unreachable"), N_("connection refused"), N_("time to live expired"), N_("command not supported"),
		N_("address type not supported"),
	};

	return reply < sizeof(texts) / sizeof(texts[0]) ? texts[reply] : N_("unknown reply");
}
