/* Prepares libcurl for one hop: where to, which way, whom to trust, what to ask for. */
#include "net/http_transfer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/text.h"
#include "net/curl_options.h"

/* --- the URL ------------------------------------------------------------------------------------------------- */

static bool url_part(CURLU *url, CURLUPart part, unsigned int flags, char *dst, size_t size)
{
	char *text = NULL;
	bool ok = curl_url_get(url, part, &text, flags) == CURLUE_OK && strlen(text) < size;

	if (ok)
		memcpy(dst, text, strlen(text) + 1);
	curl_free(text);
	return ok;
}

static bool is_allowed_scheme(const char *scheme)
{
	static const char *const allowed[] = { "https", "sftp", "scp", "ftp" };

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strcmp(scheme, allowed[i]) == 0)
			return true;
	return false;
}

static bool check_parts(CURLU *parts, const char *shown, struct error *err)
{
	char scheme[16], host[256], login[256];
	bool user, password;

	if (!url_part(parts, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) ||
	    !url_part(parts, CURLUPART_HOST, 0, host, sizeof(host)))
		return error_set(err, FINDING_CONFIG_INVALID, _("%s is not a URL that can be used"), shown);
	if (!is_allowed_scheme(scheme))
		return error_set(err, FINDING_CONFIG_INVALID,
				 _("%s: %s is not supported; use https (or sftp, scp or ftp for an offline bundle)"), shown,
				 scheme);
	password = url_part(parts, CURLUPART_PASSWORD, 0, login, sizeof(login));
	explicit_bzero(login, sizeof(login));
	user = url_part(parts, CURLUPART_USER, 0, login, sizeof(login));
	if (password || (user && strcmp(scheme, "https") == 0)) {
		error_set(err, FINDING_CONFIG_INVALID, _("%s: a URL must not hold a login, it would be seen in logs and lists"),
			  shown);
		return error_next(err,
				  _("Put \"machine %s login USER password ...\" into a file, mode 0600, and name it in the setting source.login_file."),
				  host);
	}
	return true;
}

bool transfer_check_url(const char *url, bool redirect, struct error *err)
{
	CURLU *parts = curl_url();
	char shown[512], clean[512];
	bool ok = false;

	text_url_without_login(shown, sizeof(shown), url);
	text_safe(clean, sizeof(clean), shown);
	if (parts == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	if (strlen(url) >= sizeof(((struct http_response *)0)->url))
		error_set(err, FINDING_CONFIG_INVALID, _("%s ... is too long for a URL"), clean);
	else if (!redirect && strstr(url, "://") == NULL)
		error_set(err, FINDING_CONFIG_INVALID, _("%s is not a URL that can be used"), clean);
	else if (curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		error_set(err, FINDING_CONFIG_INVALID, _("%s is not a URL that can be used"), clean);
	else
		ok = check_parts(parts, clean, err);
	curl_url_cleanup(parts);
	return ok;
}

static bool split_url(struct http_hop *hop, const char *url, struct error *err)
{
	CURLU *parts = curl_url();
	char port[8];
	size_t len;
	bool ok = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		  url_part(parts, CURLUPART_SCHEME, 0, hop->scheme, sizeof(hop->scheme)) &&
		  url_part(parts, CURLUPART_HOST, 0, hop->host, sizeof(hop->host)) &&
		  url_part(parts, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port));

	if (ok) {
		if (!url_part(parts, CURLUPART_PATH, 0, hop->path, sizeof(hop->path)))
			snprintf(hop->path, sizeof(hop->path), "...");
		hop->port = strtol(port, NULL, 10);
		hop->is_http = strcmp(hop->scheme, "https") == 0;
		len = strlen(hop->host);
		if (hop->host[0] == '[' && hop->host[len - 1] == ']') {
			memmove(hop->host, hop->host + 1, len - 2);
			hop->host[len - 2] = '\0';
		}
	} else {
		char clean[256];

		error_set(err, FINDING_CONFIG_INVALID, _("%s is not a URL that can be used"),
			  text_safe(clean, sizeof(clean), url));
	}
	curl_url_cleanup(parts);
	return ok;
}

/* --- hooks --------------------------------------------------------------------------------------------------- */

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct http_transfer *t = arg;
	struct http_hop *hop = &t->hop;
	char text[INET6_ADDRSTRLEN] = "";
	size_t used = strlen(hop->addresses);
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);

	if (fd < 0 || purpose != CURLSOCKTYPE_IPCXN)
		return fd;
	if (a->family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)&a->addr)->sin_addr, text, sizeof(text));
	else if (a->family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)&a->addr)->sin6_addr, text, sizeof(text));
	if (text[0] != '\0' && strstr(hop->addresses, text) == NULL)
		snprintf(hop->addresses + used, sizeof(hop->addresses) - used, "%s%s", used > 0 ? ", " : "", text);
	if (hop->via_proxy && hop->socket_count < HTTP_SOCKETS_MAX)
		hop->sockets[hop->socket_count++] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	hop->in_connect = hop->via_proxy && t->client->options.proxy->scheme != PROXY_SOCKS5;
	return fd;
}

