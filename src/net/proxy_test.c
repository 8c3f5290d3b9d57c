#include "net/proxy_test.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "net/http_error.h"
#include "net/http_fields.h"

#define LOOK_BUDGET_MS 2000		/* for each further question after a failure */
#define CONNECT_MAX_MS 4000		/* for each of the proxy's addresses */
#define HTTPS_PORT 443

/* One request for a tunnel. */
struct attempt {
	const struct proxy *proxy;
	enum proxy_scheme scheme;
	bool login;			/* send the user and the password, if there are any */
	bool verify;			/* the certificate of an https proxy */
	const char *host;
	uint16_t port;
	const char *anchors_pem;
	size_t anchors_len;
	int budget_ms;

	CURL *easy;
	int64_t start_us;
	char address[64];		/* of the proxy, tried last */
	int connect_errno;
	bool connected;
	int64_t connect_us, connected_us;	/* how long it took, and when it was done */
	struct http_connect_answer answer;
	struct http_tls *tls;
	char error_text[CURL_ERROR_SIZE];
	int64_t took_us;
	CURLcode code;
};

static bool wait_connected(int fd, int timeout_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int n, why = 0;

	do
		n = poll(&ready, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) < 0)
		why = n == 0 ? ETIMEDOUT : errno;
	errno = why;
	return why == 0;
}

/* Connects here, since libcurl does not tell a connection that failed from one that stood and was of no use. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct attempt *a = arg;
	int64_t start_us = clock_monotonic_us();
	int64_t left_ms = a->budget_ms - (start_us - a->start_us) / 1000;
	const void *ip = to->family == AF_INET ? (const void *)&((const struct sockaddr_in *)(const void *)&to->addr)->sin_addr
					       : &((const struct sockaddr_in6 *)(const void *)&to->addr)->sin6_addr;
	int fd = socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);

	(void)purpose;
	if (inet_ntop(to->family, ip, a->address, sizeof(a->address)) == NULL)
		a->address[0] = '\0';
	if (fd >= 0 && connect(fd, &to->addr, to->addrlen) < 0 &&
	    (errno != EINPROGRESS ||
	     !wait_connected(fd, (int)(left_ms > CONNECT_MAX_MS ? CONNECT_MAX_MS : left_ms > 0 ? left_ms : 0)))) {
		a->connect_errno = errno;
		file_close(&fd);
	}
	a->connected = fd >= 0;
	a->connected_us = clock_monotonic_us();
	a->connect_us = a->connected_us - start_us;
	return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static int on_socket_ready(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg, (void)fd, (void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct http_connect_answer *a = &((struct attempt *)arg)->answer;
	size_t len = size * count, shown = len;
	long status = http_status_line(data, len);

	while (shown > 0 && (data[shown - 1] == '\r' || data[shown - 1] == '\n'))
		shown--;
	if (status > 0) {
		/* The answer to the login follows the one that asked for it. */
		memset(a, 0, sizeof(*a));
		a->status = status;
	} else if (a->status == 0 && a->first_line[0] == '\0') {
		snprintf(a->first_line, sizeof(a->first_line), "%.*s", (int)(shown < 60 ? shown : 60), data);
	}
	http_field(data, len, "X-Squid-Error", a->squid_error, sizeof(a->squid_error));
	http_field(data, len, "Proxy-Status", a->proxy_status, sizeof(a->proxy_status));
	http_field(data, len, "Location", a->location, sizeof(a->location));
	http_field(data, len, "Via", a->via, sizeof(a->via));
	return len;
}

static size_t drop_body(char *data, size_t size, size_t count, void *arg)
{
	(void)data, (void)arg;
	return size * count;
}

/* Nothing but the proxy speaks TLS here. */
static CURLcode on_ssl_context(CURL *easy, void *context, void *arg)
{
	struct attempt *a = arg;

	(void)easy;
	http_tls_unref(a->tls);
	a->tls = http_tls_new();
	return a->tls != NULL && http_tls_watch(context, a->tls) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

#define TRY(call) \
	do { \
		if ((call) != CURLE_OK) \
			return false; \
	} while (0)

static bool set_request(struct attempt *a)
{
	CURL *easy = a->easy;
	bool v6 = strchr(a->host, ':') != NULL;
	char url[320];

	/* CONNECT_ONLY ends when the tunnel stands; with http no TLS is begun in it. */
	snprintf(url, sizeof(url), "http://%s%s%s:%u/", v6 ? "[" : "", a->host, v6 ? "]" : "", (unsigned int)a->port);
	TRY(curl_easy_setopt(easy, CURLOPT_URL, url));
	TRY(curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L));
	TRY(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
	TRY(curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION));
	TRY(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)a->budget_ms));
	TRY(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)a->budget_ms));
#if CURL_AT_LEAST_VERSION(7, 87, 0)
	/* A look-up that hangs must not hold the end up. */
	TRY(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
#endif
	TRY(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, a->error_text));
	TRY(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
	TRY(curl_easy_setopt(easy, CURLOPT_HEADERDATA, a));
	TRY(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_body));
	TRY(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket));
	TRY(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, a));
	TRY(curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_ready));
	return true;
}

