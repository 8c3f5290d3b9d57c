/* The hook: what it gets and what it does not, and that it ends, with all that it began. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "update/hook.h"

#define OUTPUT_MAX 10000

static char version[] = "2026.1", source[] = "web", id_of_one[] = "os-groups-v2", version_of_one[] = "7", text[] = "";

/* Runs a script; what it printed is in `output`. */
static enum finding run(const char *script, int timeout_s, struct buffer *output, struct error *err)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct store_component one = { .id = id_of_one, .version = version_of_one, .title = text, .href = text };
	const struct store_generation g = { .id = "20261126-1", .version = version, .source = source, .from = text, .signer = text,
					    .components = &one, .count = 1 };
	const struct hook hook = { .argv = argv, .timeout_s = timeout_s, .generation = &g, .generation_path = "/g/20261126-1",
				   .previous = "20261125-1" };
	bool ok;

	*err = (struct error)ERROR_INIT;
	*output = (struct buffer)BUFFER_INIT(OUTPUT_MAX);
	ok = hook_run(&hook, output, err);
	assert_int_equal(ok, err->code == FINDING_NONE);
	return err->code;
}

static void prints(const char *script, const char *wanted)
{
	struct buffer output;
	struct error err;

	if (run(script, 20, &output, &err) != FINDING_NONE)
		fail_msg("%s: %s", script, err.message);
	assert_string_equal(buffer_text(&output), wanted);
	buffer_clear(&output);
}

static void it_gets_its_own_environment_and_nothing_of_ours(void **state)
{
	(void)state;
	assert_int_equal(setenv("SECRET_OF_OURS", "x", 1) + setenv("LANG", "C.UTF-8", 1) + setenv("HOME", "/root", 1), 0);
	prints("env | cut -d= -f1 | grep -vE '^(HOME|LANG|LC_ALL|TZ|PATH|PWD|OLDPWD|SHLVL|_|POSTURE_CONSOLE_.*)$'; true", "");
	prints("echo $PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
	prints("echo $HOME $LANG", "/root C.UTF-8\n");
	prints("echo $POSTURE_CONSOLE_GENERATION $POSTURE_CONSOLE_GENERATION_PATH $POSTURE_CONSOLE_VERSION "
	       "$POSTURE_CONSOLE_PREVIOUS $POSTURE_CONSOLE_SOURCE", "20261126-1 /g/20261126-1 2026.1 20261125-1 web\n");
	prints("echo $POSTURE_CONSOLE_COMPONENTS $POSTURE_CONSOLE_VERSION_OS_GROUPS_V2", "os-groups-v2 7\n");
}

static void it_starts_as_a_program_of_its_own(void **state)
{
	sigset_t some, before;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	int kept = dup(0);

	(void)state;
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_BLOCK, &some, &before), 0);
	assert_int_equal(sigaction(SIGINT, &ignore, &old), 0);
	close(0);
	prints("readlink /proc/self/fd/0; pwd", "/dev/null\n/\n");
	assert_int_equal(dup2(kept, 0), 0);
	close(kept);
	/* Of the first 28: the C library keeps two above them to itself. */
	prints("sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\(.......\\)$/\\2/p' /proc/self/status", "0000000\n0000000\n");
	prints("test $(cut -d' ' -f5 /proc/$$/stat) = $$ && echo leader", "leader\n");
	sigaction(SIGINT, &old, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void how_it_ended_is_told(void **state)
{
	static const struct { const char *script, *says; } rows[] = {
		{ "exit 7", "exit code 7" }, { "kill -9 $$", "signal 9" }, { "exec /nonexistent", "exit code 127" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buffer output;
		struct error err;

		assert_int_equal(run(rows[i].script, 20, &output, &err), FINDING_HOOK_FAILED);
		assert_non_null(strstr(err.message, rows[i].says));
		buffer_clear(&output);
	}
}

static void endless_output_is_cut(void **state)
{
	struct buffer output;
	struct error err;

	(void)state;
	assert_int_equal(run("head -c 300000 /dev/zero | tr '\\0' x", 20, &output, &err), FINDING_NONE);
	assert_int_equal(output.len, OUTPUT_MAX);
	assert_false(output.failed);
	buffer_clear(&output);
}

static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 100; i++) {
		char path[64];
		bool gone;

		snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
		gone = kill(pid, 0) < 0 && errno == ESRCH;
		if (!gone) {
			FILE *f = fopen(path, "r");
			char line[512] = "";

			/* Whoever adopted it may not have taken note yet. */
			gone = f == NULL || fgets(line, sizeof(line), f) == NULL || strstr(line, ") Z") != NULL;
			if (f != NULL)
				fclose(f);
		}
		if (gone)
			return true;
		usleep(20000);
	}
	return false;
}

/* With all that it began, also what does not want to end. */
static void it_is_ended_when_its_time_is_over(void **state)
{
	int64_t start = clock_monotonic_ms(), spent;
	struct buffer output;
	struct error err;
	long first = 0, second = 0;

	(void)state;
	assert_int_equal(run("trap '' TERM; (trap - TERM; exec sleep 60) & echo $!; sleep 60 & echo $!; while :; do sleep 60; done", 1, &output,
			     &err), FINDING_HOOK_TIMEOUT);
	spent = clock_monotonic_ms() - start;
	assert_in_range(spent, 1000, 20000);
	assert_int_equal(sscanf(buffer_text(&output), "%ld %ld", &first, &second), 2);
	assert_true(first > 0 && second > 0);
	assert_true(is_gone((pid_t)first) && is_gone((pid_t)second));
	buffer_clear(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gets_its_own_environment_and_nothing_of_ours),
		cmocka_unit_test(it_starts_as_a_program_of_its_own),
		cmocka_unit_test(how_it_ended_is_told),
		cmocka_unit_test(endless_output_is_cut),
		cmocka_unit_test(it_is_ended_when_its_time_is_over),
	};

	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
