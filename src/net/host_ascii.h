/* host_ascii.h - a host name as the DNS has it: "bücher.example" is "xn--bcher-kva.example" there (RFC 5891). */
#ifndef PC_NET_HOST_ASCII_H
#define PC_NET_HOST_ASCII_H

#include <stdbool.h>
#include <stddef.h>

/* Converts it as libcurl does before it asks the DNS; a name in ASCII is only copied. False, with nothing in `dst`, when it cannot be
 * converted: no such name, not in the locale's characters, a libcurl without IDN, or no memory. */
bool host_ascii(const char *host, char *dst, size_t size);

#endif
