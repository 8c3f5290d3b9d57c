/* Reads the head of an HTTP reply, the challenges in it, and the handwriting of other protocols. Pure. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "net/probe_http_head.h"

/* A piece of the head that is not terminated. */
struct piece {
	const char *at;
	size_t len;
};

/* A bare CR or a NUL may stand in no value, and a challenge's parts go back in our own request: they become blanks, which
 * RFC 9110 5.5 allows. */
static void copy_piece(char *dst, size_t size, struct piece p)
{
	size_t n = p.len < size - 1 ? p.len : size - 1;

	for (size_t i = 0; i < n; i++)
		dst[i] = p.at[i] == '\r' || p.at[i] == '\n' || p.at[i] == '\0' ? ' ' : p.at[i];
	dst[n] = '\0';
}

static void join_piece(char *dst, size_t size, struct piece p)
{
	size_t used = strlen(dst);

	if (used > 0 && used + 2 < size) {
		memcpy(dst + used, ", ", 3);
		used += 2;
	}
	if (used + 1 < size)
		copy_piece(dst + used, size - used, p);
}

static struct piece trim(struct piece p)
{
	while (p.len > 0 && (p.at[0] == ' ' || p.at[0] == '\t'))
		p.at++, p.len--;
	while (p.len > 0 && (p.at[p.len - 1] == ' ' || p.at[p.len - 1] == '\t'))
		p.len--;
	return p;
}

/* A number of digits only, or -1. */
static int64_t number(struct piece p)
{
	int64_t n = 0;

	if (p.len == 0 || p.len > 18)
		return -1;
	for (size_t i = 0; i < p.len; i++) {
		if (!isdigit((unsigned char)p.at[i]))
			return -1;
		n = n * 10 + (p.at[i] - '0');
	}
	return n;
}

static void take_length(struct probe_http_head *out, struct piece value)
{
	int64_t n = number(value);

	if (out->content_length >= 0 && n != out->content_length)
		out->duplicate_length = true;
	out->content_length = n;
}

static void take_date(struct probe_http_head *out, struct piece value)
{
	copy_piece(out->date, sizeof(out->date), value);
	out->date_s = curl_getdate(out->date, NULL);
}

static bool contains_word(struct piece p, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= p.len; i++) {
		if (strncasecmp(p.at + i, word, n) == 0)
			return true;
	}
	return false;
}

struct text_field {
	const char *name;
	size_t offset, size;
	bool join;
};

#define FIELD(name, member, join) { name, offsetof(struct probe_http_head, member), \
				    sizeof(((struct probe_http_head *)0)->member), join }

static void take_field(struct probe_http_head *out, struct piece name, struct piece value)
{
	static const struct text_field fields[] = {
		FIELD("Server", server, false),
		FIELD("Via", via, true),
		FIELD("Location", location, false),
		FIELD("Content-Type", content_type, false),
		FIELD("Content-Encoding", content_encoding, true),
		FIELD("X-Squid-Error", squid_error, false),
		FIELD("Proxy-Status", proxy_status, true),
		FIELD("Proxy-Authenticate", proxy_authenticate, true),
		FIELD("WWW-Authenticate", www_authenticate, true),
		FIELD("Retry-After", retry_after, false),
		FIELD("X-Cache", cache, true),
		FIELD("X-Cache-Status", cache, true),
		FIELD("X-Proxy-Cache", cache, true),
		FIELD("CF-Cache-Status", cache, true),
		FIELD("Cache-Status", cache, true),
		FIELD("Warning", warning, true),
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *dst = (char *)out + fields[i].offset;

		if (name.len != strlen(fields[i].name) || strncasecmp(name.at, fields[i].name, name.len) != 0)
			continue;
		if (fields[i].join)
			join_piece(dst, fields[i].size, value);
		else
			copy_piece(dst, fields[i].size, value);
		return;
	}
	if (name.len == 14 && strncasecmp(name.at, "Content-Length", 14) == 0)
		take_length(out, value);
	else if (name.len == 17 && strncasecmp(name.at, "Transfer-Encoding", 17) == 0)
		out->chunked = out->chunked || contains_word(value, "chunked");
	else if ((name.len == 10 && strncasecmp(name.at, "Connection", 10) == 0) ||
		 (name.len == 16 && strncasecmp(name.at, "Proxy-Connection", 16) == 0))
		out->closes = contains_word(value, "close") || (out->closes && !contains_word(value, "keep-alive"));
	else if (name.len == 4 && strncasecmp(name.at, "Date", 4) == 0)
		take_date(out, value);
	else if (name.len == 3 && strncasecmp(name.at, "Age", 3) == 0)
		out->age_s = number(value);
}

