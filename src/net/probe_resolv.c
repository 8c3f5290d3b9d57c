#include "net/probe_resolv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"

#define FILE_MAX_BYTES (1024 * 1024)
#define DNS_PORT 53

/* One line of a text, cut at `size`; false at the end. A NUL inside ends the line early, as it does for glibc. */
struct lines {
	const char *at, *end;
	unsigned int number;
	char line[1024];
};

static bool next_line(struct lines *l)
{
	const char *stop;
	size_t n;

	if (l->at >= l->end)
		return false;
	stop = memchr(l->at, '\n', (size_t)(l->end - l->at));
	if (stop == NULL)
		stop = l->end;
	n = (size_t)(stop - l->at);
	if (n >= sizeof(l->line))
		n = sizeof(l->line) - 1;
	memcpy(l->line, l->at, n);
	l->line[n] = '\0';
	if (n > 0 && l->line[n - 1] == '\r')
		l->line[n - 1] = '\0';
	l->at = stop < l->end ? stop + 1 : l->end;
	l->number++;
	return true;
}

static void copy(char *dst, size_t size, const char *src)
{
	snprintf(dst, size, "%s", src);
}

static char *skip_blanks(char *s)
{
	return s + strspn(s, " \t");
}

/* resolv.conf */

static void note_bad(struct probe_resolv *out, const struct lines *l)
{
	struct probe_resolv_bad_line *bad;

	if (out->bad_count == PROBE_RESOLV_BAD_MAX)
		return;
	bad = &out->bad[out->bad_count++];
	bad->line = l->number;
	snprintf(bad->text, sizeof(bad->text), "%.*s", (int)sizeof(bad->text) - 1, l->line);
}

static void take_server(struct probe_resolv *out, const struct lines *l, char *value)
{
	struct probe_address address;

	value[strcspn(value, " \t")] = '\0';
	if (!probe_address_parse(value, DNS_PORT, &address))
		note_bad(out, l);
	else if (out->server_count == PROBE_RESOLV_SERVERS_MAX)
		out->servers_ignored++;
	else
		out->servers[out->server_count++] = address;
}

static void take_search(struct probe_resolv *out, char *value)
{
	char *save = NULL;

	out->search_count = 0;
	for (char *name = strtok_r(value, " \t", &save); name != NULL; name = strtok_r(NULL, " \t", &save)) {
		if (out->search_count == PROBE_RESOLV_SEARCH_MAX)
			break;
		copy(out->search[out->search_count++], PROBE_RESOLV_NAME_MAX, name);
	}
}

static int number_of(const char *text, int max)
{
	int n = atoi(text);

	if (n < 0)
		return 0;
	return n < max ? n : max;
}

static void take_options(struct probe_resolv *out, char *value)
{
	char *save = NULL;

	for (char *o = strtok_r(value, " \t", &save); o != NULL; o = strtok_r(NULL, " \t", &save)) {
		if (strncmp(o, "ndots:", 6) == 0)
			out->ndots = number_of(o + 6, 15);
		else if (strncmp(o, "timeout:", 8) == 0)
			out->timeout_s = number_of(o + 8, 30);
		else if (strncmp(o, "attempts:", 9) == 0)
			out->attempts = number_of(o + 9, 5);
		else if (strcmp(o, "rotate") == 0)
			out->rotate = true;
		else if (strcmp(o, "use-vc") == 0)
			out->use_tcp = true;
		else if (strcmp(o, "edns0") == 0)
			out->edns0 = true;
		else if (strcmp(o, "trust-ad") == 0)
			out->trust_ad = true;
		else if (strncmp(o, "single-request", 14) == 0)
			out->single_request = true;
		else if (strcmp(o, "no-aaaa") == 0)
			out->no_aaaa = true;
	}
}

/* The value behind a keyword in the first column, or NULL. glibc takes no blank before it. */
static char *value_of(char *line, const char *keyword)
{
	size_t n = strlen(keyword);

	if (strncmp(line, keyword, n) != 0 || (line[n] != ' ' && line[n] != '\t'))
		return NULL;
	return skip_blanks(line + n);
}

