/* probe_resolv.h - how this host resolves names: resolv.conf, the hosts line of nsswitch.conf, and /etc/hosts.
 *
 * Parsers over bytes, and readers that say what was wrong with the file itself. They follow glibc where it matters:
 * three name servers, the last "search" or "domain" wins, a keyword starts in the first column.
 */
#ifndef PC_NET_PROBE_RESOLV_H
#define PC_NET_PROBE_RESOLV_H

#include <stdbool.h>
#include <stddef.h>

#include "net/probe_address.h"

#define PROBE_RESOLV_SERVERS_MAX 3	/* MAXNS of glibc */
#define PROBE_RESOLV_SEARCH_MAX 8
#define PROBE_RESOLV_BAD_MAX 8
#define PROBE_RESOLV_NAME_MAX 256
#define PROBE_RESOLV_LINE_MAX 160

enum probe_file_state {
	PROBE_FILE_OK,
	PROBE_FILE_MISSING,
	PROBE_FILE_DANGLING,		/* a symbolic link to nothing; see `target` */
	PROBE_FILE_UNREADABLE,		/* see sys_errno */
	PROBE_FILE_NOT_REGULAR,		/* a folder, a device */
	PROBE_FILE_TOO_LARGE
};

struct probe_file {
	char path[256];			/* the one that was read */
	enum probe_file_state state;
	int sys_errno;
	char target[256];		/* where a symbolic link points; "" when it is none */
};

struct probe_resolv_bad_line {
	unsigned int line;		/* from 1 */
	char text[PROBE_RESOLV_LINE_MAX];	/* raw: sanitise before showing */
};

struct probe_resolv {
	struct probe_file file;
	struct probe_address servers[PROBE_RESOLV_SERVERS_MAX];	/* port 53; those that glibc uses, in its order */
	size_t server_count;
	size_t servers_ignored;		/* further ones, beyond the third */
	char search[PROBE_RESOLV_SEARCH_MAX][PROBE_RESOLV_NAME_MAX];
	size_t search_count;
	int ndots, timeout_s, attempts;	/* glibc's defaults where not set */
	bool rotate, use_tcp, edns0, trust_ad, single_request, no_aaaa;
	struct probe_resolv_bad_line bad[PROBE_RESOLV_BAD_MAX];	/* a name server that is no address, a misspelt keyword */
	size_t bad_count;
};

struct probe_nsswitch {
	struct probe_file file;
	bool found;			/* there is a "hosts:" line; without one, glibc's default holds: files dns */
	char line[PROBE_RESOLV_LINE_MAX];	/* its right side, raw */
	bool files, dns, resolve, myhostname, mdns;
	bool dns_cut_off;		/* an action such as [NOTFOUND=return] before "dns" keeps it from being asked */
	bool hosts_first;		/* "files" comes before "dns" */
};

struct probe_hosts {
	struct probe_file file;
	struct probe_address_list addresses;	/* those of the name */
	unsigned int line;		/* of the first; 0 when the name is not there */
	char text[PROBE_RESOLV_LINE_MAX];	/* that line, raw */
};

/* Pure parsers; `out` is set as a whole but for `file`. */
void probe_resolv_parse(const char *text, size_t len, struct probe_resolv *out);
void probe_nsswitch_parse(const char *text, size_t len, struct probe_nsswitch *out);
/* Looks for a name (any case, a trailing dot ignored). */
void probe_hosts_parse(const char *text, size_t len, const char *name, struct probe_hosts *out);

/* Readers; a NULL path is the system's own file. They never fail: file.state says how it went. */
void probe_resolv_read(const char *path, struct probe_resolv *out);
void probe_nsswitch_read(const char *path, struct probe_nsswitch *out);
void probe_hosts_read(const char *path, const char *name, struct probe_hosts *out);

#endif
