#!/bin/sh
# A dozen of the lab's cases, one of each kind: the healthy ones blame nothing, the others are named exactly. LAB_CASES names
# more of them (the coverage does).
exec python3 "$top_srcdir/tests/lab/run" --program "$top_builddir/posture-console" --jobs 2 --only \
	healthy-direct,healthy-proxy-login,healthy-ipv6-only,no-default-route,dns-nxdomain,dns-hosts-override,tcp-rejected-reset,\
proxy-auth-required,proxy-intercepts-tls,tls-sni-blocked-reset,cert-expired,clock-fast,ntp-kod-rate,http-not-found\
${LAB_CASES:+,$LAB_CASES}
