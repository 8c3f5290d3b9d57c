#include "appliance/log_source.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"

#define SCAN_MAX (64u * 1024)
#define SCAN_MS 15000
#define KNOWN_HOSTS "node_known_hosts"

extern char **environ;

/* --- host keys ------------------------------------------------------------------------------------------------- */

/* SHA-256 of the key's bytes in base64 without padding, as ssh shows it. */
static bool fingerprint_of(const char *base64, size_t len, char dst[64])
{
	unsigned char *blob = malloc(len + 4), hash[32], text[48];
	unsigned int hash_len = 0;
	int n;

	if (blob == NULL || len == 0 || len % 4 != 0) {
		free(blob);
		return false;
	}
	n = EVP_DecodeBlock(blob, (const unsigned char *)base64, (int)len);
	while (n > 0 && len > 0 && base64[len - 1] == '=') {
		n--;
		len--;
	}
	if (n <= 0 || EVP_Digest(blob, (size_t)n, hash, &hash_len, EVP_sha256(), NULL) != 1) {
		free(blob);
		return false;
	}
	free(blob);
	EVP_EncodeBlock(text, hash, sizeof(hash));
	text[strcspn((char *)text, "=")] = '\0';
	snprintf(dst, 64, "SHA256:%s", (char *)text);
	return true;
}

/* "host type base64" */
static bool take_line(const char *line, size_t len, struct log_source_key *key)
{
	size_t host = strcspn(line, " "), type, blob;
	const char *at = line + host;

	if (host == 0 || host >= len || line[0] == '#')
		return false;
	at += strspn(at, " ");
	type = strcspn(at, " \n");
	if (type == 0 || type >= sizeof(key->type) || at + type >= line + len)
		return false;
	snprintf(key->type, sizeof(key->type), "%.*s", (int)type, at);
	at += type;
	at += strspn(at, " ");
	blob = strcspn(at, " \r\n");
	if (at + blob > line + len || !fingerprint_of(at, blob, key->fingerprint))
		return false;
	key->line = strndup(line, (size_t)(at + blob - line));
	return key->line != NULL;
}

bool log_source_parse_keys(const char *text, struct log_source_keys *out, struct error *err)
{
	*out = (struct log_source_keys){ 0 };
	while (*text != '\0' && out->count < LOG_SOURCE_KEYS_MAX) {
		size_t len = strcspn(text, "\n");

		if (take_line(text, len, &out->keys[out->count]))
			out->count++;
		text += len + (text[len] == '\n');
	}
	if (out->count > 0)
		return true;
	error_set(err, FINDING_NONE, _("the appliance showed no SSH host key"));
	return error_next(err, _("Check that SSH is enabled on the appliance (\"service sshd enable\" in its configuration mode), and "
				 "node.cli_port."));
}

void log_source_keys_clear(struct log_source_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		free(keys->keys[i].line);
	*keys = (struct log_source_keys){ 0 };
}

/* Reads until the end or the deadline. */
static void read_output(int fd, struct buffer *out)
{
	int64_t end = clock_monotonic_ms() + SCAN_MS;
	char chunk[4096];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_monotonic_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return;
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0 || !buffer_append(out, chunk, (size_t)n))
			return;
	}
}

static bool run_scan(char *const argv[], struct buffer *out, struct error *err)
{
	posix_spawn_file_actions_t actions;
	int fds[2], code, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid = -1;

	if (null < 0 || pipe2(fds, O_CLOEXEC) < 0) {
		file_close(&null);
		return error_errno(err, FINDING_NONE, _("cannot run ssh-keyscan"));
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, null, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, null, STDERR_FILENO);
	code = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	file_close(&null);
	file_close(&fds[1]);
	if (code != 0) {
		file_close(&fds[0]);
		errno = code;
		error_errno(err, FINDING_NONE, _("cannot run ssh-keyscan"));
		return error_next(err, _("Install the OpenSSH client (openssh-client)."));
	}
	read_output(fds[0], out);
	file_close(&fds[0]);
	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return true;
}

