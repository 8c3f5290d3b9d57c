"""The node itself: network, disk, settings."""
import os
import shutil
import signal
import subprocess
import time

from lablib.case import case
from lablib.lab import FD_LIMIT, PROXY, WEB, WEB6


@case("link-down", "link-down")
def _(lab):
    lab.net.ip("c", "link set cr down")


@case("link-no-carrier", "link-down")
def _(lab):
    """The other end is switched off."""
    lab.net.ip("r", "link set rc down")


@case("no-address", "no-address")
def _(lab):
    lab.net.ip("c", "addr flush dev cr")


@case("no-address-but-link-local", "no-address")
def _(lab):
    """DHCP failed: only 169.254."""
    lab.net.ip("c", "addr flush dev cr", "addr add 169.254.7.9/16 dev cr")


@case("no-default-route", "no-default-route")
def _(lab):
    lab.world()
    lab.net.ip("c", "route del default", "route del default via fd20:1::1")


@case("no-default-route-names-known", "no-default-route")
def _(lab):
    """The name server is near, the feed is not."""
    lab.world()
    lab.net.ip("c", "route del default", "route del default via fd20:1::1", "route add 10.30.0.0/24 via 10.20.1.1")


@case("gateway-dead", "gateway-dead")
def _(lab):
    lab.world()
    lab.net.ip("c", "route replace default via 10.20.1.77", "route del default via fd20:1::1")


@case("local-route-blackhole", "local-route-block")
def _(lab):
    lab.world()
    lab.net.ip("c", f"route add blackhole {WEB}")


@case("local-route-prohibit", "local-route-block")
def _(lab):
    lab.world()
    lab.net.ip("c", "route add prohibit 151.101.0.0/16")


@case("local-route-unreachable", "local-route-block")
def _(lab):
    lab.world()
    lab.net.ip("c", f"route add unreachable {WEB}")


@case("local-firewall-drop", "local-firewall-drop")
def _(lab):
    lab.world()
    lab.net.nft("c", ["output tcp dport 443 drop"])


@case("local-firewall-drop-proxy", "local-firewall-drop")
def _(lab):
    lab.world()
    lab.servers.squid(PROXY)
    lab.proxy()
    lab.net.nft("c", ["output tcp dport 3128 drop"])


@case("local-firewall-reject", "local-firewall-reject")
def _(lab):
    lab.world()
    lab.net.nft("c", ["output tcp dport 443 reject"])


@case("local-firewall-reject-reset", "local-firewall-reject")
def _(lab):
    lab.world()
    lab.net.nft("c", ["output tcp dport 443 reject with tcp reset"])


@case("out-of-descriptors", "out-of-descriptors")
def _(lab):
    lab.world()
    lab.limits = [(FD_LIMIT, 6)]


@case("ipv6-broken", warn=["ipv6-broken"], seconds=10)
def _(lab):
    """IPv6 is there, and leads nowhere."""
    lab.world(dns=False)
    lab.bad_dns(records=lab.zone(feed6=(WEB6,)))
    lab.net.nft("r", ["forward ip6 version 6 drop"])


@case("ipv6-only-target", "ipv6-only-target")
def _(lab):
    """The name has only an IPv6 address, and this node only IPv4."""
    lab.world(dns=False)
    lab.bad_dns(records=lab.zone(feed=(), feed6=(WEB6,)))
    lab.net.ip("c", "route del default via fd20:1::1", "addr del fd20:1::2/64 dev cr")


@case("ipv6-only-target-no-address", "ipv6-only-target")
def _(lab):
    """The same, with an IPv6 route left over."""
    lab.world(dns=False)
    lab.bad_dns(records=lab.zone(feed=(), feed6=(WEB6,)))
    lab.net.ip("c", "addr del fd20:1::2/64 dev cr", "route replace default via fd20:1::1 dev cr onlink")


@case("path-loss", warn=["path-loss"])
def _(lab):
    lab.world()
    lab.net.nft("r", ["forward ip daddr 151.101.0.0/16 numgen inc mod 3 == 1 drop"])


