#include "net/probe_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"

#define LAYERS_MAX 3		/* TLS to the proxy, TLS to the feed, and one to spare */
#define UNREAD_MAX (1024 * 1024)
#define RECORD_MAX (17 * 1024)

struct probe_channel {
	int fd;
	struct probe_channel_base base;
	SSL *layers[LAYERS_MAX];	/* the outermost, next to the socket, first */
	size_t layer_count;
	struct buffer unread;
	uint64_t received, sent;
};

/* A socket as the base; its number is the data. */
static ssize_t plain_read(void *data, void *bytes, size_t size)
{
	return recv((int)(intptr_t)data, bytes, size, 0);
}

static ssize_t plain_write(void *data, const void *bytes, size_t len)
{
	return send((int)(intptr_t)data, bytes, len, MSG_NOSIGNAL);
}

static void plain_close(void *data)
{
	close((int)(intptr_t)data);
}

struct probe_channel *probe_channel_over(int fd, const struct probe_channel_base *base)
{
	struct probe_channel *ch = calloc(1, sizeof(*ch));

	if (ch == NULL)
		return NULL;
	ch->fd = fd;
	ch->base = *base;
	ch->unread = (struct buffer)BUFFER_INIT(UNREAD_MAX);
	return ch;
}

struct probe_channel *probe_channel_new(int fd)
{
	const struct probe_channel_base base = { plain_read, plain_write, plain_close, (void *)(intptr_t)fd };
	struct probe_channel *ch = probe_channel_over(fd, &base);
	int flags = fcntl(fd, F_GETFL);

	if (ch == NULL)
		close(fd);
	else if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return ch;
}

void probe_channel_free(struct probe_channel *ch)
{
	if (ch == NULL)
		return;
	while (ch->layer_count > 0)
		SSL_free(ch->layers[--ch->layer_count]);
	ch->base.close(ch->base.data);
	buffer_clear(&ch->unread);
	free(ch);
}

int probe_channel_fd(const struct probe_channel *ch)
{
	return ch->fd;
}

uint64_t probe_channel_bytes_received(const struct probe_channel *ch)
{
	return ch->received;
}

uint64_t probe_channel_bytes_sent(const struct probe_channel *ch)
{
	return ch->sent;
}

bool probe_channel_push_tls(struct probe_channel *ch, SSL *ssl)
{
	if (ch->layer_count == LAYERS_MAX)
		return false;
	ch->layers[ch->layer_count++] = ssl;
	return true;
}

SSL *probe_channel_tls(const struct probe_channel *ch)
{
	return ch->layer_count > 0 ? ch->layers[ch->layer_count - 1] : NULL;
}

bool probe_channel_unread(struct probe_channel *ch, const void *data, size_t len)
{
	struct buffer joined = BUFFER_INIT(UNREAD_MAX);

	if (!buffer_append(&joined, data, len) ||
	    (ch->unread.len > 0 && !buffer_append(&joined, ch->unread.data, ch->unread.len))) {
		buffer_clear(&joined);
		return false;
	}
	buffer_clear(&ch->unread);
	ch->unread = joined;
	return true;
}

/* Waits for the socket. False with ETIMEDOUT at the deadline. */
static bool wait_for(int fd, short events, int64_t deadline_us)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int64_t left_us = deadline_us - clock_monotonic_us();
		int n;

		if (left_us <= 0) {
			errno = ETIMEDOUT;
			return false;
		}
		n = poll(&p, 1, (int)((left_us + 999) / 1000));
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

static ssize_t socket_read(struct probe_channel *ch, void *data, size_t size, int64_t deadline_us)
{
	for (;;) {
		ssize_t n = ch->base.read(ch->base.data, data, size);

		if (n >= 0) {
			ch->received += (uint64_t)n;
			return n;
		}
		if (errno == EINTR)
			continue;
		if ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait_for(ch->fd, POLLIN, deadline_us))
			return -1;
	}
}

