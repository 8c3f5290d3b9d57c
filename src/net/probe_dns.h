/* probe_dns.h - one question to one name server, and exactly how it answered; many of them side by side.
 *
 * No system resolver, no cache, no policy: the check decides what an answer means. UDP with retransmission, TCP when the
 * answer is truncated or when asked for. (RFC 1035, 6891, 7766, 8914)
 */
#ifndef PC_NET_PROBE_DNS_H
#define PC_NET_PROBE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/probe_address.h"
#include "net/probe_errqueue.h"

#define PROBE_DNS_NAME_MAX 256
#define PROBE_DNS_CNAMES_MAX 16
#define PROBE_DNS_EDE_MAX 4

enum probe_dns_type { PROBE_DNS_A = 1, PROBE_DNS_NS = 2, PROBE_DNS_CNAME = 5, PROBE_DNS_SOA = 6, PROBE_DNS_AAAA = 28 };

enum probe_dns_transport {
	PROBE_DNS_UDP,			/* and TCP when the answer is truncated */
	PROBE_DNS_UDP_ONLY,
	PROBE_DNS_TCP
};

struct probe_dns_question {
	const char *name;		/* taken as absolute, with or without trailing dot; borrowed */
	enum probe_dns_type type;
	enum probe_dns_transport transport;
	bool no_recursion;		/* clear RD */
	bool checking_disabled;		/* set CD: answer even if DNSSEC fails */
	uint16_t edns_size;		/* UDP size to offer; 0: no EDNS at all */
	bool dnssec_ok;			/* set DO (needs EDNS) */
};

enum probe_dns_outcome {
	PROBE_DNS_NOT_ASKED,		/* the question could not be made: the name is not a name */
	PROBE_DNS_ANSWERED,		/* see rcode */
	PROBE_DNS_TIMEOUT,		/* nothing came */
	PROBE_DNS_PORT_CLOSED,		/* ICMP port unreachable; TCP: refused */
	PROBE_DNS_UNREACHABLE,		/* any other ICMP error or a dead neighbour; see icmp and sys_errno */
	PROBE_DNS_NO_ROUTE,		/* the kernel refused at once: ENETUNREACH, EHOSTUNREACH, EINVAL, EACCES */
	PROBE_DNS_LOCAL_FIREWALL,	/* the kernel refused at once: EPERM */
	PROBE_DNS_MALFORMED,		/* a reply that is too short or does not parse */
	PROBE_DNS_MISMATCHED,		/* only replies with another id, question or sender */
	PROBE_DNS_TCP_CUT,		/* TCP: connected, then closed or reset without an answer */
	PROBE_DNS_LOCAL_ERROR		/* out of descriptors and the like; see sys_errno */
};

struct probe_dns_ede {
	uint16_t code;			/* RFC 8914 */
	char text[128];			/* raw: sanitise before showing */
};

struct probe_dns_answer {
	enum probe_dns_outcome outcome;
	int sys_errno;
	struct probe_icmp_error icmp;
	int64_t rtt_us;			/* of the answer; else the time spent */
	unsigned int sent;		/* datagrams sent */
	unsigned int strays;		/* replies that did not match */

	/* Valid when ANSWERED: */
	uint8_t rcode;			/* 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED, ... */
	bool aa, tc, ra, ad, cd;	/* tc: the answer in hand is truncated still */
	bool edns;			/* the reply has an OPT record */
	struct probe_dns_ede ede[PROBE_DNS_EDE_MAX];
	size_t ede_count;
	struct probe_address_list addresses;	/* of the asked type, at the end of the CNAME chain */
	uint32_t ttl;			/* smallest TTL of the answer section; 0 when it is empty */
	char cnames[PROBE_DNS_CNAMES_MAX][PROBE_DNS_NAME_MAX];	/* the targets, in order; raw */
	size_t cname_count;
	bool cname_loop;		/* the chain comes back to a name that it had, or is longer than the maximum */
	uint16_t answer_records, authority_records;
	bool negative_soa;		/* a SOA in the authority section: a proper "no such data" (RFC 2308) */
	bool policy_soa;		/* a SOA in the additional section: a response policy zone made this answer, and names itself */
	bool is_signed;			/* the answer has signatures (RFC 4034), good from ... to, in seconds since 1970 */
	int64_t signed_from, signed_to;
	bool referral;			/* NS records in the authority section, no answer, not authoritative */
	size_t reply_bytes;
	bool used_tcp;			/* the answer came over TCP */
	bool udp_truncated;		/* the UDP answer was truncated ... */
	enum probe_dns_outcome tcp_outcome;	/* ... and this is what TCP gave; NOT_ASKED when TCP was not tried */
	int64_t udp_rtt_us;		/* when truncated: that of the UDP answer */
};

struct probe_dns_job {
	struct probe_address server;	/* with its port */
	struct probe_dns_question question;
	struct probe_dns_answer answer;	/* filled */
};

/* Asks all of them at once and waits until each is answered or has failed, at most budget_ms. Never fails: what went wrong
 * stands in each answer. A truncated UDP answer whose TCP attempt fails stays ANSWERED with tc set. */
void probe_dns_ask(struct probe_dns_job *jobs, size_t count, int budget_ms);

/* Parses one reply (no transport). `id` is that of the query. ANSWERED, MALFORMED or MISMATCHED. Pure; for the fuzzer. */
enum probe_dns_outcome probe_dns_parse(const uint8_t *data, size_t len, uint16_t id,
				       const struct probe_dns_question *question, struct probe_dns_answer *out);

/* Is it a host name that DNS can carry: labels of 1 to 63, 253 in all, letters, digits, hyphen and underscore? */
bool probe_dns_name_valid(const char *name);

const char *probe_dns_rcode_text(uint8_t rcode);	/* "NXDOMAIN"; "RCODE 17" forms are not made: "" when unknown */

/* The system's own resolver (getaddrinfo), as libcurl and everything else on this host sees names. */
struct probe_system_resolve {
	bool finished;			/* false: the budget ended first */
	int gai_error;			/* EAI_*; 0 when it resolved */
	int sys_errno;			/* of EAI_SYSTEM */
	struct probe_address_list addresses;
	char canonical[PROBE_DNS_NAME_MAX];	/* raw */
	int64_t duration_us;
};

/* `family`: AF_UNSPEC, AF_INET or AF_INET6. In a child process that is killed at the end of the budget, since getaddrinfo
 * cannot be stopped. False only when that child could not be started. */
bool probe_system_resolve(const char *name, uint16_t port, int family, int budget_ms, struct probe_system_resolve *out,
			  struct error *err);

#endif
