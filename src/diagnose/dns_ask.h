/* dns_ask.h - the questions of the check `dns`: to each name server, again with one thing changed, and to the system's resolver. */
#ifndef PC_DIAGNOSE_DNS_ASK_H
#define PC_DIAGNOSE_DNS_ASK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diagnose/check.h"
#include "diagnose/dns_judge.h"
#include "net/probe_resolv.h"

#define DNS_SERVERS_MAX PROBE_RESOLV_SERVERS_MAX
#define DNS_SECOND_MS 1500		/* for a question that is asked again */

/* What is asked of each server in the first round. */
enum dns_question { DNS_ASK_A, DNS_ASK_AAAA, DNS_ASK_WILDCARD, DNS_ASK_FEED_A, DNS_ASK_FEED_AAAA, DNS_QUESTIONS };
/* And in the second, of a server that failed. */
enum dns_second { DNS_SECOND_UNCHECKED, DNS_SECOND_EXTENDED, DNS_SECOND_PLAIN, DNS_SECOND_OTHER, DNS_SECOND_TCP, DNS_SECONDS };

struct dns_check {
	const struct check_context *c;
	struct check_result *r;
	const char *name;		/* the peer's */
	const char *feed;		/* the feed's, behind a proxy; else NULL */
	char wildcard[64];		/* a name that cannot exist */
	struct probe_resolv resolv;
	struct probe_nsswitch nsswitch;
	struct probe_hosts hosts;
	bool implicit_server;		/* resolv.conf names none: the local host is asked, as glibc does */
	size_t servers;
	struct probe_dns_job first[DNS_SERVERS_MAX * DNS_QUESTIONS];
	struct probe_dns_job second[DNS_SERVERS_MAX * DNS_SECONDS];
	struct dns_view views[DNS_SERVERS_MAX];
	struct dns_judgement judgement;
	struct probe_system_resolve system;
	int64_t first_packet_us;	/* what the first packet lost on the way, and no later one: 0 when nothing */
};

/* The system's resolver, in a thread of its own beside the questions. */
struct dns_system_ask {
	const char *name;
	uint16_t port;
	int budget_ms;
	struct probe_system_resolve out;
	pthread_t thread;
	int done[2];			/* a pipe: closed at its writing end when the answer is there */
	bool started;
};

/* Starts it; `ask` must live as long as its thread. */
void dns_system_start(struct dns_system_ask *ask);
/* Takes its answer, if that comes within `wait_ms`; else out->finished is false. */
void dns_system_join(struct dns_system_ask *ask, int wait_ms, struct probe_system_resolve *out);

/* A name that cannot exist (RFC 6761 6.4). */
void dns_make_wildcard(char *dst, size_t size);

/* Asks every server for all of the first round, at once; the answers are in d->first. */
void dns_ask_first(struct dns_check *d, int wait_ms);
/* What each server said to the questions `a` and `aaaa`, for dns_judge(). The views point into d->first. */
void dns_make_views(struct dns_check *d, enum dns_question a, enum dns_question aaaa, struct dns_view *views);
/* The server `s` took `slow_us` and more: was that the first packet, which also waits for a neighbour's link address or is lost to
 * that, and not the server? Yes when all of the first round was slow, and a name as new to the server as the first is not. */
bool dns_first_packet_slow(struct dns_check *d, size_t s, int64_t slow_us);
/* Asks the servers that failed what tells their failures from their neighbours, and fills that into d->views. */
void dns_ask_second(struct dns_check *d);

#endif
