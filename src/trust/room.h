/* room.h - what the files of this room share. Others use trust.h.
 *
 * The index is a JSON document. A record is one object of it together with the view of it that others see: a change is
 * made to the object, and the view is made again. What this version does not know in an object survives.
 */
#ifndef PC_TRUST_ROOM_H
#define PC_TRUST_ROOM_H

#include <jansson.h>
#include <openssl/x509.h>
#include <sys/types.h>
#include <time.h>

#include "trust/trust.h"

#define TRUST_TEXT_MAX 512	/* bytes of a name out of a certificate that are kept for lists */
#define TRUST_STRAYS_MAX 16	/* files unknown to the index that are named one by one */
#define TRUST_FILE_NAME_MAX 72	/* "<64 hex digits>.pem" */

struct trust_record {
	struct trust_entry entry;	/* its text is borrowed from `json` */
	json_t *json;
	X509 *certificate;		/* NULL until asked for */
};

struct trust_index {
	json_t *document;
	struct trust_record *records;	/* sorted by name, but while a change is being made */
	size_t count;
	size_t cap;
};

/* Which index file it was: every change writes a new one. */
struct trust_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct trust_store {
	char *state_dir;
	char *path;			/* STATE/trust */
	int dir;			/* of STATE/trust; -1 while there is none */
	bool read_only;
	int patience_ms;		/* how long a change waits for the lock */
	struct trust_stamp stamp;	/* of the index that is shown */
	struct trust_index index;
	char *strays[TRUST_STRAYS_MAX];
	size_t stray_count;		/* may be more than are named */
};

/* The fingerprint of IdenTrust Commercial Root CA 1, in which the vendor's servers end. */
extern const unsigned char trust_identrust_sha256[32];

/* --- text.c: names out of certificates ----------------------------------------------------------------------------- */

/* Bytes from outside as clean text, cut to fit `size`. */
void trust_clean_text(char *dst, size_t size, const void *bytes, size_t len);
bool trust_text_is_clean(const char *text);
void trust_name_line(char dst[TRUST_TEXT_MAX], const X509_NAME *name);
void trust_common_name(char dst[TRUST_NAME_MAX + 1], const X509_NAME *name);
void trust_serial_text(char dst[TRUST_TEXT_MAX], const ASN1_INTEGER *serial);
void trust_key_text(char dst[64], X509 *certificate);
void trust_hex(char dst[65], const unsigned char sha256[32]);
/* 64 hex digits, colons between them allowed. */
bool trust_hex_parse(const char *text, unsigned char sha256[32]);
void trust_file_name(char dst[TRUST_FILE_NAME_MAX], const unsigned char sha256[32]);

/* --- name.c --------------------------------------------------------------------------------------------------------- */

bool trust_name_check(const char *name, struct error *err);
bool trust_description_check(const char *description, struct error *err);
/* common-name#issuer#nnnnn, with the first number that is free in the index. */
void trust_name_make(char dst[TRUST_NAME_MAX + 1], const struct trust_index *index, X509 *certificate);

/* --- usage.c -------------------------------------------------------------------------------------------------------- */

/* What usages become; false, naming the usage that stands in the way, where a rule would be broken. */
bool trust_usages_after(unsigned int usages, unsigned int add, unsigned int take_away, unsigned int *after,
			struct error *err);

/* --- check.c -------------------------------------------------------------------------------------------------------- */

bool trust_is_ca(X509 *certificate);
bool trust_signature_is_weak(X509 *certificate);
bool trust_key_is_weak(X509 *certificate);
/* Its file carries OpenSSL trust settings. */
bool trust_has_aux(X509 *certificate);
bool trust_rejects_servers(X509 *certificate);
bool trust_validity(const X509 *certificate, time_t *not_before, time_t *not_after);
/* Key usage against the usages that it shall have. */
bool trust_check_usages(X509 *certificate, unsigned int usages, struct error *err);
/* The first rule of an import that it breaks and `allow` does not lift, as an error. */
void trust_reason(X509 *certificate, unsigned int allow, struct error *err);
/* Everything that an import asks of one certificate. `label` says which one, for messages. */
bool trust_admit(X509 *certificate, const char *label, unsigned int allow, struct error *err);

/* --- read.c --------------------------------------------------------------------------------------------------------- */

/* Like trust_read(), leaving out what cannot be read: for the system's certificates. Adds to `out`. */
bool trust_read_tolerant(const void *data, size_t len, STACK_OF(X509) *out, struct error *err);