static bool socket_write(struct probe_channel *ch, const void *data, size_t len, int64_t deadline_us)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = ch->base.write(ch->base.data, p, len);

		if (n >= 0) {
			ch->sent += (uint64_t)n;
			p += n;
			len -= (size_t)n;
		} else if (errno != EINTR && ((errno != EAGAIN && errno != EWOULDBLOCK) ||
					      !wait_for(ch->fd, POLLOUT, deadline_us))) {
			return false;
		}
	}
	return true;
}

static ssize_t layer_read(struct probe_channel *ch, size_t layer, void *data, size_t size, int64_t deadline_us);
static bool layer_write(struct probe_channel *ch, size_t layer, const void *data, size_t len, int64_t deadline_us);

/* Sends what a TLS layer has to say to the one below. */
static bool flush_layer(struct probe_channel *ch, size_t layer, int64_t deadline_us)
{
	BIO *out = SSL_get_wbio(ch->layers[layer - 1]);
	char record[RECORD_MAX];
	int n;

	while ((n = BIO_read(out, record, sizeof(record))) > 0) {
		if (!layer_write(ch, layer - 1, record, (size_t)n, deadline_us))
			return false;
	}
	return true;
}

/* Gets the layer more of its cipher text. 1, 0 at the end, -1. */
static int feed_layer(struct probe_channel *ch, size_t layer, int64_t deadline_us)
{
	char record[RECORD_MAX];
	ssize_t n = layer_read(ch, layer - 1, record, sizeof(record), deadline_us);

	if (n <= 0)
		return (int)n;
	if (BIO_write(SSL_get_rbio(ch->layers[layer - 1]), record, (int)n) == n)
		return 1;
	errno = ENOMEM;
	return -1;
}

/* Layer 0 is the socket; layer n is layers[n - 1]. */
static ssize_t layer_read(struct probe_channel *ch, size_t layer, void *data, size_t size, int64_t deadline_us)
{
	SSL *ssl;

	if (layer == 0)
		return socket_read(ch, data, size, deadline_us);
	ssl = ch->layers[layer - 1];
	for (;;) {
		int n, state;

		ERR_clear_error();
		n = SSL_read(ssl, data, size < INT32_MAX ? (int)size : INT32_MAX);
		if (n > 0)
			return n;
		state = SSL_get_error(ssl, n);
		if (state == SSL_ERROR_ZERO_RETURN)
			return 0;
		if (state != SSL_ERROR_WANT_READ) {
			errno = EPROTO;
			return -1;
		}
		if (!flush_layer(ch, layer, deadline_us))
			return -1;
		n = feed_layer(ch, layer, deadline_us);
		if (n <= 0)
			return n;
	}
}

static bool layer_write(struct probe_channel *ch, size_t layer, const void *data, size_t len, int64_t deadline_us)
{
	const char *p = data;

	if (layer == 0)
		return socket_write(ch, data, len, deadline_us);
	while (len > 0) {
		int n;

		ERR_clear_error();
		n = SSL_write(ch->layers[layer - 1], p, len < RECORD_MAX ? (int)len : RECORD_MAX);
		if (n <= 0) {
			errno = EPROTO;
			return false;
		}
		p += n;
		len -= (size_t)n;
		if (!flush_layer(ch, layer, deadline_us))
			return false;
	}
	return true;
}

ssize_t probe_channel_read(struct probe_channel *ch, void *data, size_t size, int64_t deadline_us)
{
	if (ch->unread.len > 0) {
		size_t n = ch->unread.len < size ? ch->unread.len : size;

		memcpy(data, ch->unread.data, n);
		buffer_consume(&ch->unread, n);
		return (ssize_t)n;
	}
	return layer_read(ch, ch->layer_count, data, size, deadline_us);
}

bool probe_channel_write(struct probe_channel *ch, const void *data, size_t len, int64_t deadline_us)
{
	return layer_write(ch, ch->layer_count, data, len, deadline_us);
}
