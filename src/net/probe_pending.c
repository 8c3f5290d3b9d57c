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

PENDING bool probe_address_parse(const char *l, uint16_t p, struct probe_address *o) { (void)l; (void)p; memset(o, 0, sizeof(*o)); return false; }
PENDING bool probe_address_from(const struct sockaddr *s, socklen_t l, struct probe_address *o) { (void)s; (void)l; memset(o, 0, sizeof(*o)); return false; }
PENDING void probe_address_from_bytes(int f, const void *b, uint16_t p, struct probe_address *o) { (void)f; (void)b; (void)p; memset(o, 0, sizeof(*o)); }
PENDING char *probe_address_text(char *d, const struct probe_address *a) { (void)a; d[0] = 0; return d; }
PENDING char *probe_address_port_text(char *d, const struct probe_address *a) { (void)a; d[0] = 0; return d; }
PENDING int probe_address_family(const struct probe_address *a) { return a->sa.sa_family; }
PENDING socklen_t probe_address_len(const struct probe_address *a) { (void)a; return sizeof(*a); }
PENDING uint16_t probe_address_port(const struct probe_address *a) { (void)a; return 0; }
PENDING void probe_address_set_port(struct probe_address *a, uint16_t p) { (void)a; (void)p; }
PENDING bool probe_address_same_host(const struct probe_address *a, const struct probe_address *b) { (void)a; (void)b; return false; }
PENDING enum probe_address_kind probe_address_kind(const struct probe_address *a) { (void)a; return PROBE_ADDRESS_GLOBAL; }
PENDING void probe_address_list_add(struct probe_address_list *l, const struct probe_address *a) { (void)l; (void)a; }
PENDING bool probe_address_list_has(const struct probe_address_list *l, const struct probe_address *a) { (void)l; (void)a; return false; }
PENDING bool probe_address_list_same(const struct probe_address_list *a, const struct probe_address_list *b) { (void)a; (void)b; return false; }
PENDING enum probe_icmp_kind probe_icmp_kind(const struct probe_icmp_error *e) { (void)e; return PROBE_ICMP_NONE; }
PENDING const char *probe_icmp_text(const struct probe_icmp_error *e) { (void)e; return ""; }
PENDING void probe_resolv_read(const char *p, struct probe_resolv *o) { (void)p; memset(o, 0, sizeof(*o)); }
PENDING void probe_nsswitch_read(const char *p, struct probe_nsswitch *o) { (void)p; memset(o, 0, sizeof(*o)); }
PENDING void probe_hosts_read(const char *p, const char *n, struct probe_hosts *o) { (void)p; (void)n; memset(o, 0, sizeof(*o)); }
PENDING void probe_dns_ask(struct probe_dns_job *j, size_t n, int b)
{
	(void)b;
	for (size_t i = 0; i < n; i++) {
		memset(&j[i].answer, 0, sizeof(j[i].answer));
		j[i].answer.outcome = PROBE_DNS_LOCAL_ERROR;
	}
}
PENDING bool probe_dns_name_valid(const char *n) { (void)n; return true; }
PENDING const char *probe_dns_rcode_text(uint8_t r) { (void)r; return ""; }
PENDING bool probe_system_resolve(const char *n, uint16_t p, int f, int b, struct probe_system_resolve *o, struct error *e)
{
	(void)n; (void)p; (void)f; (void)b;
	memset(o, 0, sizeof(*o));
	return error_set(e, FINDING_NONE, "this build cannot resolve names");
}
PENDING void probe_tcp_connect(const struct probe_address *t, size_t n, const struct probe_tcp_options *o, struct probe_tcp_result *r)
{
	(void)o;
	for (size_t i = 0; i < n; i++)
		r[i] = (struct probe_tcp_result){ .target = t[i], .outcome = PROBE_TCP_LOCAL_ERROR, .sys_errno = ENOSYS, .fd = -1 };
}
PENDING bool probe_tcp_facts_read(int fd, struct probe_tcp_facts *o) { (void)fd; memset(o, 0, sizeof(*o)); return false; }
PENDING enum probe_reset_origin probe_tcp_reset_origin(const struct probe_address *t, int b, unsigned int *r, unsigned int *h) { (void)t; (void)b; *r = *h = 0; return PROBE_RESET_UNKNOWN; }
PENDING bool probe_network_read(struct probe_network *o, struct error *e) { memset(o, 0, sizeof(*o)); return error_set(e, FINDING_NONE, "this build cannot read the network's state"); }
PENDING const struct probe_link *probe_network_link(const struct probe_network *n, unsigned int i) { (void)n; (void)i; return NULL; }
PENDING bool probe_network_has_address(const struct probe_network *n, int f) { (void)n; (void)f; return false; }
PENDING bool probe_route_lookup(const struct probe_address *t, struct probe_route *o, struct error *e) { (void)t; memset(o, 0, sizeof(*o)); return error_set(e, FINDING_NONE, "this build cannot ask for routes"); }
PENDING bool probe_neighbour_lookup(const struct probe_address *a, unsigned int l, struct probe_neighbour *o, struct error *e) { (void)a; (void)l; memset(o, 0, sizeof(*o)); return error_set(e, FINDING_NONE, "this build cannot ask for neighbours"); }
PENDING void probe_trace(const struct probe_address *t, enum probe_trace_protocol p, unsigned int m, int b, struct probe_trace *o) { (void)t; (void)p; (void)m; (void)b; memset(o, 0, sizeof(*o)); o->end = PROBE_TRACE_NOT_PERMITTED; }
PENDING void probe_ping(const struct probe_address *t, unsigned int c, unsigned int l, int b, struct probe_ping *o) { (void)t; (void)c; (void)l; (void)b; memset(o, 0, sizeof(*o)); o->outcome = PROBE_PING_NOT_PERMITTED; }
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
