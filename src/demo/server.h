/* server.h - the demo's servers, on 127.0.0.1 only: a feed, a proxy, a time server, and what goes wrong with them.
 *
 * One process listens, and every connection has a child of its own, which ends after a time limit. All of them end with the
 * process that started them.
 */
#ifndef PC_DEMO_SERVER_H
#define PC_DEMO_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "demo/pki.h"

enum server_feed {
	SERVER_FEED_GOOD,
	SERVER_FEED_LOGIN_PAGE,		/* a sign-on page in place of every file */
	SERVER_FEED_ERROR,			/* 503 */
	SERVER_FEED_PLAIN,			/* speaks HTTP without TLS */
	SERVER_FEED_SILENT,			/* accepts, and says nothing */
	SERVER_FEED_REFUSED			/* the port is taken and nobody listens */
};

enum server_proxy {
	SERVER_GOOD_PROXY,
	SERVER_LOGIN_PROXY,			/* user "demo", password "demo" */
	SERVER_DENIES_PROXY,			/* 403 for every host */
	SERVER_IS_SSH_PROXY,			/* an SSH server stands at the port */
	SERVER_IS_REFUSED_PROXY
};

#define SERVER_LOGIN "demo"
#define SERVER_PASSWORD "demo"

struct server_plan {
	const char *feed_dir;		/* what the feed serves */
	const char *log_file;		/* a record is appended now and then; NULL: none */
	struct pki *pki;
	enum pki_fault fault;
	enum server_feed feed;
	enum server_proxy proxy;
	long time_offset_s;		/* how far the time server's clock is ahead */
	long bytes_per_s;		/* how fast the feed sends a file */
};

struct server {
	pid_t pid;
	uint16_t feed_port, proxy_port, time_port;
};

/* Starts the servers at the ports of `out`, or, where those are 0 or taken, at free ones. Stop them with server_stop(),
 * which leaves the ports there for the next start. */
bool server_start(const struct server_plan *plan, struct server *out, struct error *err);
void server_stop(struct server *server);

#endif
