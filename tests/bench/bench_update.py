#!/usr/bin/env python3
"""The update's speed and size, as ratios against named peers in one run.

bench_update.py PROGRAM [--mb 200] [--runs 3] [--only NAME,...]

offline    apply of a bundle, flushed to disk / unzip, sha256sum -c, tar xzf of each member, with no flush at all
online     update from local nginx / the offline apply of the same content
shaped     update over a link of 100 Mbit/s / curl downloading the same files over it
unchanged  nothing changed: requests, bytes, time
memory     largest resident size of one process during the offline apply
linear     time for 10, 100 and 1000 components of the same total size
nodes      50 processes with their own state pulling from one nginx at once: all succeed; time and bytes

Needs root for the shaped link (network namespaces of its own) and nginx, unzip, curl from Debian.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BARS = {"offline": 0.70, "online": 1.15, "shaped": 1.05}


def run(args, **kwargs):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)


def settle():
    """Lets the disk come to rest, so that one measurement does not pay for the one before."""
    os.sync()
    time.sleep(0.5)


class Bench:
    def __init__(self, program, megabytes, runs):
        self.program, self.megabytes, self.runs = os.path.abspath(program), megabytes, runs
        self.work = tempfile.mkdtemp(prefix="pc-bench-", dir=os.environ.get("BENCH_DIR"))
        self.servers, self.namespaces, self.rows, self.missed = [], [], [], 0

    def close(self):
        for server in self.servers:
            server.terminate()
            server.wait()
        for name in self.namespaces:
            subprocess.run(["ip", "netns", "del", name])
        shutil.rmtree(self.work, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def row(self, name, text, ratio=None):
        bar = BARS.get(name)
        verdict = ""
        if ratio is not None and bar is not None:
            verdict = "  bar %.2f: %s" % (bar, "held" if ratio <= bar else "MISSED")
            self.missed += ratio > bar
        print("%-10s %s%s" % (name, text, verdict), flush=True)

    # --- content ------------------------------------------------------------------------------------------------

    def feed(self, name, megabytes, components, large=None):
        directory = self.path(name)
        run([os.path.join(HERE, "make_components.py"), directory, str(megabytes), str(components)] +
            ([str(large)] if large is not None else []))
        run([self.program, "feed", "build", directory, "--version", "2026.1.1.1"])
        run([self.program, "bundle", "build", directory, "-o", self.path(name + ".zip")])
        return directory

    def update(self, state, *args, prefix=(), env=None):
        return [*prefix, self.program, "--config", self.path("console.conf"), "--state-dir", state, "--json", "update",
                "--no-check", *args]

    def timed(self, args, **kwargs):
        start = time.monotonic()
        done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kwargs)
        spent = time.monotonic() - start
        if done.returncode != 0:
            sys.exit("failed: %s\n%s\n%s" % (args, done.stdout.decode()[-2000:], done.stderr.decode()[-2000:]))
        return spent, done.stdout

    # --- a feed server --------------------------------------------------------------------------------------------

    def certificate(self, names):
        key, cert = self.path("tls.key"), self.path("tls.pem")
        ca_key, ca = self.path("ca.key"), self.path("ca.pem")
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", ca_key,
             "-out", ca, "-subj", "/CN=Bench Root", "-days", "30", "-addext", "basicConstraints=critical,CA:TRUE"])
        run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
             self.path("tls.csr"), "-subj", "/CN=bench"])
        with open(self.path("ext"), "w") as f:
            f.write("subjectAltName=" + ",".join(names))
        run(["openssl", "x509", "-req", "-in", self.path("tls.csr"), "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days",
             "30", "-extfile", self.path("ext"), "-out", cert])
        return ca

    def nginx(self, root, address, port, prefix=()):
        os.chmod(self.work, 0o755)
        conf = self.path("nginx-%d.conf" % port)
        with open(conf, "w") as f:
            f.write("""daemon off; master_process off; pid %s; error_log %s warn; events { worker_connections 1024; }
http { access_log %s; sendfile on; tcp_nopush on; types { application/xml xml; }
  client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
  server { listen %s:%d ssl http2; ssl_certificate %s; ssl_certificate_key %s; root %s; } }
