/* The control messages of the kernel's error queue, at any length. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/probe_errqueue.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In memory of exactly that size, aligned as the kernel's are. */
	char *control = malloc(size > 0 ? size : 1);
	struct msghdr msg = { .msg_control = control, .msg_controllen = size };
	struct probe_icmp_error out;

	if (control == NULL)
		return 0;
	memcpy(control, data, size);
	if (probe_errqueue_parse(&msg, &out)) {
		must(probe_icmp_text(&out) != NULL);
		must(out.seen == (probe_icmp_kind(&out) != PROBE_ICMP_NONE));
	}
	free(control);
	return 0;
}
