/* checks.h - the nine checks of the table. Each stands in the file of its name. */
#ifndef PC_DIAGNOSE_CHECKS_H
#define PC_DIAGNOSE_CHECKS_H

#include "diagnose/check.h"

/* The node itself: state folder, lock, settings, trust store; link, address, route. */
void check_local_run(const struct check_context *c, struct check_result *r);
/* Every name server for itself, the system's own resolver, /etc/hosts. */
void check_dns_run(const struct check_context *c, struct check_result *r);
/* SNTP with each time server, the kernel's clock, the time client. */
void check_time_run(const struct check_context *c, struct check_result *r);
/* A connection to each address of the feed, or of the proxy. */
void check_tcp_run(const struct check_context *c, struct check_result *r);
/* A tunnel through the proxy; what the proxy says when it refuses. */
void check_proxy_run(const struct check_context *c, struct check_result *r);
/* The handshake with the feed's server. */
void check_tls_run(const struct check_context *c, struct check_result *r);
/* The certificates that came with it, against the store. */
void check_chain_run(const struct check_context *c, struct check_result *r);
/* The feed: fetched, parsed, its signature and age. */
void check_http_run(const struct check_context *c, struct check_result *r);
/* A ping: information only. */
void check_icmp_run(const struct check_context *c, struct check_result *r);

#endif
