/* proxy_test.h - tries the proxy of the settings: is its name known, does it answer, does it open a tunnel to a host.
 *
 * The tunnel is asked for with libcurl, as an update does, so that the same login methods count. Nothing goes through it.
 * What failed is explained as for any transfer (http_error.h), and then looked at once more where one more question
 * tells: another protocol at the proxy's port, or a rule on the port of the destination.
 */
#ifndef PC_NET_PROXY_TEST_H
#define PC_NET_PROXY_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/proxy.h"

struct proxy_test {
	char address[64];		/* of the proxy: that answered, or was tried last; "" when none is known */
	int64_t resolve_us;		/* what each step took; -1 when it did not succeed */
	int64_t connect_us;
	int64_t tunnel_us;
	long status;			/* of its last answer to CONNECT; 0 when there was none */
	char methods[80];		/* login methods that a 407 offered: "Basic, Digest"; "" when there was no 407 */
	bool login_sent;
};

/* Asks the proxy (enabled or not; the bypass list is not asked) for a tunnel to host and port. `anchors_pem`: for the
 * certificate of an https proxy. False when there is none: *err has the finding. */
bool proxy_test_run(const struct proxy *p, const char *host, uint16_t port, const char *anchors_pem, size_t anchors_len,
		    int budget_ms, struct proxy_test *out, struct error *err);

#endif
