#include "feed/checksum.h"

#include <errno.h>
#ifdef HAVE_ISAL
#include <isa-l/crc.h>
#else
#include <zlib.h>
#endif
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/i18n.h"

#define CHUNK (256u * 1024)

uint32_t checksum_crc32(uint32_t crc, const void *data, size_t len)
{
#ifdef HAVE_ISAL
	return crc32_gzip_refl(crc, data, len);
#else
	return (uint32_t)crc32_z(crc, data, len);
#endif
}

static bool digest_all(EVP_MD_CTX *md, int fd, unsigned char *chunk, const char *name, int64_t *size, struct error *err)
{
	for (*size = 0;;) {
		ssize_t n = pread(fd, chunk, CHUNK, *size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, FINDING_IO_ERROR, _("cannot read %s"), name);
		if (n == 0)
			return true;
		if (EVP_DigestUpdate(md, chunk, (size_t)n) != 1)
			return error_set(err, FINDING_NONE, _("cannot hash %s"), name);
		*size += n;
	}
}

bool checksum_file(int fd, const char *name, unsigned char sha256[SHA256_BYTES], int64_t *size, struct error *err)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned char *chunk = malloc(CHUNK);
	bool ok = false;

	if (md == NULL || chunk == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	else
		ok = digest_all(md, fd, chunk, name, size, err) && EVP_DigestFinal_ex(md, sha256, NULL) == 1;
	EVP_MD_CTX_free(md);
	free(chunk);
	return ok;
}
