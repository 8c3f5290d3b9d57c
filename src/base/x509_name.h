/* x509_name.h - a certificate's name in one line. */
#ifndef PC_BASE_X509_NAME_H
#define PC_BASE_X509_NAME_H

#include <openssl/x509.h>
#include <stddef.h>

/* Writes the name in the form of RFC 2253, UTF-8 left as it is, cut to `size`; "" when it cannot be written. Raw: sanitise before
 * showing. Returns dst. */
char *x509_name_text(char *dst, size_t size, const X509_NAME *name);

#endif