static bool set_proxy(struct attempt *a)
{
	static const long types[] = {
		[PROXY_HTTP] = CURLPROXY_HTTP, [PROXY_HTTPS] = CURLPROXY_HTTPS, [PROXY_SOCKS5] = CURLPROXY_SOCKS5_HOSTNAME,
	};
	struct curl_blob anchors = { .data = (void *)(uintptr_t)a->anchors_pem, .len = a->anchors_len };
	char host[PROXY_HOST_TEXT_MAX];
	CURL *easy = a->easy;

	/* Set, or the environment's no_proxy decides. */
	TRY(curl_easy_setopt(easy, CURLOPT_NOPROXY, ""));
	TRY(curl_easy_setopt(easy, CURLOPT_PROXY, proxy_host_text(a->proxy, host)));
	TRY(curl_easy_setopt(easy, CURLOPT_PROXYPORT, (long)a->proxy->port));
	TRY(curl_easy_setopt(easy, CURLOPT_PROXYTYPE, types[a->scheme]));
	TRY(curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L));
	TRY(curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
	TRY(curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, a->verify ? 1L : 0L));
	TRY(curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, a->verify ? 2L : 0L));
	TRY(curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, NULL));
	TRY(curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL));
	if (a->anchors_len > 0)
		TRY(curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO_BLOB, &anchors));
	TRY(curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context));
	TRY(curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, a));
	if (a->login && a->proxy->user[0] != '\0') {
		TRY(curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, a->proxy->user));
		TRY(curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, a->proxy->password));
		TRY(curl_easy_setopt(easy, CURLOPT_PROXYAUTH, CURLAUTH_BASIC | CURLAUTH_DIGEST | CURLAUTH_NTLM));
	}
	return true;
}

/* False when the attempt could not be made at all. Clear it in any case. */
static bool attempt_make(struct attempt *a)
{
	a->start_us = clock_monotonic_us();
	a->easy = curl_easy_init();
	if (a->easy == NULL || !set_request(a) || !set_proxy(a))
		return false;
	a->code = curl_easy_perform(a->easy);
	a->took_us = clock_monotonic_us() - a->start_us;
	return true;
}

static void attempt_clear(struct attempt *a)
{
	curl_easy_cleanup(a->easy);
	a->easy = NULL;
	http_tls_unref(a->tls);
	a->tls = NULL;
}

static long info_long(const struct attempt *a, CURLINFO what)
{
	long value = 0;

	curl_easy_getinfo(a->easy, what, &value);
	return value;
}

