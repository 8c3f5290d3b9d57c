/* Certificates from a file that somebody handed over: read, judged, described. Nothing is stored. */
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trust/room.h"

static void look_at(struct trust_index *index, X509 *certificate)
{
	char name[TRUST_NAME_MAX + 1];
	unsigned int needed;
	time_t from, until;

	trust_check(certificate, &needed, NULL);
	trust_check_usages(certificate, TRUST_INFRASTRUCTURE | TRUST_CLIENT_AUTH, NULL);
	trust_name_make(name, index, certificate);
	if (strlen(name) > TRUST_NAME_MAX || !trust_text_is_clean(name))
		abort();
	/* What passes the checks must be taken by the index, or the store would be refused at the next start. */
	if (trust_validity(certificate, &from, &until) && index->count < 64 &&
	    !trust_index_add(index, certificate, name, "", true, 0, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	STACK_OF(X509) *found = NULL;
	struct error err = ERROR_INIT;
	struct trust_index index;

	if (!trust_index_new(&index, NULL))
		return 0;
	if (trust_read(data, size, &found, &err)) {
		for (int i = 0; i < sk_X509_num(found); i++)
			look_at(&index, sk_X509_value(found, i));
		sk_X509_pop_free(found, X509_free);
	} else if (err.message[0] == '\0') {
		abort();
	}
	trust_index_clear(&index);
	return 0;
}
