/* extract.h - unpacks a verified component (tar.gz, tar, tar.xz, tar.zst, or a plain file) below one folder, safely.
 *
 * Nothing is written outside the folder whatever the archive says: regular files and folders only; no links, devices,
 * absolute names, "..", control bytes, duplicates, names that collide when case is folded. Modes are 0644 or 0755.
 */
#ifndef PC_FEED_EXTRACT_H
#define PC_FEED_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct extract_limits {
	int64_t bytes;		/* in all, unpacked; 0: 4 GiB */
	int64_t entries;	/* 0: 200 000 */
	int64_t ratio;		/* unpacked to packed, past the first 16 MiB; 0: 200 */
};

struct extract_result {
	int64_t files;
	int64_t bytes;
};

/* `fd` is the archive, read from offset 0. `dirfd` is an existing, empty folder. `plain_name` is the file name to use
 * when it is no archive at all. Findings: bundle-corrupt, bundle-unsafe-path, bundle-unsafe-link,
 * bundle-duplicate-member, bundle-too-large, disk-full, ... `progress` (may be NULL) gets packed bytes read so far. */
bool extract_component(int fd, int dirfd, const char *plain_name, const struct extract_limits *limits,
		       void (*progress)(void *data, int64_t bytes), void *data, struct extract_result *result,
		       struct error *err);

#endif
