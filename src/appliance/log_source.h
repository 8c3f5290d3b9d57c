/* log_source.h - the appliance's ise-psc.log as the log that is shown: over SSH, with the command of its own command line.
 *
 * The host key is learned the way the certificate is: it is fetched and shown by its fingerprint; only the key whose fingerprint
 * was confirmed is written to a known_hosts file of this program (STATE/node_known_hosts), and ssh accepts no other.
 */
#ifndef PC_APPLIANCE_LOG_SOURCE_H
#define PC_APPLIANCE_LOG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "settings/settings.h"

#define LOG_SOURCE_KEYS_MAX 8
#define LOG_SOURCE_ARGUMENTS_MAX 24
#define LOG_SOURCE_COMMAND "show logging application ise-psc.log tail"

struct log_source_key {
	char type[40];			/* "ssh-ed25519" */
	char fingerprint[64];		/* "SHA256:..." as ssh-keygen -l shows it */
	char *line;			/* for known_hosts; owned */
};

struct log_source_keys {
	struct log_source_key keys[LOG_SOURCE_KEYS_MAX];
	size_t count;
};

/* Asks the SSH server of the appliance for its host keys (ssh-keyscan). Nothing is proven by that. */
bool log_source_scan(const struct settings *settings, struct log_source_keys *out, struct error *err);
/* From the output of ssh-keyscan. */
bool log_source_parse_keys(const char *text, struct log_source_keys *out, struct error *err);
void log_source_keys_clear(struct log_source_keys *keys);

/* Writes the key that has this fingerprint to STATE/node_known_hosts, in place of what was there. */
bool log_source_trust(const char *state_dir, const struct log_source_keys *keys, const char *fingerprint, struct error *err);

/* Puts the argument vector into log.command, in memory. `identity` is the file of a private key, or NULL for ssh's own choice. */
bool log_source_set(struct settings *settings, const char *state_dir, const char *identity, struct error *err);
/* Is log.command such a vector? */
bool log_source_is_set(const struct settings *settings);

#endif