bool log_source_scan(const struct settings *settings, struct log_source_keys *out, struct error *err)
{
	struct buffer text = BUFFER_INIT(SCAN_MAX);
	char program[] = "ssh-keyscan", timeout_option[] = "-T", seconds[] = "5", port_option[] = "-p", port[16], end[] = "--", host[256];
	char *argv[] = { program, timeout_option, seconds, port_option, port, end, host, NULL };
	bool ok;

	*out = (struct log_source_keys){ 0 };
	snprintf(host, sizeof(host), "%s", settings_string(settings, SETTING_NODE_HOST));
	snprintf(port, sizeof(port), "%lld", (long long)settings_int(settings, SETTING_NODE_CLI_PORT));
	if (host[0] == '\0') {
		error_set(err, FINDING_CONFIG_INVALID, _("no appliance is set"));
		return error_next(err, _("Run: posture-console node login --host HOST --user USER"));
	}
	ok = run_scan(argv, &text, err) && log_source_parse_keys(buffer_text(&text), out, err);
	buffer_clear(&text);
	return ok;
}

bool log_source_trust(const char *state_dir, const struct log_source_keys *keys, const char *fingerprint, struct error *err)
{
	struct buffer line = BUFFER_INIT(SCAN_MAX);
	char *path = file_join(state_dir, KNOWN_HOSTS);
	bool ok = false;

	if (path == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (size_t i = 0; i < keys->count; i++) {
		if (strcmp(keys->keys[i].fingerprint, fingerprint) != 0)
			continue;
		buffer_printf(&line, "%s\n", keys->keys[i].line);
		ok = file_make_dirs(state_dir, 0700, err) &&
		     file_write_atomic(AT_FDCWD, path, 0600, buffer_text(&line), line.len, err);
		goto out;
	}
	error_set(err, FINDING_SSH_HOST_KEY_CHANGED, _("the appliance has no SSH host key with the fingerprint %s"), fingerprint);
	error_next(err, _("Run \"posture-console node log-source\" and compare what it shows with the appliance's own console."));
out:
	buffer_clear(&line);
	free(path);
	return ok;
}

/* --- the argument vector --------------------------------------------------------------------------------------- */

bool log_source_set(struct settings *settings, const char *state_dir, const char *identity, struct error *err)
{
	const char *items[LOG_SOURCE_ARGUMENTS_MAX];
	struct buffer known = BUFFER_INIT(8192), port = BUFFER_INIT(16);
	size_t n = 0;
	bool ok;

	buffer_printf(&known, "UserKnownHostsFile=\"%s/%s\"", state_dir, KNOWN_HOSTS);
	buffer_printf(&port, "%lld", (long long)settings_int(settings, SETTING_NODE_CLI_PORT));
	items[n++] = "ssh";
	items[n++] = "-T";
	items[n++] = "-o";
	items[n++] = "BatchMode=yes";
	items[n++] = "-o";
	items[n++] = "StrictHostKeyChecking=yes";
	items[n++] = "-o";
	items[n++] = buffer_text(&known);
	items[n++] = "-o";
	items[n++] = "ConnectTimeout=10";
	items[n++] = "-o";
	items[n++] = "ServerAliveInterval=30";
	if (identity != NULL) {
		items[n++] = "-i";
		items[n++] = identity;
	}
	items[n++] = "-p";
	items[n++] = buffer_text(&port);
	items[n++] = "-l";
	items[n++] = settings_string(settings, SETTING_NODE_CLI_USER);
	items[n++] = "--";
	items[n++] = settings_string(settings, SETTING_NODE_HOST);
	items[n++] = LOG_SOURCE_COMMAND;
	ok = settings_set_list(settings, SETTING_LOG_COMMAND, items, n, err);
	buffer_clear(&known);
	buffer_clear(&port);
	return ok;
}

bool log_source_is_set(const struct settings *settings)
{
	size_t n = settings_list_size(settings, SETTING_LOG_COMMAND);

	return n > 2 && strcmp(settings_list_item(settings, SETTING_LOG_COMMAND, 0), "ssh") == 0 &&
	       strcmp(settings_list_item(settings, SETTING_LOG_COMMAND, n - 1), LOG_SOURCE_COMMAND) == 0;
}
