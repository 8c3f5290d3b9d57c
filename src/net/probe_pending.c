/* Probes whose file has not landed yet; weak, so that the real one replaces this by being there. Each says "local error". */
#include <errno.h>
#include <string.h>

#include "net/probe_chain.h"
#include "net/probe_clock.h"
#include "net/probe_connect.h"
#include "net/probe_dns.h"
#include "net/probe_icmp.h"
#include "net/probe_ntp.h"
#include "net/probe_resolv.h"
#include "net/probe_route.h"
#include "net/probe_tcp.h"
#include "net/probe_tls.h"
#include "net/probe_trace.h"

#define PENDING __attribute__((weak))

PENDING struct probe_channel *probe_channel_new(int fd) { (void)fd; return NULL; }
PENDING void probe_channel_free(struct probe_channel *c) { (void)c; }
PENDING int probe_channel_fd(const struct probe_channel *c) { (void)c; return -1; }
PENDING ssize_t probe_channel_read(struct probe_channel *c, void *d, size_t s, int64_t t) { (void)c; (void)d; (void)s; (void)t; errno = ENOSYS; return -1; }
PENDING bool probe_channel_write(struct probe_channel *c, const void *d, size_t s, int64_t t) { (void)c; (void)d; (void)s; (void)t; errno = ENOSYS; return false; }
PENDING uint64_t probe_channel_bytes_received(const struct probe_channel *c) { (void)c; return 0; }
PENDING uint64_t probe_channel_bytes_sent(const struct probe_channel *c) { (void)c; return 0; }
PENDING bool probe_auth_offers(const char *c, const char *s) { (void)c; (void)s; return false; }
PENDING const char *probe_protocol_name(enum probe_protocol p) { (void)p; return ""; }
PENDING int probe_protocol_alert(const uint8_t *d, size_t l) { (void)d; (void)l; return -1; }
PENDING void probe_http_exchange(struct probe_channel *c, const char *r, size_t l, size_t w, int b, struct probe_exchange *o) { (void)c; (void)r; (void)l; (void)w; (void)b; memset(o, 0, sizeof(*o)); o->outcome = PROBE_EXCHANGE_BROKEN; }
PENDING bool probe_http_get(struct probe_channel *c, const char *h, uint16_t p, const char *a, int b, struct probe_exchange *o) { (void)c; (void)h; (void)p; (void)a; (void)b; memset(o, 0, sizeof(*o)); o->outcome = PROBE_EXCHANGE_BROKEN; return false; }
PENDING void probe_connect_http(struct probe_channel *c, const struct probe_tunnel_request *r, const struct probe_challenge *a, int b, struct probe_connect *o) { (void)c; (void)r; (void)a; (void)b; memset(o, 0, sizeof(*o)); o->outcome = PROBE_CONNECT_BROKEN; }
PENDING void probe_connect_socks5(struct probe_channel *c, const struct probe_tunnel_request *r, int b, struct probe_socks *o) { (void)c; (void)r; (void)b; memset(o, 0, sizeof(*o)); o->outcome = PROBE_SOCKS_BROKEN; }
PENDING const char *probe_socks_reply_text(uint8_t r) { (void)r; return ""; }
PENDING char *probe_auth_text(char *d, size_t s, unsigned int m) { (void)s; (void)m; d[0] = 0; return d; }
PENDING void probe_chain_judge(STACK_OF(X509) *s, const struct probe_chain_options *p, struct probe_chain *o) { (void)s; (void)p; memset(o, 0, sizeof(*o)); }
PENDING void probe_chain_clear(struct probe_chain *c) { (void)c; }
PENDING const struct probe_chain_error *probe_chain_has(const struct probe_chain *c, int e) { (void)c; (void)e; return NULL; }
PENDING void probe_cert_describe(X509 *c, struct probe_cert *o) { (void)c; memset(o, 0, sizeof(*o)); }
PENDING bool probe_cert_matches(X509 *c, const char *h) { (void)c; (void)h; return false; }
PENDING bool probe_cert_issued_by(X509 *c, X509 *i) { (void)c; (void)i; return false; }
PENDING char *probe_cert_fingerprint_text(char *d, const unsigned char *s) { (void)s; d[0] = 0; return d; }
PENDING const char *probe_cert_interceptor(const struct probe_cert *c) { (void)c; return NULL; }
PENDING void probe_tls_handshake(struct probe_channel *c, const struct probe_tls_options *p, struct probe_tls *o) { (void)c; (void)p; memset(o, 0, sizeof(*o)); o->outcome = PROBE_TLS_LOCAL_ERROR; }
PENDING void probe_tls_clear(struct probe_tls *t) { (void)t; }
PENDING int probe_tls_late_alert(struct probe_channel *c, int b) { (void)c; (void)b; return -1; }
PENDING enum probe_ocsp probe_ocsp_judge(const unsigned char *d, size_t l, STACK_OF(X509) *c, X509_STORE *s, time_t a) { (void)d; (void)l; (void)c; (void)s; (void)a; return PROBE_OCSP_INVALID; }
PENDING const char *probe_tls_alert_name(int a) { (void)a; return ""; }
PENDING void probe_ntp_ask(struct probe_ntp_job *j, size_t n, int b)
{
	(void)b;
	for (size_t i = 0; i < n; i++) {
		memset(&j[i].reply, 0, sizeof(j[i].reply));
		j[i].reply.outcome = PROBE_NTP_LOCAL_ERROR;
	}
}
PENDING void probe_clock_read(struct probe_clock *o) { memset(o, 0, sizeof(*o)); }
PENDING void probe_time_client_find(const char *r, struct probe_time_client *o) { (void)r; memset(o, 0, sizeof(*o)); }
PENDING const char *probe_time_client_name(enum probe_time_client_kind k) { (void)k; return ""; }
