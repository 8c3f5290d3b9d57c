#include "diagnose/dns_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "net/probe_route.h"

#define EDNS_SIZE 1232
#define RANDOM_LABEL 12
#define NEUTRAL_NAME "www.example.com"

/* --- the system's resolver, beside the questions ----------------------------------------------------------------------- */

static void *ask_system(void *data)
{
	struct dns_system_ask *ask = data;

	if (!probe_system_resolve(ask->name, ask->port, AF_UNSPEC, ask->budget_ms, &ask->out, NULL))
		ask->out.finished = false;
	file_close(&ask->done[1]);
	return NULL;
}

void dns_system_start(struct dns_system_ask *ask)
{
	if (pipe2(ask->done, O_CLOEXEC) != 0)
		return;
	ask->started = pthread_create(&ask->thread, NULL, ask_system, ask) == 0;
}

/* The wall clock may be set meanwhile, so that it is not waited by. */
void dns_system_join(struct dns_system_ask *ask, int wait_ms, struct probe_system_resolve *out)
{
	int64_t end_ms = clock_monotonic_ms() + wait_ms;
	struct pollfd done = { .fd = ask->done[0], .events = POLLIN };
	int64_t left_ms;

	out->finished = false;
	if (!ask->started)
		return;
	while ((left_ms = end_ms - clock_monotonic_ms()) >= 0) {
		int n = poll(&done, 1, (int)left_ms);

		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		if (n < 0)
			continue;
		pthread_join(ask->thread, NULL);
		file_close(&ask->done[0]);
		*out = ask->out;
		return;
	}
}

/* --- the questions ------------------------------------------------------------------------------------------------------ */

void dns_make_wildcard(char *dst, size_t size)
{
	unsigned char noise[RANDOM_LABEL];
	size_t used = 0;

	if (getrandom(noise, sizeof(noise), GRND_NONBLOCK) != (ssize_t)sizeof(noise))
		memset(noise, 7, sizeof(noise));
	for (size_t i = 0; i < sizeof(noise) && used + 2 < size; i++)
		dst[used++] = (char)('a' + noise[i] % 26);
	snprintf(dst + used, size - used, ".invalid");
}

static void plan_first(struct dns_check *d)
{
	for (size_t s = 0; s < d->servers; s++) {
		const struct { const char *name; enum probe_dns_type type; } questions[DNS_QUESTIONS] = {
			[DNS_ASK_A] = { d->name, PROBE_DNS_A }, [DNS_ASK_AAAA] = { d->name, PROBE_DNS_AAAA },
			[DNS_ASK_WILDCARD] = { d->wildcard, PROBE_DNS_A },
			[DNS_ASK_FEED_A] = { d->feed, PROBE_DNS_A }, [DNS_ASK_FEED_AAAA] = { d->feed, PROBE_DNS_AAAA },
		};

		for (size_t q = 0; q < DNS_QUESTIONS; q++) {
			d->first[s * DNS_QUESTIONS + q] = (struct probe_dns_job){
				.server = d->resolv.servers[s],
				.question = { .name = questions[q].name, .type = questions[q].type,
					      .transport = d->resolv.use_tcp ? PROBE_DNS_TCP : PROBE_DNS_UDP,
					      .edns_size = d->resolv.edns0 ? EDNS_SIZE : 0 },
			};
		}
	}
}

/* Questions about the feed come last of each server, so that they can be left out. */
void dns_ask_first(struct dns_check *d, int wait_ms)
{
	size_t per_server = d->feed != NULL && d->feed != d->name ? DNS_QUESTIONS : DNS_ASK_FEED_A;
	struct probe_dns_job *jobs = calloc(d->servers * DNS_QUESTIONS, sizeof(*jobs));

	if (jobs == NULL)
		return;
	plan_first(d);
	for (size_t s = 0; s < d->servers; s++)
		memcpy(jobs + s * per_server, d->first + s * DNS_QUESTIONS, per_server * sizeof(*jobs));
	probe_dns_ask(jobs, d->servers * per_server, check_left_ms(d->c, wait_ms));
	for (size_t s = 0; s < d->servers; s++)
		memcpy(d->first + s * DNS_QUESTIONS, jobs + s * per_server, per_server * sizeof(*jobs));
	free(jobs);
}

bool dns_first_packet_slow(struct dns_check *d, size_t s, int64_t slow_us)
{
	const struct probe_dns_job *wild = &d->first[s * DNS_QUESTIONS + DNS_ASK_WILDCARD];
	char name[sizeof(d->wildcard)];
	struct probe_dns_job again = { .server = wild->server, .question = wild->question };

	/* Fast about a name that cannot exist: then the peer's name is what takes the server long. */
	if (wild->answer.outcome != PROBE_DNS_ANSWERED || wild->answer.rtt_us < slow_us)
		return false;
	dns_make_wildcard(name, sizeof(name));
	again.question.name = name;
	probe_dns_ask(&again, 1, check_left_ms(d->c, DNS_SECOND_MS));
	return again.answer.outcome == PROBE_DNS_ANSWERED && again.answer.rtt_us < slow_us / 2;
}