bool transfer_was_connected(const struct http_transfer *t)
{
	struct sockaddr_storage peer;

	for (int i = 0; i < t->hop.socket_count; i++) {
		socklen_t len = sizeof(peer);

		if (t->hop.sockets[i] >= 0 && getpeername(t->hop.sockets[i], (struct sockaddr *)&peer, &len) == 0)
			return true;
	}
	return false;
}

void transfer_close_sockets(struct http_transfer *t)
{
	while (t->hop.socket_count > 0)
		file_close(&t->hop.sockets[--t->hop.socket_count]);
}

static int on_request(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct http_transfer *t = arg;

	(void)local_ip, (void)remote_port, (void)local_port;
	t->hop.request_sent = true;
	t->hop.window_start_ms = t->hop.last_byte_ms = clock_monotonic_ms();
	t->hop.window_bytes = 0;
	t->response.requests++;
	snprintf(t->response.primary_ip, sizeof(t->response.primary_ip), "%s", remote_ip);
	return CURL_PREREQFUNC_OK;
}

/* Called for the proxy's TLS and for the server's; before the tunnel stands it can only be the proxy's. */
static CURLcode on_ssl_context(CURL *easy, void *context, void *arg)
{
	struct http_transfer *t = arg;
	struct http_hop *hop = &t->hop;
	struct http_tls **slot = hop->in_connect ? &hop->proxy_tls : &hop->tls;

	(void)easy;
	http_tls_unref(*slot);
	*slot = http_tls_new();
	if (*slot != NULL && !hop->in_connect && t->client->options.pin != NULL) {
		(*slot)->pinned = true;
		memcpy((*slot)->pin, t->client->options.pin, sizeof((*slot)->pin));
	}
	return *slot != NULL && http_tls_watch(context, *slot) ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

/* An unknown key is accepted when it is the very one that the operator named. libcurl could add it to the file itself, but
 * writes the whole file anew then and drops what it does not understand. */
static bool accept_named_key(struct http_transfer *t, const char *fingerprint, const struct curl_khkey *found)
{
	const char *named = t->client->options.host_key;

	if (named == NULL || strcmp(named, fingerprint) != 0)
		return false;
	t->stopped = !ssh_host_key_remember(t->client->known_hosts, t->hop.host, t->hop.port, found->key, found->len,
					    &t->failure);
	return !t->stopped;
}

static int on_host_key(CURL *easy, const struct curl_khkey *known, const struct curl_khkey *found, enum curl_khmatch match,
		       void *arg)
{
	struct http_transfer *t = arg;
	char fingerprint[SSH_FINGERPRINT_MAX], type[SSH_KEY_TYPE_MAX];

	(void)easy, (void)known;
	if (match == CURLKHMATCH_OK)
		return CURLKHSTAT_FINE;
	ssh_host_key_fingerprint(fingerprint, found->key, found->len);
	if (match == CURLKHMATCH_MISSING && accept_named_key(t, fingerprint, found))
		return CURLKHSTAT_FINE;
	snprintf(t->hop.host_key, sizeof(t->hop.host_key), "%s %s", ssh_host_key_type(type, found->key, found->len),
		 fingerprint);
	t->hop.host_key_changed = match == CURLKHMATCH_MISMATCH;
	t->hop.host_key_unknown = match != CURLKHMATCH_MISMATCH;
	return CURLKHSTAT_REJECT;
}

/* --- options ------------------------------------------------------------------------------------------------- */

/* Through an https proxy libcurl (7.88) lets answers of HTTP/2 lie that came with others in one record of the outer TLS. */
static bool wants_http1(const struct http_transfer *t)
{
	return t->http1 || (t->hop.via_proxy && t->client->options.proxy->scheme == PROXY_HTTPS);
}

static bool set_basics(struct http_transfer *t)
{
	CURL *easy = t->easy;
	const struct http_options *o = &t->client->options;

	CURL_TRY(curl_easy_setopt(easy, CURLOPT_URL, t->visited[t->hops - 1]));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,sftp,scp,ftp"));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, o->connect_timeout_ms));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 65536L));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L));
#if CURL_AT_LEAST_VERSION(7, 87, 0)
	/* Whoever stops does not wait for a name server that says nothing. */
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L));
#endif
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			     wants_http1(t) ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->hop.error_text));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PRIVATE, t));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_on_header));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_HEADERDATA, t));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_on_body));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_WRITEDATA, t));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PREREQDATA, t));
	if (o->resolved != NULL)
		CURL_TRY(curl_easy_setopt(easy, CURLOPT_RESOLVE, o->resolved));
	return true;
}

