/* NTP replies: the first byte says whether the origin is made to fit, so that the checks behind it are reached. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/probe_ntp.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now_us = 1800000000LL * 1000000;
	uint8_t origin[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct probe_ntp out = { 0 };

	if (size < 1)
		return 0;
	if ((data[0] & 1) != 0 && size >= 1 + 32)
		memcpy(origin, data + 1 + 24, sizeof(origin));
	probe_ntp_parse(data + 1, size - 1, origin, now_us - 1000, now_us, &out);
	must(size - 1 >= 48 || out.outcome == PROBE_NTP_SHORT);
	must(out.outcome != PROBE_NTP_OK || (out.stratum > 0 && out.stratum < 16));
	must(!out.has_offset || (isfinite(out.offset_ms) && isfinite(out.delay_ms)));
	must(strlen(out.kiss) < sizeof(out.kiss));
	return 0;
}
