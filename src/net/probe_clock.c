#include "net/probe_clock.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"

#define CONFIG_MAX (256 * 1024)
#define NTP_PORT 123

/* The compiler's date (SOURCE_DATE_EPOCH is honoured by it), at the start of that day. */
static time_t build_time(void)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *date = __DATE__, *month;
	struct tm tm = { .tm_mday = atoi(date + 4), .tm_year = atoi(date + 7) - 1900 };
	char name[4] = { date[0], date[1], date[2], '\0' };

	month = strstr(months, name);
	if (month != NULL)
		tm.tm_mon = (int)(month - months) / 3;
	return timegm(&tm);
}

void probe_clock_read(struct probe_clock *out)
{
	struct timex t = { .modes = 0 };
	time_t now = clock_now();
	struct tm local;
	int state = adjtimex(&t);

	memset(out, 0, sizeof(*out));
	out->kernel_known = state >= 0;
	out->synchronised = state >= 0 && state != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
	out->max_error_us = t.maxerror;
	out->estimated_error_us = t.esterror;
	out->build_time = build_time();
	/* A day of grace: the compiler's date is local, and has no time. */
	out->before_build = now < out->build_time - 86400;
	if (localtime_r(&now, &local) != NULL)
		out->zone_offset_s = (int)local.tm_gmtoff;
}

static void add_server(struct probe_time_servers *out, const char *host, uint16_t port, bool pool)
{
	for (size_t i = 0; i < out->count; i++) {
		if (strcasecmp(out->items[i].host, host) == 0)
			return;
	}
	if (out->count == PROBE_CLOCK_SERVERS_MAX) {
		out->more = true;
		return;
	}
	snprintf(out->items[out->count].host, sizeof(out->items[0].host), "%s", host);
	out->items[out->count].port = port;
	out->items[out->count++].pool = pool;
}

/* Calls `take` for each line, cut into words. */
typedef void (*take_words)(struct probe_time_servers *out, char **words, size_t count);

static void each_line(const char *text, size_t len, const char *comment, take_words take, struct probe_time_servers *out)
{
	const char *end = text + len;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((stop != NULL ? stop : end) - text), count = 0;
		char line[1024], *words[16], *save = NULL;

		snprintf(line, sizeof(line), "%.*s", (int)(n < sizeof(line) ? n : sizeof(line) - 1), text);
		line[strcspn(line, comment)] = '\0';
		for (char *w = strtok_r(line, " \t\r", &save); w != NULL && count < 16; w = strtok_r(NULL, " \t\r", &save))
			words[count++] = w;
		if (count >= 1)
			take(out, words, count);
		text = stop != NULL ? stop + 1 : end;
	}
}

static void take_chrony(struct probe_time_servers *out, char **words, size_t count)
{
	uint16_t port = NTP_PORT;
	bool pool = strcasecmp(words[0], "pool") == 0;

	if (count < 2 || (!pool && strcasecmp(words[0], "server") != 0 && strcasecmp(words[0], "peer") != 0))
		return;
	for (size_t i = 2; i + 1 < count; i++) {
		int n = atoi(words[i + 1]);

		if (strcasecmp(words[i], "port") == 0 && n > 0 && n < 65536)
			port = (uint16_t)n;
	}
	add_server(out, words[1], port, pool);
}

static void take_ntp(struct probe_time_servers *out, char **words, size_t count)
{
	size_t at = 1;
	bool pool = strcmp(words[0], "pool") == 0, many = strcmp(words[0], "servers") == 0;

	if (!pool && !many && strcmp(words[0], "server") != 0 && strcmp(words[0], "peer") != 0)
		return;
	while (at < count && (strcmp(words[at], "-4") == 0 || strcmp(words[at], "-6") == 0))
		at++;
	/* 127.127.x.y is a clock of this host and no server. */
	if (at < count && strncmp(words[at], "127.127.", 8) != 0)
		add_server(out, words[at], NTP_PORT, pool || many);
}

static void take_timesyncd(struct probe_time_servers *out, char **words, size_t count)
{
	char *value = strchr(words[0], '=');

	if (value == NULL || (strncmp(words[0], "NTP=", 4) != 0 && strncmp(words[0], "FallbackNTP=", 12) != 0))
		return;
	/* The fallback is used only when there is nothing else. */
	if (words[0][0] == 'F' && out->count > 0)
		return;
	if (value[1] != '\0')
		add_server(out, value + 1, NTP_PORT, false);
	for (size_t i = 1; i < count; i++)
		add_server(out, words[i], NTP_PORT, false);
}

void probe_chrony_conf_parse(const char *text, size_t len, struct probe_time_servers *out)
{
	each_line(text, len, "#%!;", take_chrony, out);
}

void probe_ntp_conf_parse(const char *text, size_t len, struct probe_time_servers *out)
{
	each_line(text, len, "#", take_ntp, out);
}

void probe_timesyncd_conf_parse(const char *text, size_t len, struct probe_time_servers *out)
{
	each_line(text, len, "#;", take_timesyncd, out);
}