void probe_resolv_parse(const char *text, size_t len, struct probe_resolv *out)
{
	struct lines l = { .at = text, .end = text + len };
	struct probe_file file = out->file;

	memset(out, 0, sizeof(*out));
	out->file = file;
	out->ndots = 1;
	out->timeout_s = 5;
	out->attempts = 2;
	while (next_line(&l)) {
		char *value, *start = skip_blanks(l.line);

		if (*start == '\0' || *l.line == '#' || *l.line == ';')
			continue;
		/* The noted line must be whole; a value is cut in a copy. */
		struct lines own = l;

		if ((value = value_of(own.line, "nameserver")) != NULL)
			take_server(out, &l, value);
		else if ((value = value_of(own.line, "search")) != NULL ||
			 (value = value_of(own.line, "domain")) != NULL)
			take_search(out, value);
		else if ((value = value_of(own.line, "options")) != NULL)
			take_options(out, value);
		else if (value_of(own.line, "sortlist") == NULL && *start != '#' && *start != ';')
			note_bad(out, &l);
	}
}

/* nsswitch.conf */

/* Does an action list such as [NOTFOUND=return] keep the next source from being asked when the name is not found here?
 * [!UNAVAIL=return] does as well while that source is there: "files" always is, "resolve" only while a daemon runs that asks
 * DNS itself. */
static bool cuts_off(const char *actions, bool always_there)
{
	char low[PROBE_RESOLV_LINE_MAX];
	size_t n = 0;

	for (; *actions != '\0' && n < sizeof(low) - 1; actions++) {
		if (*actions != ' ' && *actions != '\t')
			low[n++] = (char)tolower((unsigned char)*actions);
	}
	low[n] = '\0';
	for (const char *p = low; (p = strstr(p, "notfound=return")) != NULL; p++) {
		if (p == low || p[-1] != '!')
			return true;
	}
	return always_there && (strstr(low, "!unavail=return") != NULL || strstr(low, "!success=return") != NULL);
}

struct service_flag {
	const char *name;
	size_t offset;
};

static void take_service(struct probe_nsswitch *out, const char *name)
{
	static const struct service_flag flags[] = {
		{ "files", offsetof(struct probe_nsswitch, files) },
		{ "dns", offsetof(struct probe_nsswitch, dns) },
		{ "resolve", offsetof(struct probe_nsswitch, resolve) },
		{ "myhostname", offsetof(struct probe_nsswitch, myhostname) },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(name, flags[i].name) == 0)
			*(bool *)((char *)out + flags[i].offset) = true;
	}
	if (strncmp(name, "mdns", 4) == 0)
		out->mdns = true;
}

static void take_sources(struct probe_nsswitch *out, char *at)
{
	bool cut = false, only_mdns = false, files = false;

	while (*(at = skip_blanks(at)) != '\0') {
		size_t n;

		if (*at == '[') {
			char *end = strchr(at, ']');

			if (end == NULL)
				return;
			*end = '\0';
			/* mdns_minimal says "not found" for .local names only; its action is no wall for others. */
			cut = cut || (!only_mdns && cuts_off(at + 1, files));
			at = end + 1;
			continue;
		}
		n = strcspn(at, " \t[");
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)(n < 31 ? n : 31), at);
		at += n;
		only_mdns = strstr(name, "_minimal") != NULL;
		files = strcmp(name, "files") == 0;
		if (strcmp(name, "dns") == 0) {
			out->dns_cut_off = cut;
			out->hosts_first = out->files;
		}
		take_service(out, name);
	}
}

void probe_nsswitch_parse(const char *text, size_t len, struct probe_nsswitch *out)
{
	struct lines l = { .at = text, .end = text + len };
	struct probe_file file = out->file;

	memset(out, 0, sizeof(*out));
	out->file = file;
	while (next_line(&l)) {
		char *start = skip_blanks(l.line);

		start[strcspn(start, "#")] = '\0';
		if (strncmp(start, "hosts", 5) != 0)
			continue;
		start = skip_blanks(start + 5);
		if (*start != ':')
			continue;
		start = skip_blanks(start + 1);
		out->found = true;
		snprintf(out->line, sizeof(out->line), "%.*s", (int)sizeof(out->line) - 1, start);
		take_sources(out, start);
		return;
	}
	out->files = out->dns = out->hosts_first = true;
}

