/* DNS replies: the first byte says whether A or AAAA was asked for; the reply's own id is the query's, so that it gets on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/probe_dns.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct probe_dns_question q = { .name = "feed.example.com", .type = PROBE_DNS_A };
	struct probe_dns_answer out = { 0 };
	enum probe_dns_outcome outcome;
	uint16_t id = size >= 3 ? (uint16_t)(data[1] << 8 | data[2]) : 0;

	if (size < 1)
		return 0;
	if (data[0] & 1)
		q.type = PROBE_DNS_AAAA;
	outcome = probe_dns_parse(data + 1, size - 1, id, &q, &out);
	must(outcome == PROBE_DNS_ANSWERED || outcome == PROBE_DNS_MALFORMED || outcome == PROBE_DNS_MISMATCHED);
	must(out.cname_count <= PROBE_DNS_CNAMES_MAX && out.ede_count <= PROBE_DNS_EDE_MAX);
	must(outcome == PROBE_DNS_ANSWERED || out.addresses.count == 0);
	for (size_t i = 0; i < out.addresses.count; i++)
		must(probe_address_family(&out.addresses.items[i]) == (q.type == PROBE_DNS_AAAA ? AF_INET6 : AF_INET));
	for (size_t i = 0; i < out.cname_count; i++)
		must(strlen(out.cnames[i]) < PROBE_DNS_NAME_MAX);
	return 0;
}