""" % ((self.path("nginx-%d.pid" % port), self.path("nginx.err"), self.path("access-%d.log" % port)) +
                (self.path("t"),) * 5 + (address, port, self.path("tls.pem"), self.path("tls.key"), root)))
        self.servers.append(subprocess.Popen([*prefix, "nginx", "-c", conf], stderr=subprocess.DEVNULL))
        return self.servers[-1]

    def trust(self, state, ca):
        run([self.program, "--config", self.path("console.conf"), "--state-dir", state, "certs", "import", ca, "--name",
             "bench", "--usage", "cisco-services"])

    @staticmethod
    def wait_for(address, port):
        for _ in range(200):
            try:
                socket.create_connection((address, port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("the server does not answer")

    def server(self):
        if not hasattr(self, "ca"):
            self.content = self.feed("content", self.megabytes, 60)
            self.ca = self.certificate(["IP:127.0.0.1", "IP:10.97.0.1"])
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                self.port = s.getsockname()[1]
            self.nginx(self.content, "127.0.0.1", self.port)
            self.wait_for("127.0.0.1", self.port)
            self.url = "https://127.0.0.1:%d/posture-update.xml" % self.port
        return self.url

    # --- the measurements --------------------------------------------------------------------------------------------

    def peer_offline(self):
        folder = self.path("peer")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        settle()
        spent, _ = self.timed(["sh", "-c", "unzip -q %s && sha256sum --quiet -c %s && for f in *.tar.gz; do tar xzf $f; done"
                               % (self.path("content.zip"), self.path("sums"))], cwd=folder)
        shutil.rmtree(folder)
        return spent

    def ours_offline(self):
        state = self.path("state-offline")
        shutil.rmtree(state, ignore_errors=True)
        settle()
        return self.timed(self.update(state, "--offline", self.path("content.zip")))[0]

    def ours_online(self):
        state = self.path("state-online")
        shutil.rmtree(state, ignore_errors=True)
        self.trust(state, self.ca)
        settle()
        return self.timed(self.update(state, "--url", self.url))[0]

    def offline(self):
        self.server()
        with open(self.path("sums"), "w") as f:
            for name in sorted(os.listdir(self.content)):
                if name.endswith(".gz"):
                    digest = hashlib.sha256(open(os.path.join(self.content, name), "rb").read()).hexdigest()
                    f.write("%s  %s\n" % (digest, name))
        self.peer_offline(), self.ours_offline()
        pairs = [(self.ours_offline(), self.peer_offline()) for _ in range(self.runs)]
        ratio = statistics.median(a / b for a, b in pairs)
        self.row("offline", "%.2f x of unzip + sha256sum -c + tar xzf (ours %.2f s flushed, theirs %.2f s not flushed)" % (
            ratio, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)), ratio)

    def online(self):
        self.server()
        pairs = [(self.ours_online(), self.ours_offline()) for _ in range(self.runs)]
        ratio = statistics.median(a / b for a, b in pairs)
        self.row("online", "%.2f x of the offline apply (%.2f s, %.2f s)" % (
            ratio, statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)), ratio)

    def shaped(self):
        if os.geteuid() != 0:
            return self.row("shaped", "left out: needs root for network namespaces")
        self.server()
        a, b = "pcb-%d-a" % os.getpid(), "pcb-%d-b" % os.getpid()
        for name in (a, b):
            run(["ip", "netns", "add", name])
            self.namespaces.append(name)
        run(["ip", "link", "add", "va", "netns", a, "type", "veth", "peer", "name", "vb", "netns", b])
        for name, device, address in ((a, "va", "10.97.0.1/24"), (b, "vb", "10.97.0.2/24")):
            run(["ip", "-n", name, "addr", "add", address, "dev", device])
            run(["ip", "-n", name, "link", "set", device, "up"])
            run(["ip", "-n", name, "link", "set", "lo", "up"])
        run(["ip", "netns", "exec", a, "tc", "qdisc", "add", "dev", "va", "root", "tbf", "rate", "100mbit", "burst", "256k",
             "latency", "50ms"])
        inside = ("ip", "netns", "exec", b)
        port = self.port + 1 if self.port < 65000 else self.port - 1
        self.nginx(self.content, "10.97.0.1", port, prefix=("ip", "netns", "exec", a))
        url = "https://10.97.0.1:%d/" % port
        names = [n for n in os.listdir(self.content) if n.endswith(".gz")] + ["posture-update.xml"]
        for _ in range(100):
            if subprocess.run([*inside, "curl", "-sk", "-o", "/dev/null", url + "posture-update.xml"]).returncode == 0:
                break
            time.sleep(0.05)
        curl = [*inside, "curl", "-s", "--cacert", self.ca, "--parallel", "--parallel-max", "4"]
        for name in names:
            curl += [url + name, "-o", "/dev/null"]
        state = self.path("state-shaped")
        pairs = []
        for _ in range(max(1, self.runs // 2)):
            shutil.rmtree(state, ignore_errors=True)
            self.trust(state, self.ca)
            settle()
            ours = self.timed(self.update(state, "--url", url + "posture-update.xml", prefix=inside))[0]
            pairs.append((ours, self.timed(curl)[0]))
        ratio = statistics.median(x / y for x, y in pairs)
        self.row("shaped", "%.3f x of curl at 100 Mbit/s (%.1f s, %.1f s)" % (
            ratio, statistics.median(x for x, _ in pairs), statistics.median(y for _, y in pairs)), ratio)

    def unchanged(self):
        self.server()
        state = self.path("state-unchanged")
        shutil.rmtree(state, ignore_errors=True)
        self.trust(state, self.ca)
        self.timed(self.update(state, "--url", self.url))
        settle()
        times, last = [], None
        for _ in range(20):
            spent, out = self.timed(self.update(state, "--url", self.url))
            times.append(spent * 1000)
            last = json.loads(out.splitlines()[-1])
        curl = statistics.median(self.timed(["curl", "-s", "--cacert", self.ca, "-H", "If-None-Match: *", "-o", "/dev/null",
                                             self.url])[0] * 1000 for _ in range(20))
        held = last["requests"] == 1 and last["bytes_received"] < 1024 and statistics.median(times) < 30
        self.missed += not held
        self.row("unchanged", "%d request, %d bytes, %.1f ms = %.2f x of one curl request (%.1f ms)  bar 1, 1024, 30: %s" % (
            last["requests"], last["bytes_received"], statistics.median(times), statistics.median(times) / curl, curl,
            "held" if held else "MISSED"))

    def memory(self):
        self.server()
        state = self.path("state-memory")
        shutil.rmtree(state, ignore_errors=True)
        self.timed(self.update(state, "--offline", self.path("content.zip")))
        shutil.rmtree(state, ignore_errors=True)
        self.trust(state, self.ca)
        # Of all finished children, grandchildren included, the largest single one; the peers above are not ours, so ask a
        # fresh process.
        code = ("import resource,subprocess,sys; subprocess.run(sys.argv[1:],check=True,stdout=subprocess.DEVNULL); "
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        sizes = {}
        for kind, args in (("online", ("--url", self.url)), ("offline", ("--offline", self.path("content.zip"), "--force"))):
            out = run([sys.executable, "-c", code, *self.update(state, *args)]).stdout
            sizes[kind] = int(out) / 1024
        held = max(sizes.values()) < 32
        self.missed += not held
        self.row("memory", "largest process %.1f MiB online, %.1f MiB offline, for %d MB  bar 32: %s" % (
            sizes["online"], sizes["offline"], self.megabytes, "held" if held else "MISSED"))

    def linear(self):
        times = []
        for count in (10, 100, 1000):
            name = "linear%d" % count
            self.feed(name, 20, count, 0)
            state = self.path("state-" + name)
            samples = []
            for _ in range(3):
                shutil.rmtree(state, ignore_errors=True)
                settle()
                samples.append(self.timed(self.update(state, "--offline", self.path(name + ".zip")))[0])
            times.append(statistics.median(samples))
        per = (times[2] - times[0]) / 990 * 1000
        held = times[2] - times[0] < 12 * max(times[1] - times[0], 0.02)
        self.missed += not held
        self.row("linear", "10: %.2f s, 100: %.2f s (%.2f x), 1000: %.2f s (%.2f x); %.2f ms a component: %s" % (
            times[0], times[1], times[1] / times[0], times[2], times[2] / times[0], per,
            "linear" if held else "NOT LINEAR"))

    def nodes(self):
        small = self.feed("nodes", 10, 12)
        self.server()
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.nginx(small, "127.0.0.1", port)
        self.wait_for("127.0.0.1", port)
        url = "https://127.0.0.1:%d/posture-update.xml" % port
        states = [self.path("node%02d" % i) for i in range(50)]
        for state in states:
            self.trust(state, self.ca)

        def pull():
            start = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(50) as pool:
                outs = list(pool.map(lambda s: self.timed(self.update(s, "--url", url))[1], states))
            finals = [json.loads(out.splitlines()[-1]) for out in outs]
            return time.monotonic() - start, sum(f["bytes_received"] for f in finals), {f["status"] for f in finals}

        full = pull()
        run([os.path.join(HERE, "make_components.py"), self.path("nodes-next"), "1", "1"])
        shutil.copy(self.path("nodes-next", "component0000.tar.gz"), os.path.join(small, "component0011.tar.gz"))
        run([self.program, "feed", "build", small, "--version", "2026.1.2.1"])
        part = pull()
        held = full[2] == {"updated"} and part[2] == {"updated"}
        self.missed += not held
        self.row("nodes", "50 at once, full: %.1f s, %.0f MB; one component of 12 changed: %.1f s, %.0f MB (%.2f x the bytes); "
                 "%s" % (full[0], full[1] / 1e6, part[0], part[1] / 1e6, part[1] / full[1],
                         "all succeeded" if held else "NOT ALL SUCCEEDED"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--mb", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="offline,online,shaped,unchanged,memory,linear,nodes")
    args = parser.parse_args()
    bench = Bench(args.program, args.mb, args.runs)
    try:
        for name in args.only.split(","):
            getattr(bench, name)()
    finally:
        bench.close()
    sys.exit(1 if bench.missed else 0)


main()
