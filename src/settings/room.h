/* room.h - what the files of this room share. */
#ifndef PC_SETTINGS_ROOM_H
#define PC_SETTINGS_ROOM_H

#include "settings/load.h"
#include "settings/settings.h"

struct settings {
	char *path;
	struct loaded loaded;
	bool changed[SETTING_COUNT];	/* since the load or the last save */
};

#endif
