#include "net/probe_ntp.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define PACKET_LEN 48
#define NTP_VERSION 4
#define MODE_CLIENT 3
#define MODE_SERVER 4
#define STRATUM_UNSYNCHRONISED 16
#define LEAP_ALARM 3
#define REFERENCE_AT 16
#define ORIGIN_AT 24
#define RECEIVE_AT 32
#define TRANSMIT_AT 40
#define ERA_S 4294967296LL		/* 2^32 */
#define UNIX_1900_S 2208988800LL	/* from 1900 to 1970 */

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Microseconds since 1970. An NTP era is 136 years: the one nearest to `near_us` is meant (RFC 5905 6). */
static int64_t stamp_us(const uint8_t *p, int64_t near_us)
{
	int64_t seconds = (int64_t)get32(p) - UNIX_1900_S, near_s = near_us / 1000000;
	int64_t micros = (int64_t)(((uint64_t)get32(p + 4) * 1000000) >> 32);

	while (seconds < near_s - ERA_S / 2)
		seconds += ERA_S;
	while (seconds > near_s + ERA_S / 2)
		seconds -= ERA_S;
	return seconds * 1000000 + micros;
}

static double short_ms(const uint8_t *p)
{
	return (double)get32(p) * 1000.0 / 65536.0;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

static void take_fields(const uint8_t *data, struct probe_ntp *out)
{
	out->leap = data[0] >> 6;
	out->version = (data[0] >> 3) & 7;
	out->mode = data[0] & 7;
	out->stratum = data[1];
	out->poll = (int8_t)data[2];
	out->precision = (int8_t)data[3];
	out->root_delay_ms = short_ms(data + 4);
	out->root_dispersion_ms = short_ms(data + 8);
	out->root_distance_ms = out->root_delay_ms / 2 + out->root_dispersion_ms;
	if (out->stratum != 0)
		return;
	for (int i = 0; i < 4 && isgraph(data[12 + i]); i++)
		out->kiss[i] = (char)data[12 + i];
}

static void take_offset(const uint8_t *data, int64_t t1_us, int64_t t4_us, struct probe_ntp *out)
{
	int64_t t2_us = stamp_us(data + RECEIVE_AT, t4_us), t3_us = stamp_us(data + TRANSMIT_AT, t4_us);

	if (is_zero(data + RECEIVE_AT, 8) || is_zero(data + TRANSMIT_AT, 8) || t3_us < t2_us)
		return;
	out->offset_ms = (double)((t2_us - t1_us) + (t3_us - t4_us)) / 2000.0;
	out->delay_ms = (double)((t4_us - t1_us) - (t3_us - t2_us)) / 1000.0;
	out->server_time_ms = t3_us / 1000;
	out->has_offset = true;
}

void probe_ntp_parse(const uint8_t *data, size_t len, const uint8_t *origin, int64_t t1_us, int64_t t4_us,
		     struct probe_ntp *out)
{
	out->reply_bytes = len;
	if (len < PACKET_LEN) {
		out->outcome = PROBE_NTP_SHORT;
		return;
	}
	take_fields(data, out);
	/* A kiss of death says so in the stratum; its origin still has to be ours. */
	if (out->mode != MODE_SERVER) {
		out->outcome = PROBE_NTP_BAD_MODE;
	} else if (out->version != NTP_VERSION && out->version != 3) {
		out->outcome = PROBE_NTP_BAD_VERSION;
	} else if (memcmp(data + ORIGIN_AT, origin, 8) != 0) {
		out->outcome = PROBE_NTP_ORIGIN_MISMATCH;
	} else if (out->stratum == 0) {
		/* Without a code it is no kiss of death: a server that has no time yet says no more. */
		out->outcome = out->kiss[0] != '\0' ? PROBE_NTP_KISS : PROBE_NTP_UNSYNCHRONISED;
	} else {
		take_offset(data, t1_us, t4_us, out);
		if (out->stratum >= STRATUM_UNSYNCHRONISED)
			out->outcome = PROBE_NTP_UNSYNCHRONISED;
		else if (is_zero(data + TRANSMIT_AT, 8))
			out->outcome = PROBE_NTP_ZERO_TRANSMIT;
		else if (out->leap == LEAP_ALARM)
			out->outcome = PROBE_NTP_LEAP_ALARM;
		else if (out->root_distance_ms >= PROBE_NTP_ROOT_DISTANCE_MAX_MS)
			out->outcome = PROBE_NTP_ROOT_DISTANCE;
		else
			out->outcome = PROBE_NTP_OK;
	}
}

/* The conversation */

#define REQUESTS_MAX 2
#define MISMATCH_PATIENCE_US 400000	/* after a reply to something else, the right one may still come */

struct request {
	uint8_t origin[8];
	int64_t start_us;		/* monotonic */
};

struct asking {
	struct probe_ntp_job *job;
	int fd;				/* -1: done */
	struct request requests[REQUESTS_MAX];	/* a late reply to the first is good, too */
	int64_t give_up_us;
};

/* The program's wall clock in microseconds; tests may have moved it by whole milliseconds. */
static int64_t wall_us(void)
{
	struct timespec ts;
	int64_t real_us;

	clock_gettime(CLOCK_REALTIME, &ts);
	real_us = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	return real_us + (clock_now_ms() - real_us / 1000) * 1000;
}

static void finish(struct asking *a, enum probe_ntp_outcome outcome, int64_t now_us)
{
	a->job->reply.outcome = outcome;
	a->job->reply.rtt_us = now_us - a->requests[0].start_us;
	file_close(&a->fd);
}

static enum probe_ntp_outcome outcome_of(int error, bool at_once)
{
	switch (error) {
	case ECONNREFUSED: return PROBE_NTP_PORT_CLOSED;
	case EPERM: return PROBE_NTP_LOCAL_FIREWALL;
	case EACCES: case EINVAL: case ENETUNREACH: case EHOSTUNREACH: case EADDRNOTAVAIL:
		return at_once ? PROBE_NTP_NO_ROUTE : PROBE_NTP_UNREACHABLE;
	case ENOPROTOOPT: case EPROTO: case ENETDOWN: case EHOSTDOWN: case ENONET:
		return PROBE_NTP_UNREACHABLE;
	default: return PROBE_NTP_LOCAL_ERROR;
	}
}

static void fail(struct asking *a, int error, bool at_once)
{
	a->job->reply.sys_errno = error;
	if (a->fd >= 0)
		probe_errqueue_read(a->fd, &a->job->reply.icmp);
	finish(a, outcome_of(error, at_once), clock_monotonic_us());
}

static void send_request(struct asking *a)
{
	struct request *r = &a->requests[a->job->reply.sent < REQUESTS_MAX ? a->job->reply.sent : REQUESTS_MAX - 1];
	uint8_t packet[PACKET_LEN] = { NTP_VERSION << 3 | MODE_CLIENT };

	/* The transmit time stamp is a random number: it need only come back, and nobody learns this host's clock from it. */
	if (getrandom(r->origin, sizeof(r->origin), GRND_NONBLOCK) != sizeof(r->origin))
		memcpy(r->origin, &(int64_t){ clock_monotonic_us() }, sizeof(r->origin));
	memcpy(packet + TRANSMIT_AT, r->origin, sizeof(r->origin));
	r->start_us = clock_monotonic_us();
	if (send(a->fd, packet, sizeof(packet), MSG_NOSIGNAL) < 0)
		fail(a, errno, a->job->reply.sent == 0);
	else
		a->job->reply.sent++;
}

static void start(struct asking *a, struct probe_ntp_job *job)
{
	const struct probe_address *server = &job->server;

	memset(&job->reply, 0, sizeof(job->reply));
	*a = (struct asking){ .job = job, .give_up_us = INT64_MAX };
	a->requests[0].start_us = clock_monotonic_us();
	a->fd = socket(probe_address_family(server), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->fd < 0 || !probe_errqueue_enable(a->fd, probe_address_family(server)) ||
	    connect(a->fd, &server->sa, probe_address_len(server)) != 0)
		fail(a, errno, true);
	else
		send_request(a);
}

static void on_datagram(struct asking *a)
{
	int64_t now_us = clock_monotonic_us(), t4_us = wall_us();
	struct probe_ntp *reply = &a->job->reply;
	uint8_t packet[1024];
	ssize_t n = recv(a->fd, packet, sizeof(packet), 0);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			fail(a, errno, false);
		return;
	}
	for (unsigned int i = 0; i < reply->sent && i < REQUESTS_MAX; i++) {
		const struct request *r = &a->requests[i];

		probe_ntp_parse(packet, (size_t)n, r->origin, t4_us - (now_us - r->start_us), t4_us, reply);
		if (reply->outcome != PROBE_NTP_ORIGIN_MISMATCH) {
			finish(a, reply->outcome, now_us);
			return;
		}
	}
	if (a->give_up_us == INT64_MAX)
		a->give_up_us = now_us + MISMATCH_PATIENCE_US;
}