/* For OpenSSL's PEM readers, which would ask for the password of an encrypted block on the terminal. */
int trust_no_password(char *buf, int size, int writing, void *data);

/* --- index.c -------------------------------------------------------------------------------------------------------- */

bool trust_index_new(struct trust_index *index, struct error *err);
/* Reads and checks STATE/trust/index.json; `path` is for messages. */
bool trust_index_load(struct trust_index *index, int dir, const char *path, struct error *err);
/* Sorts it first. */
bool trust_index_save(struct trust_index *index, int dir, struct error *err);
void trust_index_clear(struct trust_index *index);
struct trust_record *trust_index_by_name(const struct trust_index *index, const char *name);
struct trust_record *trust_index_by_sha256(const struct trust_index *index, const unsigned char sha256[32]);
/* By name or by fingerprint; an error that names it where there is none. */
struct trust_record *trust_index_find(const struct trust_index *index, const char *name, struct error *err);
/* Adds a certificate: its object is made, its file is not. */
bool trust_index_add(struct trust_index *index, X509 *certificate, const char *name, const char *description,
		     bool enabled, unsigned int usages, struct error *err);
void trust_index_drop(struct trust_index *index, struct trust_record *record);
/* Changes members of a record's object; the view follows. */
bool trust_record_set_usages(struct trust_record *record, unsigned int usages, struct error *err);
bool trust_record_set(struct trust_record *record, const char *key, json_t *value, struct error *err);

/* --- folder.c ------------------------------------------------------------------------------------------------------- */

/* Makes the state folder where it is missing, and waits for the lock of the store; -1 when another holds it for too
 * long. Close to release. */
int trust_lock(const char *state_dir, int patience_ms, struct error *err);
#define TRUST_PATIENCE_MS 10000
/* The stamp of the index as it lies there now; all zero when there is none. */
struct trust_stamp trust_stamp_take(const char *path);
/* Reads a file of the store: a regular one, that nobody else can write to. `path` is for messages. */
bool trust_file_read(int dir, const char *name, const char *path, struct buffer *out, struct error *err);
/* Writes the file of a certificate; flushed when that is asked for. */
bool trust_file_write(int dir, X509 *certificate, bool flush, struct error *err);
void trust_file_remove(int dir, const unsigned char sha256[32]);
/* The PEM form: a "TRUSTED CERTIFICATE" where it carries trust settings. */
bool trust_pem_append(X509 *certificate, struct buffer *out, struct error *err);
/* Opens STATE/trust. False on errors; true with *dir -1 when it is missing or has nothing in it. */
bool trust_folder_open(const char *path, int *dir, struct error *err);
/* Makes STATE/trust, whole or not at all, with these certificates. The lock is held. */
bool trust_folder_make(const char *state_dir, struct trust_index *index, STACK_OF(X509) *certificates,
		       struct error *err);
/* Whoever can write to the state folder decides whom the program trusts. A missing one is fine. */
bool trust_state_dir_check(const char *state_dir, struct error *err);
/* Compares the files with the index: missing ones are marked in it, unknown ones are named in `strays`. */
bool trust_folder_scan(struct trust_store *store, bool *complete, struct error *err);
/* Removes what a writer that died left behind. The lock is held. */
void trust_folder_sweep(int dir);

/* --- open.c --------------------------------------------------------------------------------------------------------- */

/* Reads the index and compares the folder with it, in place of what the store showed before. */
bool trust_load(struct trust_store *store, struct error *err);
/* Like trust_certificate(), for a record of any index of the store. */
X509 *trust_record_certificate(const struct trust_store *store, struct trust_record *record, struct error *err);

/* --- fill.c --------------------------------------------------------------------------------------------------------- */

/* Fills a store that is not there yet. No CA certificates on this system: true, and there still is none. */
bool trust_fill(const char *state_dir, const char *path, struct error *err);

/* --- change.c ------------------------------------------------------------------------------------------------------- */

struct trust_edit {
	/* Changes the fresh index. */
	bool (*apply)(struct trust_store *store, struct trust_index *fresh, void *data, struct error *err);
	/* Told, still under the lock, whether the change was saved; may be NULL. */
	void (*done)(struct trust_store *store, void *data, bool saved);
	void *data;
};

/* Applies a change to a fresh index under the lock and saves it; the store shows the result. */
bool trust_change(struct trust_store *store, const struct trust_edit *edit, struct error *err);

#endif
