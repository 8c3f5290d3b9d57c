#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CONFINE_MEMORY_BYTES ((rlim_t)4 * 1024 * 1024 * 1024)

/* --- Landlock ------------------------------------------------------------------------------------------------------ */

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)
#define ACCESS_NEVER \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static bool allow_below(int ruleset, int fd)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = ACCESS_READ | ACCESS_WRITE, .parent_fd = fd };

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool restrict_files(const int *writable, size_t count)
{
	struct landlock_ruleset_attr all = { .handled_access_fs = ACCESS_READ | ACCESS_WRITE | ACCESS_NEVER };
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	bool ok = ruleset >= 0;

	for (size_t i = 0; ok && i < count; i++)
		ok = allow_below(ruleset, writable[i]);
#ifdef PC_COVERAGE
	int counts = open(PC_COVERAGE_DIR, O_PATH | O_CLOEXEC);

	ok = ok && allow_below(ruleset, counts);
	close(counts);
#endif
	ok = ok && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
	if (ruleset >= 0)
		close(ruleset);
	return ok;
}

/* --- seccomp ------------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef THIS_ARCH

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Reading, writing, making and removing files and folders, memory, time, and talking on what is open already. Nothing that
 * makes a process, a program, a link, a device or a socket, or that reaches another process or the kernel's settings. */
static bool restrict_calls(void)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		ALLOW(read), ALLOW(readv), ALLOW(pread64), ALLOW(preadv), ALLOW(write), ALLOW(writev), ALLOW(pwrite64),
		ALLOW(pwritev), ALLOW(lseek), ALLOW(close), ALLOW(dup), ALLOW(dup3), ALLOW(fcntl),
		ALLOW(recvmsg), ALLOW(sendmsg), ALLOW(recvfrom), ALLOW(sendto), ALLOW(shutdown), ALLOW(ppoll),
		ALLOW(openat), ALLOW(fstat), ALLOW(newfstatat), ALLOW(statx), ALLOW(fstatfs), ALLOW(statfs),
		ALLOW(faccessat), ALLOW(getdents64), ALLOW(readlinkat), ALLOW(getcwd), ALLOW(umask),
		ALLOW(mkdirat), ALLOW(unlinkat), ALLOW(renameat2), ALLOW(fchmod), ALLOW(fchmodat), ALLOW(ftruncate),
		ALLOW(fallocate), ALLOW(utimensat), ALLOW(fadvise64), ALLOW(fsync), ALLOW(fdatasync),
		ALLOW(sync_file_range),
		ALLOW(brk), ALLOW(mmap), ALLOW(munmap), ALLOW(mremap), ALLOW(mprotect), ALLOW(madvise),
		ALLOW(futex), ALLOW(sched_yield), ALLOW(sched_getaffinity), ALLOW(nanosleep), ALLOW(clock_nanosleep),
		ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(gettimeofday), ALLOW(getrandom), ALLOW(uname), ALLOW(sysinfo),
		ALLOW(getpid), ALLOW(gettid), ALLOW(getppid), ALLOW(getuid), ALLOW(geteuid), ALLOW(getgid), ALLOW(getegid),
		ALLOW(getrusage), ALLOW(prctl), ALLOW(rseq), ALLOW(set_robust_list), ALLOW(membarrier),
		ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack), ALLOW(restart_syscall),
		ALLOW(exit), ALLOW(exit_group),
#ifdef SYS_faccessat2
		ALLOW(faccessat2),
#endif
#ifdef SYS_open
		/* What older C libraries use for the same. */
		ALLOW(open), ALLOW(stat), ALLOW(lstat), ALLOW(access), ALLOW(readlink), ALLOW(mkdir), ALLOW(unlink),
		ALLOW(rmdir), ALLOW(poll), ALLOW(time), ALLOW(getpgrp), ALLOW(arch_prctl),
#endif
		/* A signal only to itself: abort(). */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 3),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(filter[0]), .filter = filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#else

static bool restrict_calls(void)
{
	return false;
}

#endif

/* --- limits -------------------------------------------------------------------------------------------------------- */

static void limit(int resource, rlim_t most)
{
	struct rlimit now;

	if (getrlimit(resource, &now) == 0 && (now.rlim_max == RLIM_INFINITY || now.rlim_max > most)) {
		now.rlim_cur = now.rlim_max = most;
		setrlimit(resource, &now);
	}
}

void confine_memory(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	limit(RLIMIT_CORE, 0);
}

/* --- descriptors ---------------------------------------------------------------------------------------------------- */

#define DESCRIPTORS_MAX 65536	/* looked at one by one where the kernel cannot close a range (before 5.9) */

static void close_range_of(unsigned int first, unsigned int last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (unsigned int fd = first; fd <= last && fd < DESCRIPTORS_MAX; fd++)
		close((int)fd);
}

/* The standard descriptors are kept open, leading to nowhere: what opens next must not become one of them. */
static void silence_standard_ones(void)
{
#if !defined(PC_SANITIZED) && !defined(PC_COVERAGE)
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; nowhere >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(nowhere, fd);
	if (nowhere > STDERR_FILENO)
		close(nowhere);
#endif
}

void confine_close_others(const int *kept, size_t count)
{
	unsigned int from = STDERR_FILENO + 1;

	for (;;) {
		unsigned int next = UINT_MAX;

		for (size_t i = 0; i < count; i++) {
			if (kept[i] >= (int)from && (unsigned int)kept[i] < next)
				next = (unsigned int)kept[i];
		}
		if (next == UINT_MAX)
			break;
		close_range_of(from, next - 1);
		from = next + 1;
	}
	close_range_of(from, UINT_MAX);
}

void confine_descriptors(const int *kept, size_t count)
{
	confine_close_others(kept, count);
	silence_standard_ones();
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

/* Takes all capabilities away but those of `kept`, a bit each. Without them already: nothing to do. */
static void keep_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, data) != 0)
		return;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		uint32_t keep = (uint32_t)(kept >> 32 * i);

		data[i].effective &= keep;
		data[i].permitted &= keep;
		data[i].inheritable = 0;
	}
	(void)syscall(SYS_capset, &header, data);
}

void confine_job(bool runs_programs)
{
	/* Of root's: to read a bundle and write to a folder whoever owns it, and to ping. */
	static const uint64_t needed = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER | 1u << CAP_NET_RAW;

	limit(RLIMIT_CORE, 0);
	if (runs_programs)
		return;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	keep_capabilities(needed);
}

unsigned int confine_self(const int *writable, size_t count)
{
	unsigned int in_force = 0;

	limit(RLIMIT_CORE, 0);
#if !defined(PC_SANITIZED) && !defined(PC_COVERAGE)
	limit(RLIMIT_AS, CONFINE_MEMORY_BYTES);
	limit(RLIMIT_NPROC, 0);
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 0;
	keep_capabilities(0);
	if (restrict_files(writable, count))
		in_force |= CONFINE_LANDLOCK;
	if (restrict_calls())
		in_force |= CONFINE_SECCOMP;
	return in_force;
}

const char *confine_missing(unsigned int in_force)
{
	switch (in_force & (CONFINE_LANDLOCK | CONFINE_SECCOMP)) {
	case CONFINE_LANDLOCK | CONFINE_SECCOMP: return NULL;
	case CONFINE_LANDLOCK: return "seccomp";
	case CONFINE_SECCOMP: return "Landlock";
	default: return "Landlock, seccomp";
	}
}
