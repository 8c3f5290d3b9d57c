/* login.h - the proxy's settings and its password, saved together: a password never goes to the proxy under another name
 * than its own, and no moment has a wrong pair. */
#ifndef PC_SETTINGS_LOGIN_H
#define PC_SETTINGS_LOGIN_H

#include <stdbool.h>

#include "base/error.h"
#include "settings/settings.h"

/* What happens to the password that is kept. */
enum login { LOGIN_KEEP, LOGIN_REMOVE, LOGIN_REPLACE };

/* When no new password was given: that of `old_user` stays only for the same user. */
enum login login_after(const struct settings *s, const char *old_user);

/* Is there a password? False when it cannot be read. */
bool login_password_is_set(const char *state_dir, bool *set, struct error *err);

/* Saves both. `password` is for LOGIN_REPLACE. */
bool login_save(struct settings *s, const char *state_dir, enum login login, const char *password, struct error *err);

#endif
