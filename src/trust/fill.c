/* The first start: the system's CA certificates, by their common names, disabled and trusted for nothing, but IdenTrust
 * Commercial Root CA 1, in which the chains of the vendor's servers end. doc/trusted-certificates.md says why. */
#include "trust/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"

#define BUNDLE_VARIABLE "POSTURE_CONSOLE_CA_BUNDLE"
#define DESCRIPTION "From the CA certificates of this system"

/* Where systems keep their CA certificates, as one file or as a folder of files. */
static const char *const places[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/etc/ssl/certs",
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

static bool read_file(int dir, const char *path, STACK_OF(X509) *out, struct error *err)
{
	struct buffer data = BUFFER_INIT(TRUST_IMPORT_MAX_BYTES);
	struct stat st;
	bool ok = false;

	/* Not a FIFO, which would block. */
	if (fstatat(dir, path, &st, 0) < 0)
		error_errno(err, FINDING_PATH_INVALID, _("cannot open %s"), path);
	else if (!S_ISREG(st.st_mode))
		error_set(err, FINDING_PATH_INVALID, _("%s is neither a file nor a folder"), path);
	else
		ok = file_read(dir, path, &data, err);
	if (ok && !trust_read_tolerant(buffer_text(&data), data.len, out, err))
		ok = error_wrap(err, "%s", path);
	buffer_clear(&data);
	return ok;
}

static int is_certificate_file(const struct dirent *each)
{
	return has_suffix(each->d_name, ".pem") || has_suffix(each->d_name, ".crt");
}

/* Files that cannot be read are left out: a folder of the system holds all sorts of things. */
static bool read_folder(const char *path, STACK_OF(X509) *out, struct error *err)
{
	struct dirent **names = NULL;
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count;

	if (dir < 0)
		return error_errno(err, FINDING_PATH_INVALID, _("cannot open %s"), path);
	count = scandirat(dir, ".", &names, is_certificate_file, alphasort);
	for (int i = 0; i < count; i++) {
		read_file(dir, names[i]->d_name, out, NULL);
		free(names[i]);
	}
	free(names);
	file_close(&dir);
	return count >= 0 || error_set(err, FINDING_IO_ERROR, _("cannot list %s"), path);
}

static bool read_place(const char *path, STACK_OF(X509) *out, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_folder(path, out, err);
	return read_file(AT_FDCWD, path, out, err);
}

/* `from` is the place that they came from; none found: true, with an empty stack. */
static bool read_system(STACK_OF(X509) *out, const char **from, struct error *err)
{
	const char *chosen = getenv(BUNDLE_VARIABLE);

	*from = "";
	if (chosen != NULL && chosen[0] != '\0') {
		*from = chosen;
		return read_place(chosen, out, err) || error_wrap(err, "%s", BUNDLE_VARIABLE);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && sk_X509_num(out) == 0; i++) {
		*from = places[i];
		read_place(places[i], out, NULL);
	}
	return true;
}

static bool is_identrust(const unsigned char sha256[32])
{
	return memcmp(sha256, trust_identrust_sha256, 32) == 0;
}

static bool add_one(struct trust_index *index, STACK_OF(X509) *kept, X509 *certificate, struct error *err)
{
	char name[TRUST_NAME_MAX + 1];
	unsigned char sha256[32];
	time_t from, until;
	bool identrust;

	/* A folder has the same one twice; a leaf that some package left there is no CA. */
	if (!trust_is_ca(certificate) || !trust_validity(certificate, &from, &until) ||
	    X509_digest(certificate, EVP_sha256(), sha256, NULL) != 1 || trust_index_by_sha256(index, sha256) != NULL)
		return true;
	trust_common_name(name, X509_get_subject_name(certificate));
	if (!trust_name_check(name, NULL) || trust_index_by_name(index, name) != NULL)
		trust_name_make(name, index, certificate);
	identrust = is_identrust(sha256);
	if (!trust_index_add(index, certificate, name, DESCRIPTION, identrust, identrust ? TRUST_CISCO_SERVICES : 0u, err))
		return error_wrap(err, "%s", name);
	X509_up_ref(certificate);
	if (sk_X509_push(kept, certificate) <= 0) {
		X509_free(certificate);
		return error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
	}
	return true;
}

/* Where they came from and when, for a person who looks into the index. */
static void note_source(const struct trust_index *index, const char *from)
{
	char when[CLOCK_TEXT_MAX];

	json_object_set_new(index->document, "filled",
			    json_pack("{s:s, s:s?, s:I}", "time", clock_rfc3339(when, clock_now()), "from",
				      trust_text_is_clean(from) ? from : NULL, "certificates",
				      (json_int_t)index->count));
}

static bool make(const char *state_dir, struct error *err)
{
	STACK_OF(X509) *found = sk_X509_new_null(), *kept = sk_X509_new_null();
	struct trust_index index = { 0 };
	const char *from;
	bool ok = false;

	if (found == NULL || kept == NULL) {
		error_set(err, FINDING_OUT_OF_MEMORY, _("out of memory"));
		goto out;
	}
	if (!read_system(found, &from, err) || !trust_index_new(&index, err))
		goto out;
	for (int i = 0; i < sk_X509_num(found); i++) {
		if (!add_one(&index, kept, sk_X509_value(found, i), err))
			goto out;
	}
	if (index.count > 0) {
		note_source(&index, from);
		if (!trust_folder_make(state_dir, &index, kept, err))
			goto out;
	}
	ok = true;
out:
	trust_index_clear(&index);
	sk_X509_pop_free(found, X509_free);
	sk_X509_pop_free(kept, X509_free);
	return ok;
}

bool trust_fill(const char *state_dir, const char *path, struct error *err)
{
	int lock = trust_lock(state_dir, TRUST_PATIENCE_MS, err), dir = -1;
	bool ok;

	if (lock < 0)
		return false;
	/* Another process may have filled it while this one waited. */
	ok = trust_folder_open(path, &dir, err) && (dir >= 0 || make(state_dir, err));
	file_close(&dir);
	file_close(&lock);
	return ok;
}
