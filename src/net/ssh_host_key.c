#include "net/ssh_host_key.h"

#include <ctype.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/i18n.h"

#define FINGERPRINT_PREFIX "SHA256:"
#define FINGERPRINT_DIGITS 43		/* of 32 bytes in base64, without the padding */
#define KEY_MAX_BYTES (16u * 1024)
#define LINE_MAX_BYTES (32u * 1024)
#define SSH_PORT 22

char *ssh_host_key_fingerprint(char dst[SSH_FINGERPRINT_MAX], const void *key, size_t len)
{
	unsigned char hash[32];
	size_t used = strlen(FINGERPRINT_PREFIX);

	dst[0] = '\0';
	if (EVP_Digest(key, len, hash, NULL, EVP_sha256(), NULL) != 1)
		return dst;
	memcpy(dst, FINGERPRINT_PREFIX, used);
	EVP_EncodeBlock((unsigned char *)dst + used, hash, sizeof(hash));
	dst[used + FINGERPRINT_DIGITS] = '\0';
	return dst;
}

char *ssh_host_key_type(char dst[SSH_KEY_TYPE_MAX], const void *key, size_t len)
{
	const unsigned char *bytes = key;
	size_t name;

	dst[0] = '\0';
	if (len < 4)
		return dst;
	name = (size_t)bytes[0] << 24 | (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];
	if (name == 0 || name > len - 4 || name >= SSH_KEY_TYPE_MAX)
		return dst;
	/* It becomes a word of a line in a file. */
	for (size_t i = 0; i < name; i++) {
		if (!isalnum(bytes[4 + i]) && strchr("-_.@", bytes[4 + i]) == NULL)
			return dst;
	}
	memcpy(dst, bytes + 4, name);
	dst[name] = '\0';
	return dst;
}

bool ssh_host_key_is_fingerprint(const char *text)
{
	size_t prefix = strlen(FINGERPRINT_PREFIX);

	if (strncmp(text, FINGERPRINT_PREFIX, prefix) != 0 || strlen(text) != prefix + FINGERPRINT_DIGITS)
		return false;
	for (text += prefix; *text != '\0'; text++) {
		if (!isalnum((unsigned char)*text) && *text != '+' && *text != '/')
			return false;
	}
	return true;
}

/* "host ssh-ed25519 AAAA..."; another port than ssh's own stands with the host, in brackets (sshd(8)). */
static bool make_line(struct buffer *line, const char *host, long port, const void *key, size_t len)
{
	unsigned char base64[4 * ((KEY_MAX_BYTES + 2) / 3) + 1];
	char type[SSH_KEY_TYPE_MAX];

	if (len > KEY_MAX_BYTES || ssh_host_key_type(type, key, len)[0] == '\0' || strpbrk(host, " \t\r\n,*?!|#") != NULL)
		return false;
	EVP_EncodeBlock(base64, key, (int)len);
	if (port == SSH_PORT)
		buffer_printf(line, "%s %s %s\n", host, type, (const char *)base64);
	else
		buffer_printf(line, "[%s]:%ld %s %s\n", host, port, type, (const char *)base64);
	return !line->failed;
}

static bool make_folder(const char *path, struct error *err)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return true;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	return file_make_dirs(folder, 0700, err);
}

/* The last line of a file that somebody edited may have no end. */
static bool ends_open(int fd)
{
	struct stat st;
	char last = '\n';

	return fstat(fd, &st) == 0 && st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

bool ssh_host_key_remember(const char *known_hosts, const char *host, long port, const void *key, size_t len,
			   struct error *err)
{
	struct buffer line = BUFFER_INIT(LINE_MAX_BYTES);
	int fd = -1;
	bool ok = false;

	if (!make_line(&line, host, port, key, len)) {
		error_set(err, FINDING_HTTP_PROTOCOL_ERROR, _("%s shows an ssh host key that cannot be kept"), host);
		goto out;
	}
	if (!make_folder(known_hosts, err))
		goto out;
	fd = open(known_hosts, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0 || (ends_open(fd) && !file_write_all(fd, "\n", 1)) || !file_write_all(fd, line.data, line.len)) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot add the ssh host key of %s to %s"), host, known_hosts);
		goto out;
	}
	ok = true;
out:
	file_close(&fd);
	buffer_clear(&line);
	return ok;
}
