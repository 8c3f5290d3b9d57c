#include "settings/login.h"

#include <string.h>

#define PASSWORD_ROOM 512

enum login login_after(const struct settings *s, const char *old_user)
{
	return strcmp(settings_string(s, SETTING_PROXY_USER), old_user) != 0 ? LOGIN_REMOVE : LOGIN_KEEP;
}

bool login_password_is_set(const char *state_dir, bool *set, struct error *err)
{
	struct buffer password = BUFFER_INIT(PASSWORD_ROOM);
	bool ok = settings_password_load(state_dir, &password, err);

	*set = password.len > 0;
	buffer_wipe(&password);
	return ok;
}

bool login_save(struct settings *s, const char *state_dir, enum login login, const char *password, struct error *err)
{
	/* A password is there before its user is named, and goes after its user has gone. */
	if (login == LOGIN_REPLACE && !settings_password_save(state_dir, password, err))
		return false;
	if (!settings_save(s, err))
		return false;
	return login != LOGIN_REMOVE || settings_password_save(state_dir, NULL, err);
}
