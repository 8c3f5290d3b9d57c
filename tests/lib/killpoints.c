/* killpoints - runs a command and stops it, or lets it fail, at the Nth system call that changes something.
 *
 *   killpoints [OPTION]... --count -- COMMAND...               prints the number of points on descriptor 2
 *   killpoints [OPTION]... --at N -- COMMAND...                SIGKILL to all its processes before the Nth
 *   killpoints [OPTION]... --at N --one -- COMMAND...          SIGKILL only to the process that is about to make the Nth
 *   killpoints [OPTION]... --at N --fail ERRNO -- COMMAND...   the Nth fails with that error instead (ENOSPC, 28)
 *   killpoints [OPTION]... --short [--at N] -- COMMAND...      writes of more than a byte only; the Nth writes half
 *
 * A point is a system call, in the command or any process or thread that it starts, which changes a file, a folder or
 * what of it is on the disk: writing, creating, renaming, linking, removing, modes, truncating, flushing. With --under,
 * only those that touch something below DIR; with --reads, also those that look at or lock something (there to let them
 * fail). --list FILE says what each point is. A killed call has not happened.
 *
 * Exit code: that of the command (128 + signal when it died of one); --at without --one, --fail and --short: 0 when the command was killed,
 * 3 when it ended before its Nth point. 125: this program failed. "killpoints: not reached" on descriptor 2: it ended before its Nth point.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_BROKEN 125
#define EXIT_NOT_REACHED 3
#define PROCESSES_MAX 4096

/* What a call touches: a descriptor's file, or a path below a folder's descriptor (or the working folder). */
enum touch { BY_FD, BY_PATH, BY_PATH_AT, BY_OPEN, BY_OPEN_AT, BY_TWO_AT, NOTHING_NAMED };

struct call {
	long nr;
	const char *name;
	enum touch touch;
	int arg;		/* of the descriptor or path; for BY_TWO_AT of the first folder */
	int arg2;		/* of the flags of an open, of the second folder of BY_TWO_AT */
	bool reads;		/* changes nothing */
};

#define CALL(name, touch, arg, arg2) { SYS_##name, #name, touch, arg, arg2, false }
#define READS(name, touch, arg) { SYS_##name, #name, touch, arg, 0, true }