static size_t still_open(const struct asking *all, size_t count)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++)
		open += all[i].fd >= 0;
	return open;
}

static void wait_until(struct asking *all, struct pollfd *fds, size_t count, int64_t until_us)
{
	int64_t now_us;

	while (still_open(all, count) > 0 && (now_us = clock_monotonic_us()) < until_us) {
		int64_t next_us = until_us;

		for (size_t i = 0; i < count; i++) {
			if (all[i].fd >= 0 && now_us >= all[i].give_up_us)
				finish(&all[i], PROBE_NTP_ORIGIN_MISMATCH, now_us);
			if (all[i].fd >= 0 && all[i].give_up_us < next_us)
				next_us = all[i].give_up_us;
			fds[i] = (struct pollfd){ .fd = all[i].fd, .events = POLLIN };
		}
		if (poll(fds, (nfds_t)count, (int)((next_us - now_us) / 1000) + 1) <= 0)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (all[i].fd >= 0 && fds[i].revents != 0)
				on_datagram(&all[i]);
		}
	}
}

void probe_ntp_ask(struct probe_ntp_job *jobs, size_t count, int budget_ms)
{
	int64_t start_us = clock_monotonic_us(), budget_us = (int64_t)budget_ms * 1000;
	struct asking *all = calloc(count + 1, sizeof(*all));
	struct pollfd *fds = calloc(count + 1, sizeof(*fds));

	if (all == NULL || fds == NULL) {
		for (size_t i = 0; i < count; i++)
			jobs[i].reply = (struct probe_ntp){ .outcome = PROBE_NTP_LOCAL_ERROR, .sys_errno = ENOMEM };
		goto out;
	}
	for (size_t i = 0; i < count; i++)
		start(&all[i], &jobs[i]);
	wait_until(all, fds, count, start_us + budget_us / 3);
	for (size_t i = 0; i < count; i++) {
		if (all[i].fd >= 0)
			send_request(&all[i]);
	}
	wait_until(all, fds, count, start_us + budget_us);
	for (size_t i = 0; i < count; i++) {
		if (all[i].fd >= 0)
			finish(&all[i], all[i].give_up_us != INT64_MAX ? PROBE_NTP_ORIGIN_MISMATCH : PROBE_NTP_TIMEOUT,
			       clock_monotonic_us());
	}
out:
	free(fds);
	free(all);
}