/* /etc/hosts */

static bool same_name(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	if (na > 0 && a[na - 1] == '.')
		na--;
	if (nb > 0 && b[nb - 1] == '.')
		nb--;
	return na == nb && strncasecmp(a, b, na) == 0;
}

void probe_hosts_parse(const char *text, size_t len, const char *name, struct probe_hosts *out)
{
	struct lines l = { .at = text, .end = text + len };
	struct probe_file file = out->file;

	memset(out, 0, sizeof(*out));
	out->file = file;
	while (next_line(&l)) {
		struct lines own = l;
		struct probe_address address;
		char *save = NULL, *word;

		own.line[strcspn(own.line, "#")] = '\0';
		word = strtok_r(own.line, " \t", &save);
		if (word == NULL || !probe_address_parse(word, 0, &address))
			continue;
		while ((word = strtok_r(NULL, " \t", &save)) != NULL) {
			if (!same_name(word, name))
				continue;
			if (out->line == 0) {
				out->line = l.number;
				snprintf(out->text, sizeof(out->text), "%.*s", (int)sizeof(out->text) - 1, l.line);
			}
			probe_address_list_add(&out->addresses, &address);
			break;
		}
	}
}

/* The readers */

static void note_target(struct probe_file *file)
{
	ssize_t n = readlink(file->path, file->target, sizeof(file->target) - 1);

	file->target[n > 0 ? n : 0] = '\0';
}

static bool read_file(const char *path, struct probe_file *file, struct buffer *out)
{
	struct error err = ERROR_INIT;
	struct stat st;

	memset(file, 0, sizeof(*file));
	copy(file->path, sizeof(file->path), path);
	note_target(file);
	if (stat(path, &st) != 0) {
		file->sys_errno = errno;
		if (errno != ENOENT)
			file->state = PROBE_FILE_UNREADABLE;
		else
			file->state = file->target[0] != '\0' ? PROBE_FILE_DANGLING : PROBE_FILE_MISSING;
		return false;
	}
	/* /dev/null in the place of a file is an empty file. */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
		return true;
	if (!S_ISREG(st.st_mode)) {
		file->state = PROBE_FILE_NOT_REGULAR;
		return false;
	}
	if (st.st_size > FILE_MAX_BYTES) {
		file->state = PROBE_FILE_TOO_LARGE;
		return false;
	}
	if (!file_read(AT_FDCWD, path, out, &err)) {
		file->state = PROBE_FILE_UNREADABLE;
		file->sys_errno = err.sys_errno;
		return false;
	}
	return true;
}

void probe_resolv_read(const char *path, struct probe_resolv *out)
{
	struct buffer text = BUFFER_INIT(FILE_MAX_BYTES);

	memset(out, 0, sizeof(*out));
	read_file(path != NULL ? path : "/etc/resolv.conf", &out->file, &text);
	probe_resolv_parse(buffer_text(&text), text.len, out);
	buffer_clear(&text);
}

void probe_nsswitch_read(const char *path, struct probe_nsswitch *out)
{
	struct buffer text = BUFFER_INIT(FILE_MAX_BYTES);

	memset(out, 0, sizeof(*out));
	read_file(path != NULL ? path : "/etc/nsswitch.conf", &out->file, &text);
	probe_nsswitch_parse(buffer_text(&text), text.len, out);
	buffer_clear(&text);
}

void probe_hosts_read(const char *path, const char *name, struct probe_hosts *out)
{
	struct buffer text = BUFFER_INIT(FILE_MAX_BYTES);

	memset(out, 0, sizeof(*out));
	read_file(path != NULL ? path : "/etc/hosts", &out->file, &text);
	probe_hosts_parse(buffer_text(&text), text.len, name, out);
	buffer_clear(&text);
}
