#include "net/proxy_tunnel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/curl_options.h"
#include "net/http_fields.h"

#define CONNECT_MAX_MS 4000		/* for each of the proxy's addresses */

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
	struct proxy_tunnel *t = arg;
	int64_t start_us = clock_monotonic_us();
	int64_t left_ms = t->budget_ms - (start_us - t->start_us) / 1000;
	const void *ip = to->family == AF_INET ? (const void *)&((const struct sockaddr_in *)(const void *)&to->addr)->sin_addr
					       : &((const struct sockaddr_in6 *)(const void *)&to->addr)->sin6_addr;
	int fd = socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);

	(void)purpose;
	if (fd >= 0 && t->max_segment > 0)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &t->max_segment, sizeof(t->max_segment));
	if (inet_ntop(to->family, ip, t->tried, sizeof(t->tried)) == NULL)
		t->tried[0] = '\0';
	if (fd >= 0 && connect(fd, &to->addr, to->addrlen) < 0 &&
	    (errno != EINPROGRESS ||
	     !wait_connected(fd, (int)(left_ms > CONNECT_MAX_MS ? CONNECT_MAX_MS : left_ms > 0 ? left_ms : 0)))) {
		t->connect_errno = errno;
		file_close(&fd);
	}
	t->connected = fd >= 0;
	t->connected_us = clock_monotonic_us();
	t->connect_us = t->connected_us - start_us;
	return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static int on_socket_ready(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg, (void)fd, (void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* NTLM or Negotiate with something behind it: the first answer names the method only. */
static bool is_challenge(const char *line, size_t len)
{
	static const char *const starts[] = { "Proxy-Authenticate: NTLM ", "Proxy-Authenticate: Negotiate " };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (len > strlen(starts[i]) && strncasecmp(line, starts[i], strlen(starts[i])) == 0)
			return true;
	}
	return false;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct proxy_tunnel *t = arg;
	struct http_connect_answer *a = &t->answer;
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
	t->continued = t->continued || is_challenge(data, shown);
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
	struct proxy_tunnel *t = arg;

	(void)easy;
	http_tls_unref(t->tls);
	t->tls = http_tls_new();
	if (t->anchors != NULL)
		SSL_CTX_set1_cert_store(context, t->anchors);
	return t->tls != NULL && http_tls_watch(context, t->tls) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

static bool set_request(struct proxy_tunnel *t)
{
	CURL *easy = t->easy;
	bool v6 = strchr(t->host, ':') != NULL;
	char url[320];

	/* CONNECT_ONLY ends when the tunnel stands; with http no TLS is begun in it. */
	snprintf(url, sizeof(url), "http://%s%s%s:%u/", v6 ? "[" : "", t->host, v6 ? "]" : "", (unsigned int)t->port);
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_URL, url));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)t->budget_ms));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->budget_ms));
#if CURL_AT_LEAST_VERSION(7, 87, 0)
	/* A look-up that hangs must not hold the end up. */
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
#endif
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error_text));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_HEADERDATA, t));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_body));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_ready));
	return true;
}

/* The name is kept: a certificate and a Kerberos ticket are for the name. */
static bool set_address(struct proxy_tunnel *t)
{
	char host[PROXY_HOST_TEXT_MAX], line[PROXY_HOST_TEXT_MAX + 80];

	if (t->address == NULL)
		return true;
	snprintf(line, sizeof(line), "%s:%u:%s", proxy_host_text(t->proxy, host), (unsigned int)t->proxy->port, t->address);
	t->resolved = curl_slist_append(NULL, line);
	CURL_TRY(t->resolved != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY);
	CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_RESOLVE, t->resolved));
	return true;
}

static bool set_proxy(struct proxy_tunnel *t, unsigned long methods)
{
	const struct curl_proxy p = {
		.proxy = t->proxy, .scheme = t->scheme, .verify = t->verify,
		.anchors_pem = t->anchors_pem, .anchors_len = t->anchors_len,
		.auth = t->login && t->proxy->user[0] != '\0' ? methods : 0,
	};

	t->auth_tried = p.auth;
	if (!curl_options_proxy(t->easy, &p))
		return false;
	CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context));
	CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_DATA, t));
	return set_address(t);
}

long proxy_tunnel_info(const struct proxy_tunnel *t, CURLINFO what)
{
	long value = 0;

	curl_easy_getinfo(t->easy, what, &value);
	return value;
}

unsigned long proxy_tunnel_methods(void)
{
	int features = curl_version_info(CURLVERSION_NOW)->features;

	return CURLAUTH_BASIC | CURLAUTH_DIGEST | ((features & CURL_VERSION_NTLM) != 0 ? CURLAUTH_NTLM : 0) |
	       ((features & CURL_VERSION_SPNEGO) != 0 ? CURLAUTH_NEGOTIATE : 0);
}

static void drop_attempt(struct proxy_tunnel *t)
{
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->resolved);
	http_tls_unref(t->tls);
	t->easy = NULL;
	t->resolved = NULL;
	t->tls = NULL;
}

static bool attempt(struct proxy_tunnel *t, unsigned long methods)
{
	t->easy = curl_easy_init();
	if (t->easy == NULL || !set_request(t) || !set_proxy(t, methods))
		return false;
	t->code = curl_easy_perform(t->easy);
	t->took_us = clock_monotonic_us() - t->start_us;
	return true;
}

static void start_libcurl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool proxy_tunnel_open(struct proxy_tunnel *t)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	unsigned long offered;

	pthread_once(&once, start_libcurl);
	t->start_us = clock_monotonic_us();
	if (!attempt(t, proxy_tunnel_methods() & ~CURLAUTH_NEGOTIATE))
		return false;
	offered = (unsigned long)proxy_tunnel_info(t, CURLINFO_PROXYAUTH_AVAIL);
	if (t->answer.status != 407 || t->auth_tried == 0 || (offered & t->auth_tried) != 0 ||
	    (offered & proxy_tunnel_methods() & CURLAUTH_NEGOTIATE) == 0)
		return true;
	/* It does not use the password, and spoils the others where there is no ticket. */
	drop_attempt(t);
	return attempt(t, CURLAUTH_NEGOTIATE);
}

void proxy_tunnel_clear(struct proxy_tunnel *t)
{
	drop_attempt(t);
}

/* --- as a channel --------------------------------------------------------------------------------------------------- */

static ssize_t result_of(CURLcode code, size_t n)
{
	if (code == CURLE_OK)
		return (ssize_t)n;
	errno = code == CURLE_AGAIN ? EAGAIN : ECONNRESET;
	return -1;
}

static ssize_t tunnel_read(void *easy, void *data, size_t size)
{
	size_t n = 0;
	CURLcode code = curl_easy_recv(easy, data, size, &n);

	return result_of(code, n);
}

static ssize_t tunnel_write(void *easy, const void *data, size_t len)
{
	size_t n = 0;
	CURLcode code = curl_easy_send(easy, data, len, &n);

	return result_of(code, n);
}

static void tunnel_close(void *easy)
{
	curl_easy_cleanup(easy);
}

struct probe_channel *proxy_tunnel_channel(struct proxy_tunnel *t)
{
	const struct probe_channel_base base = { tunnel_read, tunnel_write, tunnel_close, t->easy };
	curl_socket_t fd = CURL_SOCKET_BAD;
	struct probe_channel *ch = NULL;

	/* What `t` holds may be gone before the channel is. */
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
	if (curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
		ch = probe_channel_over(fd, &base);
	if (ch != NULL)
		t->easy = NULL;
	drop_attempt(t);
	return ch;
}