static const struct call calls[] = {
	CALL(write, BY_FD, 0, 0), CALL(pwrite64, BY_FD, 0, 0), CALL(writev, BY_FD, 0, 0), CALL(pwritev, BY_FD, 0, 0),
	CALL(pwritev2, BY_FD, 0, 0), CALL(copy_file_range, BY_FD, 2, 0), CALL(sendfile, BY_FD, 0, 0),
	CALL(splice, BY_FD, 2, 0), CALL(ftruncate, BY_FD, 0, 0), CALL(truncate, BY_PATH, 0, 0),
	CALL(fallocate, BY_FD, 0, 0), CALL(fchmod, BY_FD, 0, 0), CALL(fchown, BY_FD, 0, 0), CALL(fsync, BY_FD, 0, 0),
	CALL(fdatasync, BY_FD, 0, 0), CALL(syncfs, BY_FD, 0, 0), CALL(sync, NOTHING_NAMED, 0, 0),
	CALL(openat, BY_OPEN_AT, 0, 2), CALL(mkdirat, BY_PATH_AT, 0, 0), CALL(unlinkat, BY_PATH_AT, 0, 0),
	CALL(renameat2, BY_TWO_AT, 0, 2), CALL(linkat, BY_TWO_AT, 0, 2), CALL(symlinkat, BY_PATH_AT, 1, 0),
	CALL(mknodat, BY_PATH_AT, 0, 0), CALL(fchmodat, BY_PATH_AT, 0, 0), CALL(fchownat, BY_PATH_AT, 0, 0),
	CALL(utimensat, BY_PATH_AT, 0, 0), CALL(fsetxattr, BY_FD, 0, 0),
#ifdef SYS_fchmodat2
	CALL(fchmodat2, BY_PATH_AT, 0, 0),
#endif
#ifdef SYS_renameat
	CALL(renameat, BY_TWO_AT, 0, 2),
#endif
#ifdef SYS_open
	CALL(open, BY_OPEN, 0, 1), CALL(creat, BY_PATH, 0, 0), CALL(mkdir, BY_PATH, 0, 0), CALL(rmdir, BY_PATH, 0, 0),
	CALL(unlink, BY_PATH, 0, 0), CALL(rename, BY_PATH, 1, 0), CALL(link, BY_PATH, 1, 0), CALL(symlink, BY_PATH, 1, 0),
	CALL(chmod, BY_PATH, 0, 0), CALL(chown, BY_PATH, 0, 0),
	READS(stat, BY_PATH, 0), READS(lstat, BY_PATH, 0), READS(access, BY_PATH, 0), READS(readlink, BY_PATH, 0),
#endif
	READS(read, BY_FD, 0), READS(pread64, BY_FD, 0), READS(readv, BY_FD, 0), READS(getdents64, BY_FD, 0),
	READS(lseek, BY_FD, 0), READS(fstat, BY_FD, 0), READS(fstatfs, BY_FD, 0), READS(flock, BY_FD, 0),
	READS(fcntl, BY_FD, 0), READS(newfstatat, BY_PATH_AT, 0), READS(statx, BY_PATH_AT, 0),
	READS(readlinkat, BY_PATH_AT, 0), READS(faccessat, BY_PATH_AT, 0),
#ifdef SYS_faccessat2
	READS(faccessat2, BY_PATH_AT, 0),
#endif
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static const struct { const char *name; int number; } errnos[] = {
	{ "ENOSPC", ENOSPC }, { "EIO", EIO }, { "EMFILE", EMFILE }, { "ENOMEM", ENOMEM }, { "EACCES", EACCES },
	{ "EROFS", EROFS }, { "EDQUOT", EDQUOT }, { "EINTR", EINTR }, { "EPERM", EPERM }, { "EXDEV", EXDEV },
	{ "EMLINK", EMLINK }, { "ENOENT", ENOENT },
};

struct runner {
	const char *under;	/* NULL: everywhere */
	bool reads;
	FILE *list;
	long at;		/* 0: only count */
	int fail_errno;		/* 0: kill */
	bool one;		/* kill only one process */
	bool shorten;		/* writes only: half */
	long points;
	pid_t pids[PROCESSES_MAX];
	size_t count;
	pid_t first;
	int first_status;
	bool killed;
};

static void die(const char *what)
{
	fprintf(stderr, "killpoints: %s: %s\n", what, strerror(errno));
	exit(EXIT_BROKEN);
}

/* --- what a call touches -------------------------------------------------------------------------------------------- */

static void link_text(pid_t pid, const char *what, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%ld/%s", (long)pid, what);
	n = readlink(link, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = '\0';
}

static void fd_path(pid_t pid, int fd, char path[PATH_MAX])
{
	char what[32];

	snprintf(what, sizeof(what), fd == AT_FDCWD ? "cwd" : "fd/%d", fd);
	link_text(pid, what, path);
}

static void read_string(pid_t pid, uint64_t address, char text[PATH_MAX])
{
	size_t used = 0;

	/* Page by page: the page after the string's end may not be there. */
	while (used < PATH_MAX - 1) {
		size_t step = 4096 - (size_t)((address + used) % 4096);
		struct iovec here = { text + used, step < PATH_MAX - 1 - used ? step : PATH_MAX - 1 - used };
		struct iovec there = { (void *)(uintptr_t)(address + used), here.iov_len };
		ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);

		if (n <= 0 || memchr(text + used, '\0', (size_t)n) != NULL)
			break;
		used += (size_t)n;
	}
	text[used < PATH_MAX - 1 ? PATH_MAX - 1 : used] = '\0';
}

static void path_at(pid_t pid, int fd, uint64_t address, char path[PATH_MAX])
{
	char name[PATH_MAX] = "";
	size_t used = 0, len;

	read_string(pid, address, name);
	if (name[0] != '/') {
		fd_path(pid, fd, path);
		used = strlen(path);
		path[used++] = '/';
	}
	len = strlen(name);
	if (len > PATH_MAX - 1 - used)
		len = PATH_MAX - 1 - used;
	memcpy(path + used, name, len);
	path[used + len] = '\0';
}

static bool is_under(const struct runner *r, const char *path)
{
	size_t len;

	if (r->under == NULL)
		return true;
	len = strlen(r->under);
	return strncmp(path, r->under, len) == 0 && (path[len] == '/' || path[len] == '\0' || path[len] == ' ');
}

/* Is this call a point, and of which path? */
static bool is_point(const struct runner *r, pid_t pid, const struct call *c, const uint64_t *args, char path[PATH_MAX])
{
	char first[PATH_MAX];
	struct stat st;
	char proc[64];

	if (c->reads && !r->reads)
		return false;
	switch (c->touch) {
	case BY_FD:
		fd_path(pid, (int)args[c->arg], path);
		snprintf(proc, sizeof(proc), "/proc/%ld/fd/%d", (long)pid, (int)args[c->arg]);
		return stat(proc, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) && is_under(r, path);
	case BY_OPEN:
	case BY_OPEN_AT:
		if (!r->reads && (args[c->arg2] & (O_CREAT | O_TRUNC)) == 0 && (args[c->arg2] & O_TMPFILE) != O_TMPFILE)
			return false;
		path_at(pid, c->touch == BY_OPEN ? AT_FDCWD : (int)args[c->arg],
			args[c->touch == BY_OPEN ? c->arg : c->arg + 1], path);
		return is_under(r, path);
	case BY_PATH:
		path_at(pid, AT_FDCWD, args[c->arg], path);
		return is_under(r, path);
	case BY_PATH_AT:
		path_at(pid, (int)args[c->arg], args[c->arg + 1], path);
		return is_under(r, path);
	case BY_TWO_AT:
		path_at(pid, (int)args[c->arg], args[c->arg + 1], first);
		path_at(pid, (int)args[c->arg2], args[c->arg2 + 1], path);
		return is_under(r, first) || is_under(r, path);
	default:
		snprintf(path, PATH_MAX, "-");
		return r->under == NULL;
	}
}

/* --- the processes -------------------------------------------------------------------------------------------------- */

static void remember(struct runner *r, pid_t pid)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->pids[i] == pid)
			return;
	}
	if (r->count == PROCESSES_MAX) {
		errno = E2BIG;
		die("too many processes");
	}
	r->pids[r->count++] = pid;
}