static void fill(const struct attempt *a, struct proxy_test *out)
{
	static const struct { long bit; const char *name; } methods[] = {
		{ CURLAUTH_BASIC, "Basic" }, { CURLAUTH_DIGEST, "Digest" }, { CURLAUTH_NTLM, "NTLM" },
		{ CURLAUTH_NEGOTIATE, "Negotiate" }, { CURLAUTH_BEARER, "Bearer" },
	};
	long offered = info_long(a, CURLINFO_PROXYAUTH_AVAIL);
	curl_off_t resolved = 0;

	curl_easy_getinfo(a->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	snprintf(out->address, sizeof(out->address), "%s", a->address);
	out->resolve_us = a->address[0] != '\0' ? resolved : -1;
	out->connect_us = a->connected ? a->connect_us : -1;
	out->tunnel_us = a->code == CURLE_OK ? a->start_us + a->took_us - a->connected_us : -1;
	out->status = a->answer.status;
	out->methods[0] = '\0';
	for (size_t i = 0, used = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if ((offered & methods[i].bit) != 0)
			used += (size_t)snprintf(out->methods + used, sizeof(out->methods) - used, "%s%s", used > 0 ? ", " : "",
						 methods[i].name);
	}
	out->login_sent = a->proxy->user[0] != '\0' && (offered != 0 || a->scheme == PROXY_SOCKS5);
}

static enum http_phase phase_of(const struct proxy_test *t)
{
	if (t->resolve_us < 0)
		return HTTP_PHASE_RESOLVE;
	return t->connect_us < 0 ? HTTP_PHASE_CONNECT : HTTP_PHASE_PROXY;
}

static bool explain(const struct attempt *a, const struct proxy_test *t, struct error *err)
{
	struct http_facts facts = {
		.code = a->code, .sys_errno = a->connected ? (int)info_long(a, CURLINFO_OS_ERRNO) : a->connect_errno,
		.curl_text = a->error_text,
		.scheme = "https", .host = a->host, .port = a->port, .path = "/", .address = t->address, .proxy = a->proxy,
		.connect = a->answer, .auth_offered = (unsigned long)info_long(a, CURLINFO_PROXYAUTH_AVAIL),
		.auth_tried = CURLAUTH_BASIC | CURLAUTH_DIGEST | CURLAUTH_NTLM,
		.proxy_code = (CURLproxycode)info_long(a, CURLINFO_PROXY_ERROR), .phase = phase_of(t),
		.elapsed_ms = a->took_us / 1000, .expected = -1, .retry_after = "", .server = "", .proxy_tls = a->tls,
	};

	return http_error_explain(&facts, err);
}

/* Does what answers there speak the scheme, whatever it says? */
static bool speaks(const struct attempt *a)
{
	long code = info_long(a, CURLINFO_PROXY_ERROR);

	switch (a->scheme) {
	case PROXY_HTTP: return a->answer.status > 0;
	case PROXY_HTTPS: return a->tls != NULL && a->tls->finished;
	case PROXY_SOCKS5: break;
	}
	return a->code == CURLE_OK || code == CURLPX_NO_AUTH || code == CURLPX_USER_REJECTED ||
	       (code >= CURLPX_REPLY_ADDRESS_TYPE_NOT_SUPPORTED && code <= CURLPX_REPLY_UNASSIGNED);
}

/* Another protocol at the proxy's port. No login is sent to what may be anything. */
static void look_for_other_scheme(const struct attempt *failed, struct error *err)
{
	static const struct {
		enum proxy_scheme set, is;
		enum finding code;
		const char *text;
	} rows[] = {
		{ PROXY_HTTP, PROXY_HTTPS, FINDING_PROXY_NEEDS_TLS, N_("it speaks TLS, and the scheme is set to http") },
		{ PROXY_HTTP, PROXY_SOCKS5, FINDING_PROXY_IS_SOCKS, N_("it speaks SOCKS, and the scheme is set to http") },
		{ PROXY_HTTPS, PROXY_HTTP, FINDING_PROXY_IS_PLAIN, N_("it speaks plain HTTP, and the scheme is set to https") },
		{ PROXY_SOCKS5, PROXY_HTTP, FINDING_PROXY_NOT_SOCKS, N_("it speaks HTTP, and the scheme is set to socks5") },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct attempt a = { .proxy = failed->proxy, .scheme = rows[i].is, .host = failed->host, .port = failed->port,
				     .budget_ms = LOOK_BUDGET_MS };
		bool found;

		if (rows[i].set != failed->scheme)
			continue;
		found = attempt_make(&a) && speaks(&a);
		attempt_clear(&a);
		if (!found)
			continue;
		error_set(err, rows[i].code, _("the proxy %s, port %u, cannot be used: %s"), failed->proxy->host,
			  (unsigned int)failed->proxy->port, _(rows[i].text));
		return;
	}
}

/* Is it the port that the proxy forbids, and not the host? */
static void look_at_https_port(const struct attempt *failed, struct error *err)
{
	struct attempt a = { .proxy = failed->proxy, .scheme = failed->scheme, .login = failed->login,
			     .verify = failed->verify, .host = failed->host, .port = HTTPS_PORT,
			     .anchors_pem = failed->anchors_pem, .anchors_len = failed->anchors_len,
			     .budget_ms = LOOK_BUDGET_MS };
	long status;

	if (failed->port == HTTPS_PORT)
		return;
	status = attempt_make(&a) ? a.answer.status : 0;
	attempt_clear(&a);
	if (status > 0 && status != failed->answer.status)
		error_set(err, FINDING_PROXY_DENIED_PORT,
			  _("the proxy %s, port %u, forbids tunnels to port %u (%ld); to port %d of %s it answers %ld"),
			  failed->proxy->host, (unsigned int)failed->proxy->port, (unsigned int)failed->port,
			  failed->answer.status, HTTPS_PORT, failed->host, status);
}

static void look_again(const struct attempt *failed, const struct proxy_test *t, struct error *err)
{
	switch (err->code) {
	case FINDING_PROXY_DENIED_DESTINATION:
		look_at_https_port(failed, err);
		break;
	case FINDING_PROXY_DROPPED_CONNECT:
	case FINDING_PROXY_NOT_HTTP:
	case FINDING_PROXY_NOT_SOCKS:
		look_for_other_scheme(failed, err);
		break;
	default:
		/* A handshake with no TLS behind it fails in many ways. */
		if (failed->scheme == PROXY_HTTPS && t->connect_us >= 0 && failed->tls != NULL && failed->tls->sent == 0)
			look_for_other_scheme(failed, err);
		break;
	}
}

bool proxy_test_run(const struct proxy *p, const char *host, uint16_t port, const char *anchors_pem, size_t anchors_len,
		    int budget_ms, struct proxy_test *out, struct error *err)
{
	struct attempt a = { .proxy = p, .scheme = p->scheme, .login = true, .verify = true, .host = host, .port = port,
			     .anchors_pem = anchors_pem, .anchors_len = anchors_len, .budget_ms = budget_ms };
	struct error why = ERROR_INIT;
	bool ok = false;

	*out = (struct proxy_test){ .resolve_us = -1, .connect_us = -1, .tunnel_us = -1 };
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (!attempt_make(&a)) {
		error_set(&why, FINDING_OUT_OF_MEMORY, _("out of memory"));
	} else {
		fill(&a, out);
		ok = a.code == CURLE_OK;
	}
	if (!ok && why.code == FINDING_NONE) {
		explain(&a, out, &why);
		look_again(&a, out, &why);
	}
	if (!ok && err != NULL)
		*err = why;
	attempt_clear(&a);
	curl_global_cleanup();
	return ok;
}
