#include "net/probe_dns.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"

static void take_result(const struct addrinfo *list, struct probe_system_resolve *out)
{
	if (list->ai_canonname != NULL)
		snprintf(out->canonical, sizeof(out->canonical), "%s", list->ai_canonname);
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		struct probe_address address;

		if (probe_address_from(ai->ai_addr, ai->ai_addrlen, &address))
			probe_address_list_add(&out->addresses, &address);
	}
}

/* In the child. No AI_ADDRCONFIG: a name that has only addresses of a family that this host lacks is a finding. */
static void resolve(const char *name, uint16_t port, int family, struct probe_system_resolve *out)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_CANONNAME | AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	out->gai_error = getaddrinfo(name, service, &hints, &list);
	out->sys_errno = out->gai_error == EAI_SYSTEM ? errno : 0;
	if (out->gai_error == 0) {
		take_result(list, out);
		freeaddrinfo(list);
	}
	out->finished = true;
}

/* Reads the child's result; false when the budget ended or the child died. */
static bool receive(int fd, int64_t deadline_ms, struct probe_system_resolve *out)
{
	struct probe_system_resolve got;
	size_t have = 0;

	while (have < sizeof(got)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline_ms - clock_monotonic_ms();
		ssize_t n;

		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			return false;
		if (p.revents == 0)
			continue;
		n = read(fd, (char *)&got + have, sizeof(got) - have);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		have += n > 0 ? (size_t)n : 0;
	}
	*out = got;
	return true;
}

bool probe_system_resolve(const char *name, uint16_t port, int family, int budget_ms, struct probe_system_resolve *out,
			  struct error *err)
{
	int64_t start_us = clock_monotonic_us();
	int fds[2];
	pid_t pid;

	memset(out, 0, sizeof(*out));
	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_errno(err, FINDING_NONE, _("cannot ask the system's resolver for %s"), name);
	pid = fork();
	if (pid < 0) {
		error_errno(err, FINDING_NONE, _("cannot ask the system's resolver for %s"), name);
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		resolve(name, port, family, out);
		file_write_all(fds[1], out, sizeof(*out));
		_exit(0);
	}
	close(fds[1]);
	receive(fds[0], clock_monotonic_ms() + budget_ms, out);
	close(fds[0]);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	out->duration_us = clock_monotonic_us() - start_us;
	return true;
}
