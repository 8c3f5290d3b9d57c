#include "diagnose/dns_chase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "net/probe_dns.h"

#define STEP_MS 700

struct chase {
	char names[PROBE_DNS_CNAMES_MAX + 1][PROBE_DNS_NAME_MAX];
	size_t count;
};

static bool seen(const struct chase *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++) {
		if (strcasecmp(c->names[i], name) == 0)
			return true;
	}
	return false;
}

/* The alias of the last name. False when it has none, or nobody says. */
static bool step(const struct probe_address *server, struct chase *c, int budget_ms)
{
	struct probe_dns_job *job = calloc(1, sizeof(*job));
	bool found = false;

	if (job == NULL)
		return false;
	job->server = *server;
	job->question = (struct probe_dns_question){ .name = c->names[c->count - 1], .type = PROBE_DNS_CNAME,
						     .transport = PROBE_DNS_UDP, .checking_disabled = true };
	probe_dns_ask(job, 1, budget_ms < STEP_MS ? budget_ms : STEP_MS);
	found = job->answer.outcome == PROBE_DNS_ANSWERED && job->answer.cname_count > 0;
	if (found)
		snprintf(c->names[c->count], sizeof(c->names[0]), "%s", job->answer.cnames[0]);
	free(job);
	return found;
}

bool dns_chase_loops(const struct probe_address *server, const char *name, int budget_ms)
{
	int64_t end_ms = clock_monotonic_ms() + budget_ms;
	struct chase *c = calloc(1, sizeof(*c));
	bool loops = false;

	if (c == NULL)
		return false;
	snprintf(c->names[c->count++], sizeof(c->names[0]), "%s", name);
	while (!loops && clock_monotonic_ms() < end_ms && step(server, c, (int)(end_ms - clock_monotonic_ms()))) {
		loops = seen(c, c->names[c->count]) || c->count == PROBE_DNS_CNAMES_MAX;
		c->count++;
	}
	free(c);
	return loops;
}
