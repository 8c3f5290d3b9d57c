#include "update/by_hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

void by_hash_name(char name[BY_HASH_NAME_MAX], const unsigned char sha256[32])
{
	size_t at = (size_t)snprintf(name, BY_HASH_NAME_MAX, "%s/", BY_HASH_DIR);

	for (size_t i = 0; i < 32; i++)
		snprintf(name + at + 2 * i, 3, "%02x", sha256[i]);
}

void by_hash_signature_name(char name[BY_HASH_NAME_MAX], const void *xml, size_t len)
{
	unsigned char sha256[32] = { 0 };
	size_t at;

	EVP_Digest(xml, len, sha256, NULL, EVP_sha256(), NULL);
	by_hash_name(name, sha256);
	at = strlen(name);
	snprintf(name + at, BY_HASH_NAME_MAX - at, "%s", BY_HASH_SIGNATURE);
}

static bool is_same_file(int dirfd, const char *a, const char *b)
{
	struct stat x, y;

	return fstatat(dirfd, a, &x, AT_SYMLINK_NOFOLLOW) == 0 && fstatat(dirfd, b, &y, AT_SYMLINK_NOFOLLOW) == 0 &&
	       x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool by_hash_link(int dirfd, const char *from, const char *to, const char *temp)
{
	if (is_same_file(dirfd, from, to))
		return true;
	if (unlinkat(dirfd, temp, 0) < 0 && errno != ENOENT)
		return false;
	return linkat(dirfd, from, dirfd, temp, 0) == 0 && renameat(dirfd, temp, dirfd, to) == 0;
}

bool by_hash_no_links(int sys_errno)
{
	return sys_errno == EPERM || sys_errno == EOPNOTSUPP || sys_errno == ENOSYS || sys_errno == EMLINK;
}

static bool is_named(const struct manifest *m, const char *signature, const char *entry)
{
	char name[BY_HASH_NAME_MAX];

	for (size_t i = 0; i < m->count; i++) {
		by_hash_name(name, m->components[i].sha256);
		if (strcmp(name + sizeof(BY_HASH_DIR), entry) == 0)
			return true;
	}
	return strcmp(signature + sizeof(BY_HASH_DIR), entry) == 0;
}

/* When it ceased to be current its other name was taken away, which the file system dates. */
static bool is_old(int fd, const char *entry, time_t now)
{
	size_t len = strlen(entry);
	struct stat st;

	if (len > 4 && strcmp(entry + len - 4, ".tmp") == 0)
		return true;	/* left by a run that was killed */
	return fstatat(fd, entry, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_ctime < now - BY_HASH_KEEP_S;
}

void by_hash_expire(int dirfd, const struct manifest *m, const void *xml, size_t len, time_t now)
{
	int fd = openat(dirfd, BY_HASH_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	char signature[BY_HASH_NAME_MAX];
	const struct dirent *entry;

	by_hash_signature_name(signature, xml, len);
	if (dir == NULL)
		file_close(&fd);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    is_old(fd, entry->d_name, now) && !is_named(m, signature, entry->d_name))
			unlinkat(fd, entry->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
}