static bool take_status_line(struct probe_http_head *out, struct piece line)
{
	const char *p = line.at;

	/* "HTTP/2 200" and "HTTP/1.1 200" are the shortest. */
	if (line.len < 10 || !isdigit((unsigned char)p[5]) || (p[6] == '.' && line.len < 12))
		return false;
	out->version = (unsigned int)(p[5] - '0') * 10;
	if (p[6] == '.') {
		if (!isdigit((unsigned char)p[7]))
			return false;
		out->version += (unsigned int)(p[7] - '0');
		p += 8;
	} else {
		p += 6;
	}
	if (p + 4 > line.at + line.len || *p != ' ')
		return false;
	p++;
	for (int i = 0; i < 3; i++, p++) {
		if (!isdigit((unsigned char)*p))
			return false;
		out->status = out->status * 10 + (unsigned int)(*p - '0');
	}
	if (out->status < 100 || (p < line.at + line.len && *p != ' '))
		return false;
	copy_piece(out->reason, sizeof(out->reason), trim((struct piece){ p, (size_t)(line.at + line.len - p) }));
	return true;
}

static bool is_token(struct piece name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c) != NULL)
			return false;
	}
	return name.len > 0;
}

/* Cuts the next line off. False when there is no whole line. */
static bool next_line(const char *data, size_t len, size_t *at, struct piece *line)
{
	const char *end = memchr(data + *at, '\n', len - *at);

	if (end == NULL)
		return false;
	*line = (struct piece){ data + *at, (size_t)(end - data) - *at };
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	*at = (size_t)(end - data) + 1;
	return true;
}

static enum probe_head_state incomplete(const char *data, size_t len)
{
	/* What cannot become a status line is told at once, so that nobody waits for its end. */
	if (len > 0 && strncmp(data, "HTTP/", len < 5 ? len : 5) != 0)
		return PROBE_HEAD_NOT_HTTP;
	return len > PROBE_HEAD_MAX ? PROBE_HEAD_TOO_LARGE : PROBE_HEAD_MORE;
}

enum probe_head_state probe_http_head_parse(const char *data, size_t len, struct probe_http_head *out)
{
	struct piece line;
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	out->content_length = out->age_s = out->date_s = -1;
	if (incomplete(data, len) == PROBE_HEAD_NOT_HTTP)
		return PROBE_HEAD_NOT_HTTP;
	if (!next_line(data, len, &at, &line))
		return incomplete(data, len);
	if (!take_status_line(out, line))
		return PROBE_HEAD_BAD;
	out->closes = out->version < 11;
	while (next_line(data, len, &at, &line)) {
		const char *colon;
		struct piece name;

		if (at > PROBE_HEAD_MAX || out->fields > PROBE_HEAD_FIELDS_MAX)
			return PROBE_HEAD_TOO_LARGE;
		if (line.len == 0) {
			out->len = at;
			return PROBE_HEAD_OK;
		}
		if (line.at[0] == ' ' || line.at[0] == '\t')	/* obsolete folding: the rest of a value, not needed */
			continue;
		colon = memchr(line.at, ':', line.len);
		if (colon == NULL)
			return PROBE_HEAD_BAD;
		name = (struct piece){ line.at, (size_t)(colon - line.at) };
		if (!is_token(name))
			return PROBE_HEAD_BAD;
		out->fields++;
		take_field(out, name, trim((struct piece){ colon + 1, line.len - name.len - 1 }));
	}
	return incomplete(data, len);
}

