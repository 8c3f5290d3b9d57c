/* checksum.h - the checksums of archives and components: CRC-32 of a zip, SHA-256 of a manifest. */
#ifndef PC_FEED_CHECKSUM_H
#define PC_FEED_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SHA256_BYTES 32

/* Goes on from `crc` (0 at the start). */
uint32_t checksum_crc32(uint32_t crc, const void *data, size_t len);

/* SHA-256 of a file from its start to its end, and its size. `name` is for messages. */
bool checksum_file(int fd, const char *name, unsigned char sha256[SHA256_BYTES], int64_t *size, struct error *err);

#endif