def small_filesystem(lab, options, then):
    """The state folder on a file system of its own, with what was in it, and then `then`."""
    lab.mounts.append((options + ",mode=0755", lab.state, "tmpfs"))
    copy = lab.file("state.copy")
    shutil.copytree(lab.state, copy, symlinks=True)
    wrap(lab, f"cp -a {copy}/. {lab.state}/\n{then}")


def wrap(lab, before):
    """Shell commands that run in the client just before the program."""
    path = lab.write("program", f"#!/bin/sh\n{before}\nexec {lab.program} \"$@\"\n")
    os.chmod(path, 0o755)
    lab.program = path


@case("disk-full", "disk-full")
def _(lab):
    lab.world()
    small_filesystem(lab, "size=256k", f"dd if=/dev/zero of={lab.state}/filler bs=1024 count=512 2>/dev/null")


@case("inodes-exhausted", "inodes-exhausted")
def _(lab):
    lab.world()
    small_filesystem(lab, "size=4m,nr_inodes=40", f"for i in $(seq 60); do touch {lab.state}/filler.$i 2>/dev/null; done")


@case("read-only-filesystem", "read-only-filesystem")
def _(lab):
    lab.world()
    small_filesystem(lab, "size=1m", f"mount -o remount,ro {lab.state}")


@case("quota-exceeded", "quota-exceeded")
def _(lab):
    """A limit on the size of files, as a quota has it: EFBIG."""
    lab.world()
    wrap(lab, "trap '' XFSZ\nulimit -f 1")


@case("permission-denied", "permission-denied")
def _(lab):
    """Run by a user who may not write the state folder."""
    lab.world()
    lab.uid = 65534


@case("path-invalid", "path-invalid")
def _(lab):
    lab.world()
    lab.state = lab.write("a-file", "") + "/state"


@case("update-locked", "update-locked")
def _(lab):
    """An update is under way: it waits for its hook."""
    lab.world()
    lab.set(hook__after_commit=["/bin/sleep", "60"])
    start_update(lab)


def start_update(lab):
    """Starts an update in the client and waits until it holds the lock."""
    process = lab.net.start("c", lab.command("update", "--no-check"), lab.file("update.log"),
                            mounts=[(source, target) for target, source in lab.files.items()])
    path = os.path.join(lab.state, "update.lock")
    wait_until(lambda: os.path.exists(path) and is_locked(path), process)
    return process


def is_locked(path):
    """Whatever kind of lock it is, the kernel lists it by the file's inode."""
    with open("/proc/locks") as locks:
        return f":{os.stat(path).st_ino} " in locks.read()


def wait_until(condition, process):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if condition():
            return None
        time.sleep(0.02)
    raise RuntimeError(f"the update did not take the lock, or did not leave it (exit {process.poll()})")


@case("cross-device", "cross-device")
def _(lab):
    lab.world()
    os.makedirs(os.path.join(lab.state, "staging"), exist_ok=True)
    os.makedirs(os.path.join(lab.state, "content"), exist_ok=True)
    lab.mounts.append(("size=4m", os.path.join(lab.state, "staging"), "tmpfs"))


@case("config-invalid-syntax", "config-invalid")
def _(lab):
    lab.world()
    lab.config["raw"] = 'source = { mode = "web"\nproxy = '


@case("config-invalid-value", "config-invalid")
def _(lab):
    lab.world()
    lab.config["raw"] = 'proxy = { enabled = true; host = "proxy.corp.test"; port = 99999; };\n'


@case("previous-update-interrupted", warn=["previous-update-interrupted"])
def _(lab):
    """An update was killed in the middle of its download."""
    lab.world(web=False)
    server = lab.bad_web("mute")
    process = start_update(lab)
    pids = subprocess.run(["ip", "netns", "pids", lab.net.name("c")], capture_output=True, text=True).stdout.split()
    for pid in pids:
        os.kill(int(pid), signal.SIGKILL)
    process.wait()
    # The lock is free when the last of them is gone.
    wait_until(lambda: not is_locked(os.path.join(lab.state, "update.lock")), process)
    server.kill()
    server.wait()
    lab.web()
