/* probe_channel.h - a byte stream with a deadline: a socket, and TLS upon it, and TLS upon a tunnel in that.
 *
 * What every conversation probe (CONNECT, SOCKS, TLS, HTTP) reads and writes. A probe that succeeds leaves the channel ready
 * for the next one: TCP, then TLS to an https proxy, then CONNECT, then TLS to the feed.
 */
#ifndef PC_NET_PROBE_CHANNEL_H
#define PC_NET_PROBE_CHANNEL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct probe_channel;

/* Takes a connected socket and owns it. NULL when out of memory (the socket is closed then, too). */
struct probe_channel *probe_channel_new(int fd);

/* What a channel stands on in place of a plain socket. read() and write() do not wait: -1 and EAGAIN; 0 from read(): the end. */
struct probe_channel_base {
	ssize_t (*read)(void *data, void *bytes, size_t size);
	ssize_t (*write)(void *data, const void *bytes, size_t len);
	void (*close)(void *data);
	void *data;
};

/* The same over `base`, which it closes in the end; `fd`, to wait on, belongs to that. NULL when out of memory: then nothing was closed. */
struct probe_channel *probe_channel_over(int fd, const struct probe_channel_base *base);
void probe_channel_free(struct probe_channel *ch);

int probe_channel_fd(const struct probe_channel *ch);

/* Reads some bytes, waiting until deadline_us (monotonic). > 0: bytes; 0: the peer closed; -1: errno, ETIMEDOUT when the
 * deadline passed, EPROTO when a TLS layer broke. */
ssize_t probe_channel_read(struct probe_channel *ch, void *data, size_t size, int64_t deadline_us);
/* Writes all. False: errno as above. */
bool probe_channel_write(struct probe_channel *ch, const void *data, size_t len, int64_t deadline_us);

/* Puts bytes back, to be read first. Used by a probe that read beyond what was its own. */
bool probe_channel_unread(struct probe_channel *ch, const void *data, size_t len);

/* Pushes a TLS layer: from now on reads and writes are of that session. Takes the session, whose BIOs are memory.
 * For probe_tls.c. */
bool probe_channel_push_tls(struct probe_channel *ch, SSL *ssl);

/* The innermost TLS session, borrowed; NULL when there is none. For probe_tls.c. */
SSL *probe_channel_tls(const struct probe_channel *ch);

/* Bytes of this channel's lowest layer, both ways. */
uint64_t probe_channel_bytes_received(const struct probe_channel *ch);
uint64_t probe_channel_bytes_sent(const struct probe_channel *ch);

#endif
