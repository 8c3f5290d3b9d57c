/* probe_clock.h - what this host thinks of its own clock: the kernel's state, the time client, and its servers. */
#ifndef PC_NET_PROBE_CLOCK_H
#define PC_NET_PROBE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "net/probe_resolv.h"

#define PROBE_CLOCK_SERVERS_MAX 16

struct probe_clock {
	bool kernel_known;		/* adjtimex() told */
	bool synchronised;		/* no STA_UNSYNC */
	int64_t max_error_us, estimated_error_us;
	time_t build_time;		/* when this program was built: no right clock is before it */
	bool before_build;		/* by clock_now() */
	int zone_offset_s;		/* local time minus UTC */
};

enum probe_time_client_kind {
	PROBE_TIME_CLIENT_NONE,
	PROBE_TIME_CLIENT_CHRONY,
	PROBE_TIME_CLIENT_TIMESYNCD,
	PROBE_TIME_CLIENT_NTPD,		/* ntp, ntpsec */
	PROBE_TIME_CLIENT_OPENNTPD
};

struct probe_time_server {
	char host[256];			/* name or literal; raw */
	uint16_t port;
	bool pool;
};

struct probe_time_servers {
	struct probe_time_server items[PROBE_CLOCK_SERVERS_MAX];
	size_t count;
	bool more;
};

struct probe_time_client {
	enum probe_time_client_kind kind;	/* the one that runs; else the one that is configured */
	bool running;
	pid_t pid;			/* 0 when it does not run */
	bool configured;		/* a configuration file of one was found */
	struct probe_file config;	/* that file */
	struct probe_time_servers servers;
};

void probe_clock_read(struct probe_clock *out);

/* Finds the time client and its servers. `root`: a folder to take etc/ and usr/lib/ from, for tests; NULL: "/".
 * Running means: a process of that name is seen in /proc. */
void probe_time_client_find(const char *root, struct probe_time_client *out);

const char *probe_time_client_name(enum probe_time_client_kind kind);	/* "chrony" */

/* Pure parsers of configuration files; add to `out`. */
void probe_chrony_conf_parse(const char *text, size_t len, struct probe_time_servers *out);
void probe_ntp_conf_parse(const char *text, size_t len, struct probe_time_servers *out);	/* ntp, ntpsec, OpenNTPD */
void probe_timesyncd_conf_parse(const char *text, size_t len, struct probe_time_servers *out);

#endif
