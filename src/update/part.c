#include "update/part.h"

#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/i18n.h"
#include "net/http_fields.h"
#include "base/whole_json.h"

#define META_MAX_BYTES 8192
#define HASH_CHUNK (256 * 1024)

struct part {
	int parts_fd;			/* borrowed */
	int fd;
	int64_t held;
	char key[80];
	char url[2048];
	char validator[256];
	EVP_MD_CTX *hash;
};

static void file_name(const struct part *p, const char *ending, char name[96])
{
	snprintf(name, 96, "%s.%s", p->key, ending);
}

/* A weak etag says nothing about bytes (RFC 9110, 8.8.1), and what cannot be sent whole says nothing to the server: neither can
 * guard a resume. */
static bool take_validator(struct part *p, const char *validator)
{
	if (validator == NULL || strlen(validator) >= sizeof(p->validator) || !http_validator_is_strong(validator))
		return false;
	memcpy(p->validator, validator, strlen(validator) + 1);
	return true;
}

static void choose_validator(struct part *p, const char *etag, const char *last_modified)
{
	if (!take_validator(p, etag) && !take_validator(p, last_modified))
		p->validator[0] = '\0';
}

static bool save_meta(const struct part *p, struct error *err)
{
	json_t *meta = json_pack("{s:s, s:s}", "url", p->url, "validator", p->validator);
	char *text = meta != NULL ? whole_json_dump(meta, JSON_COMPACT) : NULL;
	char name[96];
	bool ok;

	file_name(p, "json", name);
	ok = text != NULL ? file_write_quick(p->parts_fd, name, 0600, text, strlen(text), err)
			  : error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	free(text);
	json_decref(meta);
	return ok;
}

/* Is what lies there a part of this object? Then its validator is taken over. */
static bool meta_matches(struct part *p)
{
	struct buffer text = BUFFER_INIT(META_MAX_BYTES);
	const char *url, *validator;
	json_t *meta = NULL;
	char name[96];
	bool ok;

	file_name(p, "json", name);
	if (file_read(p->parts_fd, name, &text, NULL))
		meta = json_loadb(buffer_text(&text), text.len, 0, NULL);
	url = json_string_value(json_object_get(meta, "url"));
	validator = json_string_value(json_object_get(meta, "validator"));
	ok = url != NULL && strcmp(url, p->url) == 0 && take_validator(p, validator);
	json_decref(meta);
	buffer_clear(&text);
	return ok;
}

static bool hash_held(struct part *p, struct error *err)
{
	char *chunk = malloc(HASH_CHUNK);
	bool ok = chunk != NULL;

	if (!ok)
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	for (int64_t at = 0; ok && at < p->held;) {
		ssize_t n = pread(p->fd, chunk, HASH_CHUNK, at);

		if (n <= 0)
			ok = error_errno(err, FINDING_IO_ERROR, _("cannot read a partial download"));
		else if (EVP_DigestUpdate(p->hash, chunk, (size_t)n) != 1)
			ok = error_set(err, FINDING_OUT_OF_MEMORY, _("cannot compute a hash"));
		else
			at += n;
	}
	free(chunk);
	return ok;
}

/* A file that is empty is not truncated: ext4 writes every file out when it is closed after that, also one that is gone. */
static bool empty_it(struct part *p, struct error *err)
{
	bool empty = p->held == 0;

	p->held = 0;
	p->validator[0] = '\0';
	if (EVP_DigestInit_ex(p->hash, EVP_sha256(), NULL) != 1)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("cannot compute a hash"));
	if (!empty && ftruncate(p->fd, 0) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot empty a partial download"));
	return true;
}

bool part_open(int parts_fd, const char *key, const char *url, int64_t expected_size, struct part **out,
	       struct error *err)
{
	struct part *p = calloc(1, sizeof(*p));
	struct stat st;
	char name[96];
	bool ok = false;

	if (p == NULL)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	p->parts_fd = parts_fd;
	p->fd = -1;
	snprintf(p->key, sizeof(p->key), "%s", key);
	snprintf(p->url, sizeof(p->url), "%s", url);
	p->hash = EVP_MD_CTX_new();
	if (p->hash == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	file_name(p, "part", name);
	p->fd = openat(parts_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->fd < 0 || fstat(p->fd, &st) < 0) {
		error_errno(err, FINDING_PATH_INVALID, _("cannot create a file in the staging folder"));
		goto out;
	}
	p->held = st.st_size;
	if (!S_ISREG(st.st_mode) || p->held == 0 || (expected_size >= 0 && p->held > expected_size) || !meta_matches(p))
		ok = empty_it(p, err);
	else
		ok = EVP_DigestInit_ex(p->hash, EVP_sha256(), NULL) == 1 && hash_held(p, err);
	if (ok && lseek(p->fd, p->held, SEEK_SET) < 0)
		ok = error_errno(err, FINDING_IO_ERROR, _("cannot go on with a partial download"));
out:
	if (ok)
		*out = p;
	else
		part_close(p);
	return ok;
}

void part_close(struct part *p)
{
	if (p == NULL)
		return;
	file_close(&p->fd);
	EVP_MD_CTX_free(p->hash);
	free(p);
}

void part_remove(struct part *p)
{
	char name[96];

	if (p == NULL)
		return;
	file_name(p, "part", name);
	unlinkat(p->parts_fd, name, 0);
	file_name(p, "json", name);
	unlinkat(p->parts_fd, name, 0);
	part_close(p);
}

int64_t part_held(const struct part *p)
{
	return p->held;
}

const char *part_validator(const struct part *p)
{
	return p->held > 0 ? p->validator : "";
}

int part_fd(const struct part *p)
{
	return p->fd;
}

bool part_begin(struct part *p, int64_t offset, const char *etag, const char *last_modified, struct error *err)
{
	if (offset == p->held && offset > 0)
		return true;
	if (offset != 0)
		return error_set(err, FINDING_HTTP_PROTOCOL_ERROR, _("the server resumed at byte %lld instead of %lld"),
				 (long long)offset, (long long)p->held);
	if (!empty_it(p, err))
		return false;
	if (lseek(p->fd, 0, SEEK_SET) < 0)
		return error_errno(err, FINDING_IO_ERROR, _("cannot begin a download"));
	choose_validator(p, etag, last_modified);
	/* Without a validator it could not be resumed: no need to remember it. */
	return p->validator[0] == '\0' || save_meta(p, err);
}

bool part_write(struct part *p, const void *bytes, size_t len, struct error *err)
{
	if (!file_write_all(p->fd, bytes, len))
		return error_errno(err, FINDING_IO_ERROR, _("cannot write to the staging folder"));
	if (EVP_DigestUpdate(p->hash, bytes, len) != 1)
		return error_set(err, FINDING_OUT_OF_MEMORY, _("cannot compute a hash"));
	p->held += (int64_t)len;
	return true;
}

bool part_sha256(struct part *p, unsigned char sha256[32], struct error *err)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	unsigned int len;
	bool ok = copy != NULL && EVP_MD_CTX_copy_ex(copy, p->hash) == 1 && EVP_DigestFinal_ex(copy, sha256, &len) == 1;

	EVP_MD_CTX_free(copy);
	return ok || error_set(err, FINDING_OUT_OF_MEMORY, _("cannot compute a hash"));
}
