#include "logview/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/i18n.h"

int spool_open(struct error *err)
{
	const char *const places[] = { getenv("TMPDIR"), "/var/tmp", "/tmp" };
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i] != NULL && places[i][0] == '/')
			fd = open(places[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		fd = memfd_create("posture-console-log", MFD_CLOEXEC);
	if (fd < 0)
		error_errno(err, FINDING_IO_ERROR, _("cannot make a temporary file for the log"));
	return fd;
}
