"""Network namespaces of one case, and processes inside them. Everything made here carries the prefix pcl-PID-."""
import ctypes
import json
import os
import signal
import subprocess
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
SETTLE_S = 3


def prefix(pid=None):
    return f"pcl-{pid or os.getpid()}-"


def ip_batch(lines, netns=None):
    command = ["ip"] + (["-n", netns] if netns else []) + ["-batch", "-"]
    done = subprocess.run(command, input="\n".join(lines) + "\n", text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"ip: {done.stderr.strip()}")


def names(start):
    listing = subprocess.run(["ip", "netns", "list"], text=True, capture_output=True).stdout
    return [line.split()[0] for line in listing.splitlines() if line.startswith(start)]


def remove(start):
    """Kills what still runs in the namespaces of that prefix, and removes them."""
    for name in names(start):
        pids = subprocess.run(["ip", "netns", "pids", name], text=True, capture_output=True).stdout.split()
        for pid in pids:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                pass
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


def mount(source, target, flags, kind=None, data=None):
    encode = lambda text: text.encode() if text is not None else None
    if LIBC.mount(encode(source), encode(target), encode(kind), flags, encode(data)) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


def enter(netns, mounts=(), uid=None, limits=()):
    """A preexec function: into the namespace, with mounts of its own: (source, target) binds, or (options, target, type)."""
    handle = os.open(f"/run/netns/{netns}", os.O_RDONLY)

    def run():
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if LIBC.setns(handle, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        if mounts:
            if LIBC.unshare(CLONE_NEWNS) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            mount(None, "/", MS_REC | MS_PRIVATE)
            for one in mounts:
                if len(one) == 2:
                    mount(one[0], one[1], MS_BIND)
                else:
                    mount(one[2], one[1], one[3] if len(one) > 3 else 0, one[2], one[0])
        for which, value in limits:
            import resource
            resource.setrlimit(which, (value, value))
        if uid is not None:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)

    return run, handle


class Net:
    """client - router - server, or with a second router in the middle of the way: client - router - middle - server."""

    def __init__(self, hops=1):
        self.prefix = prefix()
        self.hops = hops
        self.processes = []
        self.made = []

    def name(self, short):
        return self.prefix + short

    def make(self):
        chain = ["c", "r", "m", "s"] if self.hops == 2 else ["c", "r", "s"]
        self.chain = chain
        lines = []
        for short in chain:
            lines.append(f"netns add {self.name(short)}")
        ip_batch(lines)
        for short in chain:
            ip_batch(["link set lo up"], self.name(short))
            if short in "rm":
                for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
                    self.sysctl(short, key, 1)
            for scope in ("all", "default"):
                self.sysctl(short, f"net.ipv6.conf.{scope}.accept_dad", 0)
            self.sysctl(short, "net.ipv4.icmp_ratelimit", 0)
            self.sysctl(short, "net.ipv6.icmp.ratelimit", 0)
        for number, (near, far) in enumerate(zip(chain, chain[1:]), 1):
            self.link(number, near, far)
        self.routes()

    def link(self, number, near, far):
        """The link number N has the networks 10.20.N.0/24 and fd20:N::/64; the client's side ends with 2, all others 1 and 2."""
        last = far == "s"
        near_end, far_end = ("2", "1") if near == "c" else ("1", "2")
        number = 9 if last else number
        ip_batch([f"link add {near}{far} netns {self.name(near)} type veth peer name {far}{near} netns {self.name(far)}"])
        for me, other, end in ((near, far, near_end), (far, near, far_end)):
            ip_batch([f"addr add 10.20.{number}.{end}/24 dev {me}{other}",
                      f"addr add fd20:{number}::{end}/64 dev {me}{other} nodad",
                      f"link set {me}{other} up"], self.name(me))

    def routes(self):
        c, r = self.name("c"), self.name("r")
        ip_batch(["route add default via 10.20.1.1", "route add default via fd20:1::1"], c)
        if self.hops == 2:
            ip_batch(["route add default via 10.20.2.2", "route add default via fd20:2::2"], r)
            ip_batch(["route add 10.20.1.0/24 via 10.20.2.1", "route add fd20:1::/64 via fd20:2::1",
                      "route add default via 10.20.9.2", "route add default via fd20:9::2"], self.name("m"))
        else:
            ip_batch(["route add default via 10.20.9.2", "route add default via fd20:9::2"], r)
        # No default route: what is for nobody ends here, in silence.
        ip_batch(["route add 10.20.0.0/16 via 10.20.9.1", "route add fd20::/16 via fd20:9::1"], self.name("s"))

    def settle(self):
        """Waits until the kernel has taken note of each carrier: it does so once a second, and until then a link that is up
        already gives no answer to a neighbour solicitation."""
        waiting, end = list(self.chain), time.monotonic() + SETTLE_S
        while waiting and time.monotonic() < end:
            listing = subprocess.run(["ip", "-json", "-n", self.name(waiting[0]), "link"], text=True, capture_output=True).stdout
            if any("LOWER_UP" in link["flags"] and link["operstate"] == "DOWN" for link in json.loads(listing or "[]")):
                time.sleep(0.02)
            else:
                waiting.pop(0)

    def sysctl(self, short, key, value):
        self.run(short, ["sysctl", "-qw", f"{key}={value}"], check=False)

    def addresses(self, short, *literals):
        """Addresses of a server, on its loopback: packets for any of them come to it."""
        ip_batch([f"addr add {one}/{128 if ':' in one else 32} dev lo"
                  + (" nodad" if ":" in one else "") for one in literals], self.name(short))

    def ip(self, short, *lines):
        ip_batch(list(lines), self.name(short))

    def nft(self, short, rules):
        """Rules of one chain: a line begins with the hook, e.g. "forward tcp dport 443 drop"."""
        text = "table inet lab {\n"
        chains = {}
        for line in rules:
            hook, rule = line.split(" ", 1)
            chains.setdefault(hook, []).append(rule)
        for hook, body in chains.items():
            kind = "nat" if hook in ("prerouting", "postrouting") else "filter"
            priority = {"prerouting": "dstnat", "postrouting": "srcnat"}.get(hook, "0")
            text += f"chain {hook} {{\ntype {kind} hook {hook} priority {priority}\n" + "\n".join(body) + "\n}\n"
        self.run(short, ["nft", "-f", "-"], input=text + "}\n")

    def run(self, short, command, check=True, **more):
        preexec, handle = enter(self.name(short))
        try:
            return subprocess.run(command, preexec_fn=preexec, check=check, text=True,
                                  **{"capture_output": True, **more})
        except subprocess.CalledProcessError as failure:
            raise RuntimeError(f"{command}: {failure.stderr}") from None
        finally:
            os.close(handle)

    def start(self, short, command, log, **more):
        preexec, handle = enter(self.name(short), **more)
        with open(log, "ab") as out:
            process = subprocess.Popen(command, preexec_fn=preexec, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        os.close(handle)
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        remove(self.prefix)