bool probe_auth_offers(const char *challenges, const char *scheme)
{
	size_t n = strlen(scheme);
	bool quoted = false, start = true;

	for (const char *p = challenges; *p != '\0'; p++) {
		if (quoted) {
			if (*p == '\\' && p[1] != '\0')
				p++;
			else if (*p == '"')
				quoted = false;
		} else if (*p == '"') {
			quoted = true;
			start = false;
		} else if (*p == ',') {
			start = true;
		} else if (*p != ' ' && *p != '\t') {
			if (start && strncasecmp(p, scheme, n) == 0 && (p[n] == '\0' || p[n] == ' ' || p[n] == ','))
				return true;
			start = false;
		}
	}
	return false;
}

int probe_protocol_alert(const uint8_t *data, size_t len)
{
	if (len < 7 || data[0] != 0x15 || data[1] != 3 || data[3] != 0 || data[4] != 2)
		return -1;
	return data[6];
}

struct handwriting {
	const char *start;
	enum probe_protocol protocol;
};

static bool starts_with(const uint8_t *data, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && strncasecmp((const char *)data, text, n) == 0;
}

/* Mail and file servers all greet with 220; the words that follow tell. */
static enum probe_protocol greeting(const uint8_t *data, size_t len)
{
	struct piece p = { (const char *)data, len };

	return contains_word(p, "ftp") ? PROBE_PROTOCOL_FTP : PROBE_PROTOCOL_SMTP;
}

static bool is_printable(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((data[i] < ' ' && data[i] != '\r' && data[i] != '\n' && data[i] != '\t') || data[i] == 0x7f)
			return false;
	}
	return true;
}

enum probe_protocol probe_protocol_guess(const uint8_t *data, size_t len)
{
	static const struct handwriting known[] = {
		{ "HTTP/", PROBE_PROTOCOL_HTTP }, { "SSH-", PROBE_PROTOCOL_SSH }, { "<!doctype", PROBE_PROTOCOL_HTML },
		{ "<html", PROBE_PROTOCOL_HTML }, { "+OK", PROBE_PROTOCOL_POP_IMAP }, { "* OK", PROBE_PROTOCOL_POP_IMAP },
	};
	size_t blank = 0;

	if (len == 0)
		return PROBE_PROTOCOL_NOTHING;
	while (blank < len && isspace(data[blank]))
		blank++;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (starts_with(data + blank, len - blank, known[i].start))
			return known[i].protocol;
	}
	if (starts_with(data, len, "220 ") || starts_with(data, len, "220-"))
		return greeting(data, len);
	if (len >= 3 && data[0] >= 0x14 && data[0] <= 0x17 && data[1] == 3 && data[2] <= 4)
		return PROBE_PROTOCOL_TLS;
	if (len >= 2 && data[0] == 5 && (data[1] <= 9 || data[1] == 0xff))
		return PROBE_PROTOCOL_SOCKS5;
	if (len >= 2 && data[0] == 0 && data[1] >= 0x5a && data[1] <= 0x5d)
		return PROBE_PROTOCOL_SOCKS4;
	return is_printable(data, len) ? PROBE_PROTOCOL_TEXT : PROBE_PROTOCOL_BINARY;
}

const char *probe_protocol_name(enum probe_protocol p)
{
	static const char *const names[] = {
		[PROBE_PROTOCOL_NOTHING] = "", [PROBE_PROTOCOL_HTTP] = "HTTP", [PROBE_PROTOCOL_TLS] = "TLS",
		[PROBE_PROTOCOL_SOCKS5] = "SOCKS5", [PROBE_PROTOCOL_SOCKS4] = "SOCKS4", [PROBE_PROTOCOL_SSH] = "SSH",
		[PROBE_PROTOCOL_HTML] = "HTML", [PROBE_PROTOCOL_SMTP] = "SMTP", [PROBE_PROTOCOL_FTP] = "FTP",
		[PROBE_PROTOCOL_POP_IMAP] = "POP3/IMAP", [PROBE_PROTOCOL_TEXT] = "text",
		[PROBE_PROTOCOL_BINARY] = "binary data",
	};

	return (size_t)p < sizeof(names) / sizeof(names[0]) ? names[p] : "";
}