static void forget(struct runner *r, pid_t pid)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->pids[i] == pid)
			r->pids[i] = r->pids[--r->count];
	}
}

static void kill_all(struct runner *r)
{
	r->killed = true;
	for (size_t i = 0; i < r->count; i++)
		kill(r->pids[i], SIGKILL);
}

static bool is_long_write(const struct call *c, const uint64_t *args)
{
	return (c->nr == SYS_write || c->nr == SYS_pwrite64) && args[2] > 1;
}

/* Halves what the write is about to write. */
static void shorten(pid_t pid)
{
#if defined(__x86_64__)
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		die("cannot read registers");
	regs.rdx /= 2;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0)
		die("cannot write registers");
#else
	(void)pid;
	errno = ENOSYS;
	die("--short is not known on this processor");
#endif
}

/* Skips the call that the process is about to make and gives it the error. */
static void let_fail(pid_t pid, int error)
{
#if defined(__x86_64__)
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		die("cannot read registers");
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)-(long)error;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) < 0)
		die("cannot write registers");
#elif defined(__aarch64__)
	struct user_regs_struct regs;
	struct iovec all = { &regs, sizeof(regs) };
	int nr = -1;
	struct iovec number = { &nr, sizeof(nr) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)1 /* NT_PRSTATUS */, &all) < 0)
		die("cannot read registers");
	regs.regs[0] = (unsigned long long)-(long)error;
	if (ptrace(PTRACE_SETREGSET, pid, (void *)1, &all) < 0 ||
	    ptrace(PTRACE_SETREGSET, pid, (void *)0x404 /* NT_ARM_SYSTEM_CALL */, &number) < 0)
		die("cannot write registers");
#else
	(void)pid;
	(void)error;
	errno = ENOSYS;
	die("--fail is not known on this processor");
#endif
}

static void at_call(struct runner *r, pid_t pid)
{
	struct __ptrace_syscall_info info;
	char path[PATH_MAX] = "";

	if (r->killed || ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0)
		return;
	for (size_t i = 0; i < CALLS; i++) {
		const uint64_t *args = (const uint64_t *)info.seccomp.args;

		if ((uint64_t)calls[i].nr != info.seccomp.nr || (r->shorten && !is_long_write(&calls[i], args)) ||
		    !is_point(r, pid, &calls[i], args, path))
			continue;
		r->points++;
		if (r->list != NULL)
			fprintf(r->list, "%ld %s %s\n", r->points, calls[i].name, path);
		if (r->points == r->at) {
			if (r->fail_errno != 0)
				let_fail(pid, r->fail_errno);
			else if (r->shorten)
				shorten(pid);
			else if (r->one)
				kill(pid, SIGKILL);
			else
				kill_all(r);
		}
		return;
	}
}

