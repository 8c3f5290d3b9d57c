/* probe_auth.h - the login at a proxy: which methods a 407 offers, and the header that answers it. For probe_connect.c. */
#ifndef PC_NET_PROBE_AUTH_H
#define PC_NET_PROBE_AUTH_H

#include "base/buffer.h"
#include "net/probe_connect.h"

/* Reads the challenges of a 407: what is offered, and the strongest Digest challenge that we can answer. */
void probe_auth_challenge(const char *proxy_authenticate, struct probe_challenge *out);

/* The best of what is offered that we can do; PROBE_AUTH_NONE when there is none. */
enum probe_auth probe_auth_choose(const struct probe_challenge *challenge);

/* Appends the value of a Proxy-Authorization header for "CONNECT uri". `out` holds a secret afterwards: wipe it. `cnonce`:
 * hexadecimal; NULL: a random one. */
bool probe_auth_header(struct buffer *out, enum probe_auth method, const struct probe_challenge *challenge, const char *user,
		       const char *password, const char *uri, const char *cnonce);

#endif