static bool set_trust(struct http_transfer *t)
{
	CURL *easy = t->easy;
	const struct http_options *o = &t->client->options;
	struct curl_blob anchors = { .data = (void *)(uintptr_t)o->anchors_pem, .len = o->anchors_len };

	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L));
	/* A pinned certificate is proven by its fingerprint in http_tls.c. */
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, o->pin != NULL ? 0L : 2L));
	/* The blob alone, nothing of the system's: NULL also switches libcurl's built-in places off. */
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_CAINFO, NULL));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_CAPATH, NULL));
	if (o->anchors_len > 0)
		CURL_TRY(curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &anchors));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t));
	return true;
}

static bool set_proxy(struct http_transfer *t)
{
	const struct http_options *o = &t->client->options;
	struct curl_proxy p;

	if (!t->hop.via_proxy)
		return curl_options_proxy(t->easy, NULL);
	t->hop.auth_tried = o->proxy->user[0] != '\0' ? t->client->proxy_auth : 0;
	p = (struct curl_proxy){
		.proxy = o->proxy, .scheme = o->proxy->scheme, .verify = true, .auth = t->hop.auth_tried,
		.anchors_pem = o->proxy_anchors_pem, .anchors_len = o->proxy_anchors_len,
	};
	return curl_options_proxy(t->easy, &p);
}

static bool add_header(struct http_transfer *t, const char *name, const char *value)
{
	char line[600];
	struct curl_slist *longer;

	if (value == NULL || value[0] == '\0')
		return true;
	/* What came from a server must not become a header line of its own. */
	if (strpbrk(value, "\r\n") != NULL || (size_t)snprintf(line, sizeof(line), "%s: %s", name, value) >= sizeof(line))
		return true;
	longer = curl_slist_append(t->headers, line);
	if (longer == NULL)
		return false;
	t->headers = longer;
	return true;
}

static bool set_method(struct http_transfer *t)
{
	const struct http_request *r = &t->request;

	if (r->any_status && r->user != NULL) {
		CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC));
		CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_USERNAME, r->user));
		CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_PASSWORD, r->password != NULL ? r->password : ""));
	}
	if (r->method == NULL)
		return true;
	CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method));
	if (r->send == NULL)
		return true;
	CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, r->send));
	CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->send_len));
	return true;
}

static bool set_http(struct http_transfer *t)
{
	char range[32];

	curl_slist_free_all(t->headers);
	t->headers = NULL;
	if (!add_header(t, "If-None-Match", t->request.if_none_match) ||
	    !add_header(t, "If-Modified-Since", t->request.if_modified_since) ||
	    !add_header(t, "Accept", t->request.accept) || !add_header(t, "Content-Type", t->request.send_type) ||
	    !add_header(t, "Origin", t->request.origin) || !add_header(t, "Referer", t->request.origin) || !set_method(t))
		return false;
	if (t->hold > 0) {
		if (!add_header(t, "If-Range", t->validator))
			return false;
		/* CURLOPT_RESUME_FROM would turn a 200 into an error; a range lets the status decide. */
		snprintf(range, sizeof(range), "%lld-", (long long)t->hold);
		CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_RANGE, range));
		t->hop.has_range = true;
		t->hop.from = t->hold;
	}
	CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers));
	return true;
}