static void at_stop(struct runner *r, pid_t pid, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);
	unsigned long child;

	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		at_call(r, pid);
		sig = 0;
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child) == 0) {
			remember(r, (pid_t)child);
			if (r->killed)
				kill((pid_t)child, SIGKILL);
		}
		sig = 0;
		break;
	case PTRACE_EVENT_STOP:
		if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
			ptrace(PTRACE_LISTEN, pid, NULL, NULL);
			return;
		}
		sig = 0;
		break;
	case 0:
		break;		/* a signal, to be handed on */
	default:
		sig = 0;
	}
	ptrace(PTRACE_CONT, pid, NULL, (void *)(long)sig);
}

static void follow(struct runner *r)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return;
		if (WIFSTOPPED(status)) {
			remember(r, pid);
			at_stop(r, pid, status);
			continue;
		}
		forget(r, pid);
		if (pid == r->first)
			r->first_status = status;
	}
}

/* --- starting ------------------------------------------------------------------------------------------------------- */

/* Stops at the calls of the table only: everything else runs at full speed. */
static void install_filter(void)
{
	struct sock_filter filter[2 + CALLS + 2];
	struct sock_fprog program = { .filter = filter };
	unsigned short n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < CALLS; i++) {
		filter[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].nr,
							 (uint8_t)(CALLS - i), 0);
		n++;
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		die("cannot install the filter");
}

static void start(struct runner *r, char **command)
{
	const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			     PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int gate[2];
	char byte;

	if (pipe2(gate, O_CLOEXEC) < 0)
		die("cannot make a pipe");
	r->first = fork();
	if (r->first < 0)
		die("cannot fork");
	if (r->first == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 0)
			_exit(EXIT_BROKEN);
		install_filter();
		execvp(command[0], command);
		die(command[0]);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, r->first, NULL, (void *)options) < 0) {
		kill(r->first, SIGKILL);
		die("cannot trace");
	}
	remember(r, r->first);
	close(gate[1]);
}

static int errno_of(const char *text)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		if (strcmp(errnos[i].name, text) == 0)
			return errnos[i].number;
	}
	return atoi(text);
}

static int exit_code(const struct runner *r, bool counting)
{
	if (counting)
		fprintf(stderr, "%ld\n", r->points);
	else if (r->points < r->at)
		fprintf(stderr, "killpoints: not reached: it ended after %ld points\n", r->points);
	if (!counting && r->fail_errno == 0 && !r->one && !r->shorten)
		return r->killed ? 0 : EXIT_NOT_REACHED;
	return WIFEXITED(r->first_status) ? WEXITSTATUS(r->first_status) : 128 + WTERMSIG(r->first_status);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "under", required_argument, NULL, 'u' }, { "list", required_argument, NULL, 'l' },
		{ "count", no_argument, NULL, 'c' },	   { "at", required_argument, NULL, 'a' },
		{ "fail", required_argument, NULL, 'f' },  { "reads", no_argument, NULL, 'r' },
		{ "one", no_argument, NULL, 'o' },	   { "short", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	static struct runner r;
	bool counting = false;
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'u': r.under = optarg; break;
		case 'l':
			r.list = fopen(optarg, "we");
			if (r.list == NULL)
				die(optarg);
			break;
		case 'r': r.reads = true; break;
		case 'o': r.one = true; break;
		case 's': r.shorten = true; break;
		case 'c': counting = true; break;
		case 'a': r.at = atol(optarg); break;
		case 'f': r.fail_errno = errno_of(optarg); break;
		default: return EXIT_BROKEN;
		}
	}
	if (optind >= argc || counting == (r.at > 0)) {
		fprintf(stderr, "usage: killpoints [--under DIR] [--reads] [--list FILE] [--short] --count | --at N [--one | --fail ERRNO] "
				"-- COMMAND...\n");
		return EXIT_BROKEN;
	}
	start(&r, argv + optind);
	follow(&r);
	if (r.list != NULL)
		fclose(r.list);
	return exit_code(&r, counting);
}
