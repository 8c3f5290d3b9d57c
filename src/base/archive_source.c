#include "base/archive_source.h"

int archive_source_open(struct archive *a, void *data, archive_read_callback *give)
{
	int rc = archive_read_set_read_callback(a, give);

	if (rc == ARCHIVE_OK)
		rc = archive_read_set_callback_data(a, data);
	return rc == ARCHIVE_OK ? archive_read_open1(a) : rc;
}