/* Is it this node itself that refused? Its own firewall answers with its own address. */
static bool refused_by_itself(const struct dns_view *v)
{
	const struct probe_icmp_error *icmp = &v->a->icmp;
	struct probe_route route;

	/* "Host unreachable" it says of itself when nobody on its own network answers. */
	if (!icmp->seen || probe_icmp_kind(icmp) == PROBE_ICMP_HOST_UNREACHABLE ||
	    probe_address_same_host(&icmp->offender, &v->server) ||
	    probe_address_kind(&v->server) == PROBE_ADDRESS_LOOPBACK)
		return false;
	return probe_route_lookup(&icmp->offender, &route, NULL) && route.kind == PROBE_ROUTE_LOCAL;
}

void dns_make_views(struct dns_check *d, enum dns_question a, enum dns_question aaaa, struct dns_view *views)
{
	for (size_t s = 0; s < d->servers; s++) {
		struct dns_view *v = &views[s];

		*v = (struct dns_view){ .server = d->resolv.servers[s], .now = clock_now() };
		v->a = &d->first[s * DNS_QUESTIONS + a].answer;
		v->aaaa = d->resolv.no_aaaa ? NULL : &d->first[s * DNS_QUESTIONS + aaaa].answer;
		v->own_firewall = refused_by_itself(v);
	}
}

static const struct probe_dns_answer **second_slot(struct dns_view *v, enum dns_second which)
{
	switch (which) {
	case DNS_SECOND_UNCHECKED: return &v->unchecked;
	case DNS_SECOND_EXTENDED: return &v->extended;
	case DNS_SECOND_PLAIN: return &v->plain;
	case DNS_SECOND_OTHER: return &v->other_name;
	case DNS_SECOND_TCP:
	case DNS_SECONDS: break;
	}
	return NULL;
}

/* What would tell this server's failure from its neighbours: a set of 1 << enum dns_second. */
static unsigned int second_questions(const struct dns_check *d, const struct dns_view *v)
{
	unsigned int plain = d->resolv.edns0 ? 1u << DNS_SECOND_PLAIN : 0;

	switch (v->class) {
	case DNS_SERVFAIL: return 1u << DNS_SECOND_UNCHECKED | 1u << DNS_SECOND_EXTENDED;
	case DNS_REFUSED: return 1u << DNS_SECOND_EXTENDED | 1u << DNS_SECOND_OTHER;
	case DNS_NXDOMAIN:
	case DNS_NODATA: return 1u << DNS_SECOND_EXTENDED;
	case DNS_FORMERR:
	case DNS_MALFORMED: return plain;
	case DNS_TIMEOUT: return plain | 1u << DNS_SECOND_TCP;
	default: return 0;
	}
}

static struct probe_dns_question second_question(const struct dns_check *d, enum dns_second which)
{
	struct probe_dns_question q = { .name = d->name, .type = PROBE_DNS_A, .transport = PROBE_DNS_UDP };

	switch (which) {
	case DNS_SECOND_UNCHECKED:
		q.checking_disabled = q.dnssec_ok = true;
		q.edns_size = EDNS_SIZE;
		break;
	case DNS_SECOND_EXTENDED: q.edns_size = EDNS_SIZE; break;
	case DNS_SECOND_OTHER: q.name = NEUTRAL_NAME; break;
	case DNS_SECOND_TCP: q.transport = PROBE_DNS_TCP; break;
	case DNS_SECOND_PLAIN:
	case DNS_SECONDS: break;
	}
	return q;
}

void dns_ask_second(struct dns_check *d)
{
	struct { struct dns_view *view; enum dns_second which; } asked[DNS_SERVERS_MAX * DNS_SECONDS];
	size_t n = 0;

	for (size_t s = 0; s < d->servers; s++) {
		unsigned int wanted = second_questions(d, &d->views[s]);

		for (int which = 0; which < DNS_SECONDS; which++) {
			if ((wanted >> which & 1) == 0)
				continue;
			d->second[n] = (struct probe_dns_job){ .server = d->views[s].server,
							       .question = second_question(d, (enum dns_second)which) };
			asked[n].view = &d->views[s];
			asked[n++].which = (enum dns_second)which;
		}
	}
	if (n == 0)
		return;
	probe_dns_ask(d->second, n, check_left_ms(d->c, DNS_SECOND_MS));
	for (size_t i = 0; i < n; i++) {
		const struct probe_dns_answer **slot = second_slot(asked[i].view, asked[i].which);
		char server[PROBE_ADDRESS_TEXT_MAX];

		if (slot != NULL)
			*slot = &d->second[i].answer;
		else if (d->second[i].answer.outcome == PROBE_DNS_ANSWERED)
			result_evidence(d->r, _("TCP 53"), _("%s answers over TCP: UDP is what is blocked"),
					probe_address_text(server, &asked[i].view->server));
	}
}
