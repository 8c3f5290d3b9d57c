/* ssh_host_key.h - a server's ssh host key: its fingerprint as ssh shows it, and remembering it in known_hosts.
 *
 * Whom to believe is the caller's business. Keys are blobs as on the wire (RFC 4253, 6.6).
 */
#ifndef PC_NET_SSH_HOST_KEY_H
#define PC_NET_SSH_HOST_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SSH_FINGERPRINT_MAX 64
#define SSH_KEY_TYPE_MAX 64

/* "SHA256:..." as ssh-keygen -l prints it (base64 without padding). Returns dst; "" when it cannot be computed. */
char *ssh_host_key_fingerprint(char dst[SSH_FINGERPRINT_MAX], const void *key, size_t len);
/* "ssh-ed25519": the name that the blob begins with; "" when it is none. Returns dst. */
char *ssh_host_key_type(char dst[SSH_KEY_TYPE_MAX], const void *key, size_t len);
/* Looks like what ssh_host_key_fingerprint() makes? */
bool ssh_host_key_is_fingerprint(const char *text);

/* Adds the key as a line to the known_hosts file (made with mode 0600, its folder 0700, when it is not there). Nothing
 * that stands in the file already is touched. */
bool ssh_host_key_remember(const char *known_hosts, const char *host, long port, const void *key, size_t len,
			   struct error *err);

#endif
