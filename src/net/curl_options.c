#include "net/curl_options.h"

#include <stdint.h>

static bool set_proxy_tls(CURL *easy, const struct curl_proxy *p)
{
	struct curl_blob anchors = { .data = (void *)(uintptr_t)p->anchors_pem, .len = p->anchors_len };

	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, p->verify ? 1L : 0L));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, p->verify ? 2L : 0L));
	/* NULL also switches libcurl's built-in places off. */
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, NULL));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL));
	if (p->anchors_len > 0)
		CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO_BLOB, &anchors));
	return true;
}

bool curl_options_proxy(CURL *easy, const struct curl_proxy *p)
{
	static const long types[] = {
		[PROXY_HTTP] = CURLPROXY_HTTP, [PROXY_HTTPS] = CURLPROXY_HTTPS, [PROXY_SOCKS5] = CURLPROXY_SOCKS5_HOSTNAME,
	};
	char host[PROXY_HOST_TEXT_MAX];

	CURL_TRY(curl_easy_setopt(easy, CURLOPT_NOPROXY, ""));
	if (p == NULL) {
		CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
		return true;
	}
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXY, proxy_host_text(p->proxy, host)));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXYPORT, (long)p->proxy->port));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXYTYPE, types[p->scheme]));
	CURL_TRY(curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L));
	if (p->auth != 0) {
		CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, p->proxy->user));
		CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, p->proxy->password));
		CURL_TRY(curl_easy_setopt(easy, CURLOPT_PROXYAUTH, p->auth));
	}
	return p->scheme != PROXY_HTTPS || set_proxy_tls(easy, p);
}
