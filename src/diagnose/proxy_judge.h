/* proxy_judge.h - what a proxy's answer to CONNECT means. Pure. */
#ifndef PC_DIAGNOSE_PROXY_JUDGE_H
#define PC_DIAGNOSE_PROXY_JUDGE_H

#include <stdbool.h>

#include "base/finding.h"
#include "net/probe_connect.h"

/* The finding of an answer that is no success. `login`: a user name is set. FINDING_PROXY_UPSTREAM_ERROR is the least that can
 * be said of a 5xx, FINDING_PROXY_DENIED_DESTINATION of a 403: second probes may know better. */
enum finding proxy_judge_answer(const struct probe_http_head *head, unsigned int offered, bool login);

/* Something that speaks no HTTP answered. FINDING_NONE: the first bytes do not tell. */
enum finding proxy_judge_protocol(enum probe_protocol protocol);

/* The same of the page that came with it; FINDING_NONE when it says nothing that is known. */
enum finding proxy_judge_page(const struct probe_exchange *e);

#endif
