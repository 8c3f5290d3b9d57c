/* probe_ntp.h - one SNTP exchange with each of several servers, side by side, with every check on the reply.
 *
 * (RFC 5905, RFC 4330.) Offsets are against clock_now_ms(), the clock that certificates are judged with.
 */
#ifndef PC_NET_PROBE_NTP_H
#define PC_NET_PROBE_NTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/probe_address.h"
#include "net/probe_errqueue.h"

enum probe_ntp_outcome {
	PROBE_NTP_OK,
	PROBE_NTP_TIMEOUT,
	PROBE_NTP_PORT_CLOSED,
	PROBE_NTP_UNREACHABLE,		/* ICMP, or a dead neighbour; see icmp and sys_errno */
	PROBE_NTP_NO_ROUTE,		/* the kernel refused at once */
	PROBE_NTP_LOCAL_FIREWALL,	/* EPERM at once */
	PROBE_NTP_SHORT,		/* less than 48 bytes */
	PROBE_NTP_BAD_VERSION,
	PROBE_NTP_BAD_MODE,
	PROBE_NTP_ORIGIN_MISMATCH,	/* a reply to something else: replay, spoof */
	PROBE_NTP_KISS,			/* stratum 0; see kiss: "RATE", "DENY", "RSTR", "INIT", "STEP", ... */
	PROBE_NTP_UNSYNCHRONISED,	/* stratum 16 or more, or 0 with no code */
	PROBE_NTP_LEAP_ALARM,		/* leap indicator 3 with a sane stratum */
	PROBE_NTP_ZERO_TRANSMIT,
	PROBE_NTP_ROOT_DISTANCE,	/* root delay / 2 + root dispersion above the limit, or a bad reference time */
	PROBE_NTP_LOCAL_ERROR
};

struct probe_ntp {
	enum probe_ntp_outcome outcome;
	int sys_errno;
	struct probe_icmp_error icmp;
	uint8_t leap, version, mode, stratum;
	int8_t poll, precision;
	char kiss[5];			/* stratum 0: the code, only printable ASCII; else "" */
	double root_delay_ms, root_dispersion_ms, root_distance_ms;
	double offset_ms;		/* server minus this host: positive when this clock is slow; valid when has_offset */
	double delay_ms;		/* round trip less the server's own time */
	bool has_offset;		/* the time stamps make sense; also set with UNSYNCHRONISED, LEAP_ALARM, ROOT_DISTANCE */
	int64_t server_time_ms;		/* since 1970; valid when has_offset */
	size_t reply_bytes;
	unsigned int sent;
	int64_t rtt_us;
};

struct probe_ntp_job {
	struct probe_address server;	/* with its port, 123 */
	struct probe_ntp reply;		/* filled */
};

#define PROBE_NTP_ROOT_DISTANCE_MAX_MS 1500.0	/* RFC 5905 MAXDIST */

/* Asks all at once, with one repetition after a third of the budget (not after a kiss-o'-death). */
void probe_ntp_ask(struct probe_ntp_job *jobs, size_t count, int budget_ms);

/* Checks a reply. `origin`: the transmit time stamp that was sent (8 bytes); t1, t4: when the request left and the reply came,
 * microseconds since 1970 by this host's clock. Pure; for the fuzzer. */
void probe_ntp_parse(const uint8_t *data, size_t len, const uint8_t *origin, int64_t t1_us, int64_t t4_us,
		     struct probe_ntp *out);

#endif
