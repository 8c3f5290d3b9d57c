#include "base/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- Landlock ------------------------------------------------------------------------------------------------------ */

#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_WRITE \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)
#define ACCESS_NEVER \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static bool restrict_files(const int *writable, size_t count)
{
	struct landlock_ruleset_attr all = { .handled_access_fs = ACCESS_READ | ACCESS_WRITE | ACCESS_NEVER };
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	bool ok = ruleset >= 0;

	for (size_t i = 0; ok && i < count; i++) {
		struct landlock_path_beneath_attr rule = { .allowed_access = ACCESS_READ | ACCESS_WRITE,
							   .parent_fd = writable[i] };

		ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
	}
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
#define DENY(number) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* A list of what is refused, not of what is allowed: the allocator, the sanitizers and the C library may call what they
 * like, but nothing that reaches another process, the network, a program or the kernel's settings. */
static bool restrict_calls(void)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
#ifdef __x86_64__
		/* The x32 numbers would go around the list. */
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		DENY(SYS_fork), DENY(SYS_vfork),
#endif
		DENY(SYS_execve), DENY(SYS_execveat), DENY(SYS_socket), DENY(SYS_socketpair), DENY(SYS_connect),
		DENY(SYS_bind), DENY(SYS_listen), DENY(SYS_accept), DENY(SYS_accept4), DENY(SYS_ptrace),
		DENY(SYS_process_vm_readv), DENY(SYS_process_vm_writev), DENY(SYS_kill), DENY(SYS_tkill),
		DENY(SYS_mount), DENY(SYS_umount2), DENY(SYS_chroot), DENY(SYS_pivot_root), DENY(SYS_setns),
		DENY(SYS_unshare), DENY(SYS_bpf), DENY(SYS_perf_event_open), DENY(SYS_keyctl), DENY(SYS_add_key),
		DENY(SYS_request_key), DENY(SYS_init_module), DENY(SYS_finit_module), DENY(SYS_delete_module),
		DENY(SYS_kexec_load), DENY(SYS_reboot), DENY(SYS_sethostname), DENY(SYS_setdomainname), DENY(SYS_swapon),
		DENY(SYS_swapoff), DENY(SYS_settimeofday), DENY(SYS_clock_settime), DENY(SYS_adjtimex),
		DENY(SYS_userfaultfd), DENY(SYS_io_uring_setup), DENY(SYS_open_by_handle_at), DENY(SYS_symlinkat),
		DENY(SYS_linkat), DENY(SYS_mknodat), DENY(SYS_fchownat), DENY(SYS_fchown), DENY(SYS_setuid),
		DENY(SYS_setgid), DENY(SYS_setresuid), DENY(SYS_setresgid), DENY(SYS_setgroups), DENY(SYS_personality),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
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

unsigned int confine_self(const int *writable, size_t count)
{
	unsigned int in_force = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 0;
	if (restrict_files(writable, count))
		in_force |= CONFINE_LANDLOCK;
	if (restrict_calls())
		in_force |= CONFINE_SECCOMP;
	return in_force;
}
