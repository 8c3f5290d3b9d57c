#include "base/x509_name.h"

#define LINE_FLAGS (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

char *x509_name_text(char *dst, size_t size, const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n = 0;

	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, LINE_FLAGS) >= 0)
		n = BIO_read(bio, dst, (int)size - 1);
	dst[n > 0 ? n : 0] = '\0';
	BIO_free(bio);
	return dst;
}