char *transfer_ssh_key(const struct http_transfer *t, size_t *key)
{
	static const char *const names[] = { "id_ed25519", "id_ecdsa", "id_rsa" };
	const char *home = getenv("HOME");
	char path[512];

	if (t->client->options.ssh_key != NULL)
		return (*key)++ == 0 ? strdup(t->client->options.ssh_key) : NULL;
	while (home != NULL && *key < sizeof(names) / sizeof(names[0])) {
		snprintf(path, sizeof(path), "%s/.ssh/%s", home, names[(*key)++]);
		if (access(path, R_OK) == 0)
			return strdup(path);
	}
	return NULL;
}

static bool set_ssh(struct http_transfer *t)
{
	CURL *easy = t->easy;
	size_t next = t->key;
	char *key = transfer_ssh_key(t, &next);
	unsigned long methods = CURLSSH_AUTH_AGENT | CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD;
	CURLcode code = CURLE_OK;

	if (key != NULL) {
		methods |= CURLSSH_AUTH_PUBLICKEY;
		code = curl_easy_setopt(easy, CURLOPT_SSH_PRIVATE_KEYFILE, key);
		free(key);
	}
	CURL_TRY(code);
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSH_AUTH_TYPES, methods));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSH_KNOWNHOSTS, t->client->known_hosts));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSH_KEYFUNCTION, on_host_key));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_SSH_KEYDATA, t));
	return true;
}

static bool set_login(struct http_transfer *t)
{
	const struct http_options *o = &t->client->options;

	if (o->login_file != NULL) {
		CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL));
		CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_NETRC_FILE, o->login_file));
	} else if (strcmp(t->hop.scheme, "ftp") != 0 && strchr(t->visited[t->hops - 1], '@') == NULL) {
		const struct passwd *pw = getpwuid(getuid());

		if (pw != NULL)
			CURL_TRY(curl_easy_setopt(t->easy, CURLOPT_USERNAME, pw->pw_name));
	}
	return true;
}

static bool set_all(struct http_transfer *t)
{
	bool ssh = strcmp(t->hop.scheme, "sftp") == 0 || strcmp(t->hop.scheme, "scp") == 0;

	return set_basics(t) && set_trust(t) && set_proxy(t) &&
	       (t->hop.is_http ? set_http(t) : set_login(t) && (!ssh || set_ssh(t)));
}

static bool check_anchors(const struct http_transfer *t, struct error *err)
{
	const struct http_options *o = &t->client->options;

	if (t->hop.is_http && o->anchors_len == 0 && o->pin == NULL) {
		error_set(err, FINDING_TRUST_STORE_EMPTY,
			  _("no certificate is enabled and trusted for authentication of Cisco services, so %s cannot be verified"),
			  t->hop.host);
		return error_next(err, _("Run: posture-console certs list; then: posture-console certs enable NAME, and posture-console certs trust NAME cisco-services."));
	}
	if (t->hop.via_proxy && o->proxy->scheme == PROXY_HTTPS && o->proxy_anchors_len == 0) {
		error_set(err, FINDING_TRUST_STORE_EMPTY, _("no trusted certificate can verify the https proxy %s"),
			  o->proxy->host);
		return error_next(err, _("Run: posture-console certs import FILE --usage infrastructure, with the CA of the proxy."));
	}
	return true;
}

bool transfer_setup(struct http_transfer *t, struct error *err)
{
	const struct proxy *proxy = t->client->options.proxy;
	const char *url = t->visited[t->hops - 1];

	transfer_clear_hop(t);
	if (!split_url(&t->hop, url, err))
		return false;
	t->hop.via_proxy = proxy != NULL && proxy->enabled && proxy_applies(proxy, t->hop.host);
	t->hop.bypassed = proxy != NULL && proxy->enabled && !t->hop.via_proxy;
	t->hop.content_length = -1;
	t->hop.start_ms = clock_monotonic_ms();
	t->response.via_proxy = t->hop.via_proxy;
	text_url_without_login(t->response.url, sizeof(t->response.url), url);
	if (!check_anchors(t, err))
		return false;
	/* A new one each time: a reset keeps the buffer of a stream that was given up, and then refuses to have its size set. The
	 * connections belong to the multi handle. */
	curl_easy_cleanup(t->easy);
	t->easy = curl_easy_init();
	if (t->easy == NULL || !set_all(t))
		return error_set(err, FINDING_OUT_OF_MEMORY, _("cannot prepare the request to %s: out of memory"), t->hop.host);
	return true;
}
