#include "net/probe_tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"

#define NETSTAT_MAX (64 * 1024)

bool probe_tcp_facts_read(int fd, struct probe_tcp_facts *out)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(out, 0, sizeof(*out));
	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return false;
	out->rtt_us = info.tcpi_rtt;
	out->mss = info.tcpi_snd_mss;
	out->advertised_mss = info.tcpi_advmss;
	out->path_mtu = info.tcpi_pmtu;
	out->retransmits = info.tcpi_total_retrans;
	out->bytes_acked = info.tcpi_bytes_acked;
	out->bytes_received = info.tcpi_bytes_received;
	out->unacknowledged = info.tcpi_unacked;
	return true;
}

/* The kernel's count of segments that it wanted to send again and was not allowed to. It stands in the second of the two
 * "TcpExt:" lines, at the place where its name stands in the first. 0 when it is not there. */
static uint64_t retransmit_failures(void)
{
	struct buffer text = BUFFER_INIT(NETSTAT_MAX);
	char *names, *values, *save_name = NULL, *save_value = NULL;
	uint64_t count = 0;

	if (!file_read(AT_FDCWD, "/proc/net/netstat", &text, NULL) || text.len == 0)
		goto out;
	names = text.data;
	values = strchr(names, '\n');
	if (values == NULL)
		goto out;
	*values++ = '\0';
	values[strcspn(values, "\n")] = '\0';
	names = strtok_r(names, " ", &save_name);
	values = strtok_r(values, " ", &save_value);
	while (names != NULL && values != NULL) {
		if (strcmp(names, "TCPRetransFail") == 0) {
			count = strtoull(values, NULL, 10);
			break;
		}
		names = strtok_r(NULL, " ", &save_name);
		values = strtok_r(NULL, " ", &save_value);
	}
out:
	buffer_clear(&text);
	return count;
}

static enum probe_tcp_outcome outcome_of(int error, bool at_once)
{
	switch (error) {
	case 0: return PROBE_TCP_CONNECTED;
	case ECONNREFUSED: case ECONNRESET: return PROBE_TCP_REFUSED;
	case ETIMEDOUT: return PROBE_TCP_TIMEOUT;
	case ENETUNREACH: case EHOSTUNREACH:
		return at_once ? PROBE_TCP_NO_ROUTE : PROBE_TCP_UNREACHABLE;
	case EACCES: case EINVAL:	/* a route of this node, or ICMPv6 "prohibited" */
		return at_once ? PROBE_TCP_NO_ROUTE : PROBE_TCP_UNREACHABLE;
	case ENOPROTOOPT: case EPROTO: case EOPNOTSUPP: case EHOSTDOWN: case ENONET: case ENETDOWN:
		return PROBE_TCP_UNREACHABLE;
	default: return PROBE_TCP_LOCAL_ERROR;
	}
}

static void finish(struct probe_tcp_result *r, int error, int64_t start_us, bool keep)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);
	struct probe_icmp_error icmp;

	r->sys_errno = error;
	r->outcome = outcome_of(error, r->at_once);
	r->duration_us = clock_monotonic_us() - start_us;
	if (r->fd < 0)
		return;
	while (probe_errqueue_read(r->fd, &icmp)) {
		if (icmp.seen)
			r->icmp = icmp;
	}
	if (getsockname(r->fd, (struct sockaddr *)&local, &len) == 0)
		probe_address_from((struct sockaddr *)&local, len, &r->source);
	probe_tcp_facts_read(r->fd, &r->facts);
	r->syn_retransmits = r->facts.retransmits;
	if (!keep || r->outcome != PROBE_TCP_CONNECTED)
		file_close(&r->fd);
}

/* Opens and connects. True while it is under way. */
static bool start(struct probe_tcp_result *r, const struct probe_tcp_options *o, int64_t start_us)
{
	int family = probe_address_family(&r->target), error;

	r->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (r->fd < 0)
		goto failed;
	probe_errqueue_enable(r->fd, family);
	if (o->max_segment > 0 &&
	    setsockopt(r->fd, IPPROTO_TCP, TCP_MAXSEG, &o->max_segment, sizeof(o->max_segment)) != 0)
		goto failed;
	if (o->source != NULL && bind(r->fd, &o->source->sa, probe_address_len(o->source)) != 0)
		goto failed;
	if (connect(r->fd, &r->target.sa, probe_address_len(&r->target)) == 0) {
		r->at_once = true;
		finish(r, 0, start_us, o->keep);
		return false;
	}
	if (errno == EINPROGRESS)
		return true;
failed:
	error = errno;
	r->at_once = true;
	finish(r, error, start_us, false);
	return false;
}

/* Looks at one that poll() reported. True when it is done. */
static bool settle(struct probe_tcp_result *r, short events, const struct probe_tcp_options *o, int64_t start_us)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	/* POLLERR alone may be an error in the queue that did not end the connect. */
	if (error == 0 && (events & POLLOUT) == 0) {
		probe_errqueue_read(r->fd, &r->icmp);
		return false;
	}
	finish(r, error, start_us, o->keep);
	return true;
}

static void wait_all(struct probe_tcp_result *results, struct pollfd *fds, size_t count, size_t open,
		     const struct probe_tcp_options *o, int64_t start_us)
{
	int64_t deadline_us = start_us + (int64_t)o->budget_ms * 1000, grace_us = INT64_MAX;

	while (open > 0) {
		int64_t now_us = clock_monotonic_us();
		int64_t end_us = grace_us < deadline_us ? grace_us : deadline_us;

		if (now_us >= end_us || (poll(fds, (nfds_t)count, (int)((end_us - now_us) / 1000) + 1) < 0 && errno != EINTR))
			break;
		for (size_t i = 0; i < count; i++) {
			if (fds[i].fd < 0 || fds[i].revents == 0 || !settle(&results[i], fds[i].revents, o, start_us))
				continue;
			fds[i].fd = -1;
			open--;
			if (results[i].outcome == PROBE_TCP_CONNECTED && o->grace_ms > 0 && grace_us == INT64_MAX)
				grace_us = clock_monotonic_us() + (int64_t)o->grace_ms * 1000;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (fds[i].fd < 0)
			continue;
		finish(&results[i], ETIMEDOUT, start_us, false);
		if (clock_monotonic_us() < deadline_us)
			results[i].outcome = PROBE_TCP_ABANDONED;
	}
}

void probe_tcp_connect(const struct probe_address *targets, size_t count, const struct probe_tcp_options *options,
		       struct probe_tcp_result *results)
{
	int64_t start_us = clock_monotonic_us();
	struct pollfd *fds = calloc(count + 1, sizeof(*fds));
	uint64_t failures = retransmit_failures();
	bool again = false;
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		results[i] = (struct probe_tcp_result){ .target = targets[i], .outcome = PROBE_TCP_LOCAL_ERROR,
							.sys_errno = ENOMEM, .fd = -1 };
		if (fds == NULL)
			continue;
		fds[i].fd = -1;
		if (start(&results[i], options, start_us)) {
			fds[i] = (struct pollfd){ .fd = results[i].fd, .events = POLLOUT };
			open++;
		}
	}
	if (fds != NULL)
		wait_all(results, fds, count, open, options, start_us);
	for (size_t i = 0; i < count; i++)
		again = again || results[i].syn_retransmits > 0;
	failures = again ? retransmit_failures() - failures : 0;
	for (size_t i = 0; i < count; i++) {
		if (results[i].syn_retransmits > 0)
			results[i].send_failures = (unsigned int)failures;
	}
	free(fds);
}
