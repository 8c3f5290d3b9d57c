#include "demo/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "demo/talk.h"

#define BACKLOG 32
#define CONNECTION_MAX_S 600	/* a child never outlives this */
#define LOG_EVERY_MS 3000
#define NTP_BYTES 48
#define NTP_EPOCH 2208988800UL	/* seconds from 1900 to 1970 */

static bool bind_port(int fd, struct sockaddr_in *address, uint16_t port)
{
	address->sin_port = htons(port);
	return bind(fd, (struct sockaddr *)address, sizeof(*address)) == 0;
}

/* A port of 127.0.0.1: *port again when it can be had, so that an address stays what it was. -1 on failure. */
static int open_port(int type, bool listening, uint16_t *port, struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), yes = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (fd < 0 || (!bind_port(fd, &address, *port) && (*port == 0 || !bind_port(fd, &address, 0))) ||
	    (listening && listen(fd, BACKLOG) != 0) || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		error_errno(err, FINDING_NONE, _("cannot open a port of 127.0.0.1 for the demo"));
		file_close(&fd);
		return -1;
	}
	*port = ntohs(address.sin_port);
	return fd;
}

static void put_32(unsigned char *p, uint32_t value)
{
	uint32_t net = htonl(value);

	memcpy(p, &net, sizeof(net));
}

/* Answers one SNTP question (RFC 4330), with the demo's idea of the time. */
static void answer_time(int fd, long offset_s)
{
	unsigned char question[NTP_BYTES], answer[NTP_BYTES] = { 0 };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct timespec now;
	uint32_t seconds, fraction;

	if (recvfrom(fd, question, sizeof(question), 0, (struct sockaddr *)&from, &len) != NTP_BYTES)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	seconds = (uint32_t)((unsigned long)(now.tv_sec + offset_s) + NTP_EPOCH);
	fraction = (uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000u);
	answer[0] = (unsigned char)((question[0] & 0x38) | 4);	/* no leap second, the version asked for, mode server */
	answer[1] = 2;						/* stratum */
	answer[2] = question[2];
	answer[3] = 0xec;					/* precision 2^-20 s */
	answer[6] = 1;						/* root delay: 1/256 s */
	answer[10] = 1;						/* root dispersion */
	memcpy(answer + 12, "\x7f\x7f\x01\x01", 4);
	put_32(answer + 16, seconds);
	memcpy(answer + 24, question + 40, 8);			/* originate: what the client sent */
	put_32(answer + 32, seconds);
	put_32(answer + 36, fraction);
	put_32(answer + 40, seconds);
	put_32(answer + 44, fraction);
	sendto(fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, len);
}

/* One record in the log's form, marked as what it is. */
static void append_log(const char *file, unsigned int n)
{
	static const char *const messages[] = {
		"Demo: session cache holds 412 sessions", "Demo: heartbeat of node ise-psn-02 received",
		"Demo: 1180 conditions loaded from cache", "Demo: posture report of endpoint 02:00:5E:00:53:17 processed",
	};
	int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);
	char stamp[32];
	struct timespec now;
	struct tm tm;

	if (fd < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
	dprintf(fd, "%s,%03ld INFO [demo-%u][[]] posture.console.demo.Heartbeat -:::::- %s\n", stamp, now.tv_nsec / 1000000,
		n % 3 + 1, messages[n % (sizeof(messages) / sizeof(messages[0]))]);
	file_close(&fd);
}

struct listeners {
	int feed, proxy, time;
	struct talk talk;
};

static void serve_connection(const struct listeners *l, int fd, bool is_proxy)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(CONNECTION_MAX_S);
	close(l->feed);
	close(l->proxy);
	close(l->time);
	if (is_proxy)
		talk_proxy(&l->talk, fd);
	else
		talk_feed(&l->talk, fd);
	_exit(0);
}

static void take_connection(const struct listeners *l, int listener, bool is_proxy)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (fork() == 0)
		serve_connection(l, fd, is_proxy);
	close(fd);
}

static void serve(const struct server_plan *plan, const struct listeners *l)
{
	struct pollfd fds[] = { { .fd = l->feed, .events = POLLIN }, { .fd = l->proxy, .events = POLLIN },
				{ .fd = l->time, .events = POLLIN } };
	int64_t next_record = clock_monotonic_ms() + LOG_EVERY_MS;

	for (unsigned int n = 0;;) {
		int64_t left = next_record - clock_monotonic_ms();

		if (plan->log_file != NULL && left <= 0) {
			append_log(plan->log_file, n++);
			next_record = clock_monotonic_ms() + LOG_EVERY_MS;
			continue;
		}
		if (poll(fds, sizeof(fds) / sizeof(fds[0]), plan->log_file != NULL ? (int)left : -1) <= 0)
			continue;
		if ((fds[0].revents & POLLIN) != 0)
			take_connection(l, l->feed, false);
		if ((fds[1].revents & POLLIN) != 0)
			take_connection(l, l->proxy, true);
		if ((fds[2].revents & POLLIN) != 0)
			answer_time(l->time, plan->time_offset_s);
	}
}

/* The servers' process: nothing of the terminal's signals, and no longer than its parent. */
static void run(const struct server_plan *plan, const struct listeners *l, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	serve(plan, l);
	_exit(0);
}

bool server_start(const struct server_plan *plan, struct server *out, struct error *err)
{
	struct listeners l = { .feed = -1, .proxy = -1, .time = -1 };
	pid_t parent = getpid();
	bool ok = false;

	out->pid = 0;
	l.feed = open_port(SOCK_STREAM, plan->feed != SERVER_FEED_REFUSED, &out->feed_port, err);
	l.proxy = open_port(SOCK_STREAM, plan->proxy != SERVER_IS_REFUSED_PROXY, &out->proxy_port, err);
	l.time = open_port(SOCK_DGRAM, false, &out->time_port, err);
	if (l.feed < 0 || l.proxy < 0 || l.time < 0)
		goto out;
	l.talk = (struct talk){ .feed_dir = plan->feed_dir, .feed = plan->feed, .proxy = plan->proxy,
				.feed_port = out->feed_port, .bytes_per_s = plan->bytes_per_s };
	if (plan->feed != SERVER_FEED_PLAIN && !pki_server(plan->pki, plan->fault, &l.talk.context, err))
		goto out;
	out->pid = fork();
	if (out->pid == 0)
		run(plan, &l, parent);
	ok = out->pid > 0 || error_errno(err, FINDING_NONE, _("cannot start the servers of the demo"));
out:
	file_close(&l.feed);
	file_close(&l.proxy);
	file_close(&l.time);
	SSL_CTX_free(l.talk.context);
	return ok;
}

void server_stop(struct server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGTERM);
	while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR)
		;
	server->pid = 0;
}