/* One kind of time client: its processes, and where its configuration stands. */
struct client {
	enum probe_time_client_kind kind;
	const char *processes[3];
	const char *files[4];
	const char *folder;		/* drop-in files; NULL none */
	void (*parse)(const char *text, size_t len, struct probe_time_servers *out);
};

static const struct client clients[] = {
	{ PROBE_TIME_CLIENT_CHRONY, { "chronyd" }, { "etc/chrony/chrony.conf", "etc/chrony.conf" },
	  "etc/chrony/sources.d", probe_chrony_conf_parse },
	{ PROBE_TIME_CLIENT_NTPD, { "ntpd", "ntpsec" }, { "etc/ntpsec/ntp.conf", "etc/ntp.conf", "etc/openntpd/ntpd.conf" },
	  NULL, probe_ntp_conf_parse },
	{ PROBE_TIME_CLIENT_OPENNTPD, { "openntpd" }, { "etc/openntpd/ntpd.conf", "etc/ntpd.conf" }, NULL,
	  probe_ntp_conf_parse },
	{ PROBE_TIME_CLIENT_TIMESYNCD, { "systemd-timesyn" }, { "etc/systemd/timesyncd.conf" },
	  "etc/systemd/timesyncd.conf.d", probe_timesyncd_conf_parse },
};

static int open_root(const char *root)
{
	return open(root != NULL ? root : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool parse_file(int root, const char *path, const struct client *c, struct probe_time_client *out)
{
	struct buffer text = BUFFER_INIT(CONFIG_MAX);
	bool ok = file_read(root, path, &text, NULL);

	if (ok)
		c->parse(buffer_text(&text), text.len, &out->servers);
	buffer_clear(&text);
	return ok;
}

static void parse_folder(int root, const struct client *c, struct probe_time_client *out)
{
	int fd = c->folder != NULL ? openat(root, c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (dir == NULL) {
		file_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] != '.')
			parse_file(dirfd(dir), entry->d_name, c, out);
	}
	closedir(dir);
}

/* Reads the configuration of one kind. True when there is one. */
static bool configure(int root, const struct client *c, struct probe_time_client *out)
{
	for (size_t i = 0; c->files[i] != NULL; i++) {
		if (!parse_file(root, c->files[i], c, out))
			continue;
		snprintf(out->config.path, sizeof(out->config.path), "/%s", c->files[i]);
		out->config.state = PROBE_FILE_OK;
		out->configured = true;
		break;
	}
	parse_folder(root, c, out);
	return out->configured || out->servers.count > 0;
}

static bool has_process(const struct client *c, const char *name)
{
	for (size_t i = 0; c->processes[i] != NULL; i++) {
		if (strcmp(c->processes[i], name) == 0)
			return true;
	}
	return false;
}

/* The name of a process; false when it is gone, or lives in another network namespace: that is another host's client. */
static bool process_name(int proc, const char *pid, char *dst, size_t size)
{
	struct buffer text = BUFFER_INIT(4096);
	char path[64], own[64] = "", theirs[64] = "";

	snprintf(path, sizeof(path), "%.20s/comm", pid);
	if (!file_read(proc, path, &text, NULL)) {
		buffer_clear(&text);
		return false;
	}
	snprintf(dst, size, "%.*s", (int)strcspn(buffer_text(&text), "\n"), buffer_text(&text));
	buffer_clear(&text);
	snprintf(path, sizeof(path), "%.20s/ns/net", pid);
	if (readlinkat(proc, path, theirs, sizeof(theirs) - 1) > 0 &&
	    readlinkat(proc, "self/ns/net", own, sizeof(own) - 1) > 0)
		return strcmp(own, theirs) == 0;
	return true;
}

static const struct client *running_client(pid_t *pid)
{
	const struct client *found = NULL;
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc != NULL && found == NULL && (entry = readdir(proc)) != NULL) {
		char name[32];

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    !process_name(dirfd(proc), entry->d_name, name, sizeof(name)))
			continue;
		for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]) && found == NULL; i++) {
			if (has_process(&clients[i], name))
				found = &clients[i];
		}
		*pid = found != NULL ? (pid_t)atoi(entry->d_name) : 0;
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}

void probe_time_client_find(const char *root, struct probe_time_client *out)
{
	int fd = open_root(root);
	const struct client *running;

	memset(out, 0, sizeof(*out));
	running = running_client(&out->pid);
	out->running = running != NULL;
	if (running != NULL) {
		out->kind = running->kind;
		if (fd >= 0)
			configure(fd, running, out);
	}
	for (size_t i = 0; fd >= 0 && running == NULL && i < sizeof(clients) / sizeof(clients[0]); i++) {
		if (configure(fd, &clients[i], out)) {
			out->kind = clients[i].kind;
			break;
		}
	}
	file_close(&fd);
}

const char *probe_time_client_name(enum probe_time_client_kind kind)
{
	static const char *const names[] = {
		[PROBE_TIME_CLIENT_NONE] = "", [PROBE_TIME_CLIENT_CHRONY] = "chrony",
		[PROBE_TIME_CLIENT_TIMESYNCD] = "systemd-timesyncd", [PROBE_TIME_CLIENT_NTPD] = "ntpd",
		[PROBE_TIME_CLIENT_OPENNTPD] = "OpenNTPD",
	};

	return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "";
}
