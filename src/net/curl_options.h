/* curl_options.h - options of libcurl that more than one user of it sets alike.
 *
 * An update and the diagnosis of one go through a proxy in the same way, or what the diagnosis says would not be true of the update.
 */
#ifndef PC_NET_CURL_OPTIONS_H
#define PC_NET_CURL_OPTIONS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/proxy.h"

/* Returns false out of the function when libcurl does not take an option: it has no memory, or was built without the feature. */
#define CURL_TRY(call) \
	do { \
		if ((call) != CURLE_OK) \
			return false; \
	} while (0)

struct curl_proxy {
	const struct proxy *proxy;	/* where it is, and its login */
	enum proxy_scheme scheme;	/* what is spoken with it, which a probe may vary */
	bool verify;			/* the certificate of an https proxy */
	const char *anchors_pem;	/* what verifies it: these alone, nothing of the system's */
	size_t anchors_len;
	unsigned long auth;		/* CURLAUTH_ bits; 0: no login is sent */
};

/* Sets a tunnel through `p`, or with NULL that there is none: either way the environment decides nothing. */
bool curl_options_proxy(CURL *easy, const struct curl_proxy *p);

#endif
