/* talk.h - what the demo's feed and proxy say on one connection. Blocking; in a process of its own. */
#ifndef PC_DEMO_TALK_H
#define PC_DEMO_TALK_H

#include "demo/server.h"

struct talk {
	const char *feed_dir;
	enum server_feed feed;
	enum server_proxy proxy;
	uint16_t feed_port;		/* where every tunnel goes */
	long bytes_per_s;
	SSL_CTX *context;		/* NULL: without TLS */
};

void talk_feed(const struct talk *t, int fd);
void talk_proxy(const struct talk *t, int fd);

#endif
