/* probe_dns_wire.h - DNS messages as bytes, for probe_dns.c. */
#ifndef PC_NET_PROBE_DNS_WIRE_H
#define PC_NET_PROBE_DNS_WIRE_H

#include "net/probe_dns.h"

#define PROBE_DNS_QUERY_MAX 320		/* header, a name of 255, type and class, an empty OPT record */
#define PROBE_DNS_REPLY_MAX 65535

/* Builds the query; its length, 0 when the name is none. */
size_t probe_dns_query(uint8_t *dst, uint16_t id, const struct probe_dns_question *question);

#endif
