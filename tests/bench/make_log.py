#!/usr/bin/env python3
"""Writes a log in the grammar of ise-psc.log: make_log.py FILE MEGABYTES [FIRST_DAY]

One day of records (10 MB, from a fixed seed) is written again for each further day with its own date, so that gigabytes are
made in seconds. Of its lines 5 % are stack traces and 1 % belong to a posture update ("opswat").
"""
import datetime
import random
import sys

DAY_BYTES = 10 << 20
THREADS = ["admin-http-pool5", "admin-http-pool12", "portal-http-service3", "Thread-148", "QuartzScheduler_Worker-7",
           "MnT-LogProcessor-4", "ContainerBackgroundProcessor[StandardEngine[Catalina]]", "pool-33-thread-1"]
LOGGERS = ["cisco.cpm.posture.runtime.PostureHandlerImpl", "com.cisco.cpm.infrastructure.cache.CacheManager",
           "cisco.cpm.client.provisioning.StreamingServlet", "cpm.admin.infra.utils.PermissionCheckUtil",
           "cisco.mnt.dbms.timesten.DbmsCallableTask", "cisco.profiler.infrastructure.probemgr.Forwarder"]
CONTEXTS = [":::::", "::admin:::", ":7AF3C1::::", "::support::authorize:"]
MESSAGES = ["Session cache hit for MAC 3C:5A:B4:%02X:%02X:%02X, policy set Wired-Dot1x took %d ms",
            "Node ise-psn-%02d heartbeat received, replication lag %d ms, queue depth %d, thread %d",
            "Entering doGet with URL /auth/discovery?sessionId=0A%08X%08X&architecture=%d client 10.0.0.%d",
            "Radius accounting request processed for user employee%d NAS 10.1.%d.%d port GigabitEthernet1/0/%d",
            "Certificate CN=ise-%02d.corp.example,OU=ISE expires in %d days (%d of %d)"]
UPDATES = ["Starting opswat download", "Opswat library version 4.3.%d.0 already present, skipping",
           "opswat checksum verified for osagent-opswat-%d.zip", "Completed opswat download"]
EXCEPTIONS = ["java.net.SocketTimeoutException: Read timed out", "java.lang.NullPointerException",
              "javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path"]
FRAMES = ["\tat java.net.SocketInputStream.socketRead0(Native Method)",
          "\tat cisco.cpm.posture.download.DownloadManager.fetch(DownloadManager.java:%d)",
          "\tat org.apache.catalina.core.ApplicationFilterChain.internalDoFilter(ApplicationFilterChain.java:%d)",
          "\tat sun.security.ssl.Handshaker.processLoop(Handshaker.java:%d)"]


def fill(r, text):
    n = text.count("%")
    return text % tuple(r.randrange(1, 200) for _ in range(n))


def record(r, lines):
    """(level, thread, logger, context, message) and further lines; `lines` counts what was written so far."""
    if lines["trace"] < 0.05 * lines["all"]:
        error = r.choice(EXCEPTIONS)
        trace = [error] + [fill(r, r.choice(FRAMES)) for _ in range(r.randint(8, 30))]
        trace.append("Caused by: " + r.choice(EXCEPTIONS))
        lines["trace"] += len(trace)
        return ("ERROR", r.choice(THREADS), r.choice(LOGGERS), r.choice(CONTEXTS),
                "Exception while processing request: " + error.split(":")[0]), trace
    if lines["update"] < 0.01 * lines["all"]:
        lines["update"] += 1
        return ("INFO", "admin-http-pool5", "cisco.cpm.posture.download.DownloadManager", "::admin:::",
                fill(r, r.choice(UPDATES))), []
    level = r.choices(["INFO", "DEBUG", "WARN", "ERROR"], [70, 20, 7, 3])[0]
    return (level, r.choice(THREADS), r.choice(LOGGERS), r.choice(CONTEXTS), fill(r, r.choice(MESSAGES))), []


def day(seed, stamp):
    """About DAY_BYTES of records whose date is the text @@@@-@@-@@."""
    r = random.Random(seed)
    out, size, lines = [], 0, {"all": 0, "trace": 0, "update": 0}
    while size < DAY_BYTES - 4096:
        ms = int(86400000 * size / DAY_BYTES)
        fields, trace = record(r, lines)
        text = "%s %02d:%02d:%02d,%03d %-5s [%s][[]] %s -%s- %s\n" % (
            stamp, ms // 3600000, ms // 60000 % 60, ms // 1000 % 60, ms % 1000, *fields)
        text += "".join(line + "\n" for line in trace)
        lines["all"] += 1 + len(trace)
        size += len(text)
        out.append(text)
    return "".join(out).encode()


def write(path, megabytes, first="2025-01-01"):
    stamp = "@@@@-@@-@@"
    template = day(1, stamp)
    date, left = datetime.date.fromisoformat(first), megabytes << 20
    with open(path, "wb") as f:
        while left > 0:
            block = template.replace(stamp.encode(), date.isoformat().encode())
            if len(block) > left:
                block = block[:block.rindex(b"\n", 0, left) + 1] if b"\n" in block[:left] else block
            f.write(block)
            left -= max(len(block), 1) if len(block) == len(template) else left
            date += datetime.timedelta(days=1)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    write(sys.argv[1], int(sys.argv[2]), *sys.argv[3:4])
