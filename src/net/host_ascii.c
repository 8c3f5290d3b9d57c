#include "net/host_ascii.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

static bool copy(const char *text, char *dst, size_t size)
{
	if ((size_t)snprintf(dst, size, "%s", text) < size)
		return true;
	dst[0] = '\0';
	return false;
}

bool host_ascii(const char *host, char *dst, size_t size)
{
	dst[0] = '\0';
	if (is_ascii(host))
		return copy(host, dst, size);
#ifdef CURLU_PUNYCODE	/* libcurl 7.88 */
	CURLU *url = curl_url();
	char *text = NULL;
	bool ok = url != NULL && curl_url_set(url, CURLUPART_SCHEME, "https", 0) == CURLUE_OK &&
		  curl_url_set(url, CURLUPART_HOST, host, 0) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_HOST, &text, CURLU_PUNYCODE) == CURLUE_OK && text != NULL && is_ascii(text) &&
		  copy(text, dst, size);

	/* libcurl 7.88 hands out the name that it could not convert, and says that it failed: it is ours to free then too. */
	curl_free(text);
	curl_url_cleanup(url);
	return ok;
#else
	return false;
#endif
}
