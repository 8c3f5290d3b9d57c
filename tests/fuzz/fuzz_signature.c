/* A CMS signature: never crashes, and nothing that was not signed by somebody trusted is taken. */
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feed/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char content[] = "<posture-update version=\"1\"/>";
	X509_STORE *anchors = X509_STORE_new();
	struct signature_info info;
	struct error err = ERROR_INIT;

	if (anchors == NULL)
		return 0;
	/* Nobody is trusted. */
	if (signature_verify(content, sizeof(content) - 1, data, size, anchors, 1800000000, &info, &err))
		abort();
	if (err.code == FINDING_NONE || err.message[0] == '\0')
		abort();
	X509_STORE_free(anchors);
	return 0;
}
