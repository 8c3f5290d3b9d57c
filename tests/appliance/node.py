#!/usr/bin/env python3
"""A simulated appliance: the part of the OpenAPI that "posture-console node" uses, over TLS, with the traps of the real one.

  node.py PORT CERT KEY DIR PEM...

DIR/mode        words that change how it behaves; read at each request (see MODES)
DIR/state.json  what it holds, written after each change; DIR/log: one line a request
PEM...          the trusted certificates that it starts with

The traps: a certificate is friendlyName when read and must be name when written; switches are read as "on"/"off" and only taken as
true/false; numbers are read as text; usages are read as one text and written as four switches; a PUT replaces the record, so that
what is left out is lost; three switches may only be true together with downloadCRL, although a record that is read may have them;
commas and apostrophes fail a "security check"; writes need Origin or Referer; pages are smaller than asked for.

MODES: wrong-password, no-rights, read-only, busy (429 once), always-busy, fails (500), page (HTML with status 200), login (302),
disabled (404 with HTML), cut (half of the JSON), not-json, deaf (accepts a PUT and does nothing), half (a PUT loses the usages),
small-pages, page-404 (after the last page), secondary, endless (pages that never end), other-export, moving (a field changes with
each read), echo (an error repeats what was sent).
"""
import base64
import datetime
import hashlib
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

PORT, CERT, KEY, DIR, PEMS = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]
USER, PASSWORD = "api-admin", "N0de-s3cret"
PROXY = {"fqdn": "proxy.corp.example", "port": 8080, "passwordRequired": True, "userName": "svc-ise", "password": "old-secret",
         "bypassHosts": "intranet.corp.example,10.0.0.0/8", "vendorExtra": "kept"}
SWITCHES = {"trustForIseAuth": "Infrastructure", "trustForClientAuth": "Endpoints",
            "trustForCertificateBasedAdminAuth": "AdminAuth", "trustForCiscoServicesAuth": "Cisco Services"}
FLAGS = ("enableOCSPValidation", "rejectIfNoStatusFromOCSP", "rejectIfUnreachableFromOCSP", "downloadCRL", "automaticCRLUpdate",
         "authenticateBeforeCRLReceived", "ignoreCRLExpiration", "enableServerIdentityCheck")
NUMBERS = ("automaticCRLUpdatePeriod", "nonAutomaticCRLUpdatePeriod", "crlDownloadFailureRetries")
TEXTS = ("automaticCRLUpdateUnits", "nonAutomaticCRLUpdateUnits", "crlDownloadFailureRetriesUnits", "crlDistributionUrl",
         "selectedOCSPService")
NEEDS_CRL = ("automaticCRLUpdate", "authenticateBeforeCRLReceived", "ignoreCRLExpiration")

certificates = []
proxy = dict(PROXY)
busy_told = False
reads = 0


def modes():
    try:
        with open(os.path.join(DIR, "mode")) as file:
            return set(file.read().split())
    except OSError:
        return set()


def save():
    with open(os.path.join(DIR, "state.new"), "w") as file:
        json.dump({"proxy": proxy, "certificates": certificates}, file, indent=1)
    os.rename(os.path.join(DIR, "state.new"), os.path.join(DIR, "state.json"))


def describe(path):
    def ask(*what):
        return subprocess.run(["openssl", "x509", "-in", path, "-noout", *what], check=True, capture_output=True,
                              text=True).stdout.strip().split("=", 1)[1]
    pem = open(path).read()
    der = base64.b64decode(pem.split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0])
    name = ask("-subject", "-nameopt", "multiline,-align").rsplit("commonName = ", 1)[-1].strip()
    end = datetime.datetime.strptime(ask("-enddate"), "%b %d %H:%M:%S %Y GMT")
    return pem, name, hashlib.sha256(der).hexdigest(), ask("-subject"), end.strftime("%a %b %d %H:%M:%S UTC %Y")


def start():
    for n, path in enumerate(PEMS):
        pem, name, sha256, subject, end = describe(path)
        enabled = not os.path.basename(path).startswith("disabled-")
        certificates.append({
            "id": f"7865ac6a-64c6-4e65-865e-{n:012d}", "friendlyName": name, "description": name, "status":
            "Enabled" if enabled else "Disabled", "usages": ["trustForIseAuth"] if n % 2 else [], "subject": subject, "issuedTo": name,
            "expirationDate": end, "sha256Fingerprint": sha256, "internalCA": False, "pem": pem, "downloadCRL": False,
            "automaticCRLUpdate": True, "automaticCRLUpdatePeriod": 6, "automaticCRLUpdateUnits": "Minutes",
            "nonAutomaticCRLUpdatePeriod": 1, "nonAutomaticCRLUpdateUnits": "Hours", "crlDownloadFailureRetries": 10,
            "crlDownloadFailureRetriesUnits": "Minutes", "crlDistributionUrl": "", "selectedOCSPService": "",
            "enableOCSPValidation": False, "rejectIfNoStatusFromOCSP": False, "rejectIfUnreachableFromOCSP": False,
            "authenticateBeforeCRLReceived": False, "ignoreCRLExpiration": False, "enableServerIdentityCheck": False})
    save()


def as_read(c):
    record = {k: c[k] for k in ("id", "friendlyName", "description", "status", "subject", "issuedTo", "expirationDate",
                                "sha256Fingerprint", "internalCA")}
    record["trustedFor"] = ",".join(SWITCHES[s] for s in SWITCHES if s in c["usages"]) or "Unknown"
    for key in FLAGS:
        record[key] = "on" if c[key] else "off"
    for key in NUMBERS:
        record[key] = str(c[key])
    for key in TEXTS:
        record[key] = c[key] or " "
    record["link"] = {"rel": "self", "href": f"https://node/api/v1/certs/trusted-certificate/{c['id']}", "type": "application/json"}
    if "moving" in modes():
        global reads
        reads += 1
        record["description"] = f"changed {reads}"
    if "strange" in modes():
        record["trustedFor"] += ",Quantum Portal"
    return record


class Refusal(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


def put_certificate(c, body):
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise Refusal(417, "Required parameter is missing: name")
    for key in ("name", "description"):
        if any(mark in body.get(key, "") for mark in ",'"):
            raise Refusal(400, "Security Check Failed")
    for key in (*FLAGS, *SWITCHES):
        if key in body and not isinstance(body[key], bool):
            raise Refusal(400, f"{key} must be a boolean")
    for key in NUMBERS:
        if key in body and (isinstance(body[key], bool) or not isinstance(body[key], int)):
            raise Refusal(400, f"{key} must be a number")
    for key in NEEDS_CRL:
        if body.get(key) and not body.get("downloadCRL"):
            raise Refusal(400, f"{key} can only be set true if downloadCRL parameter is set to be true")
    if body.get("trustForClientAuth") and not body.get("trustForIseAuth"):
        raise Refusal(422, "trustForClientAuth can be set true only if trustForIseAuth is true")
    if body.get("status") not in ("Enabled", "Disabled"):
        raise Refusal(400, "status must be Enabled or Disabled")
    if any(other is not c and other["friendlyName"] == body["name"] for other in certificates):
        raise Refusal(409, "Certificate Already Exists")
    c["friendlyName"], c["status"], c["description"] = body["name"], body["status"], body.get("description", "")
    c["usages"] = [] if "half" in modes() else [s for s in SWITCHES if body.get(s)]
    for key in FLAGS:
        c[key] = body.get(key, False)
    for key in NUMBERS:
        c[key] = body.get(key, 0)
    for key in TEXTS:
        c[key] = body.get(key, "")


def put_proxy(body):
    if "echo" in modes():
        raise Refusal(400, "cannot use " + json.dumps(body))
    if not isinstance(body.get("port"), int) or not 1 <= body["port"] <= 65535:
        raise Refusal(400, "port should be between 1 and 65535")
    if not isinstance(body.get("passwordRequired"), bool):
        raise Refusal(400, "passwordRequired must be a boolean")
    proxy.clear()
    proxy.update({"fqdn": "", "port": 0, "passwordRequired": False, "userName": "", "password": "", "bypassHosts": ""})
    proxy.update(body)


class Node(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "node"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", **headers):
        data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        with open(os.path.join(DIR, "log"), "a") as file:
            file.write(f"{status} {self.command} {self.path}\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def page(self, status):
        self.answer(status, "<!DOCTYPE html><html><title>Identity Services Engine</title></html>", "text/html;charset=UTF-8")

    def refused(self, mode):
        """Answers what a mode demands before anything else; True when it did."""
        global busy_told
        login = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if "page" in mode:
            self.page(200)
        elif "disabled" in mode:
            self.page(404)
        elif "login" in mode:
            self.answer(302, "", Location="/admin/login.jsp")
        elif self.headers.get("Authorization") != login or "wrong-password" in mode:
            self.answer(401, "")
        elif "no-rights" in mode or ("read-only" in mode and self.command != "GET"):
            self.answer(403, "")
        elif "always-busy" in mode or ("busy" in mode and not busy_told):
            busy_told = True
            self.answer(429, {"message": "Too Many Requests"}, Retry_After="0" if "always-busy" in mode else "1")
        elif "fails" in mode:
            self.answer(500, {"code": "500", "message": "Internal Server Error"})
        elif "not-json" in mode:
            self.answer(200, "OK then", "application/json")
        else:
            return False
        return True

    def one(self, path):
        wanted = path.rsplit("/", 1)[1]
        found = [c for c in certificates if c["id"] == wanted]
        if not found:
            raise Refusal(404, "Certificate not found")
        return found[0]

    def listing(self, query, mode):
        page, size = int(query.get("page", ["1"])[0]), min(int(query.get("size", ["20"])[0]), 2 if "small-pages" in mode else 100)
        part = certificates[(page - 1) * size:page * size]
        if "endless" in mode:
            part = [dict(c, id=f"{c['id']}-{page}") for c in certificates[:1]]
        if not part and "page-404" in mode:
            raise Refusal(404, "No such page")
        return {"response": [as_read(c) for c in part], "version": "1.0.0"}

    def read(self, path, query, mode):
        base = "/api/v1/certs/trusted-certificate"
        if path == "/api/v1/system-settings/proxy":
            return {"response": dict(proxy, password="********"), "version": "1.0.0"}
        if path == "/api/v1/deployment/node":
            here = ["SecondaryAdmin"] if "secondary" in mode else ["PrimaryAdmin", "PrimaryMonitoring"]
            nodes = [{"hostname": "localhost", "fqdn": "localhost", "ipAddress": "127.0.0.1", "roles": here, "nodeStatus": "Connected"},
                     {"hostname": "ise2", "fqdn": "ise2.corp.example", "ipAddress": "192.0.2.2", "nodeStatus": "Connected",
                      "roles": ["PrimaryAdmin"] if "secondary" in mode else ["SecondaryAdmin"]}]
            return {"response": nodes, "version": "1.0.0"}
        if path == base:
            return self.listing(query, mode)
        if path.startswith(base + "/export/"):
            return self.one(path)["pem"] if "other-export" not in mode else certificates[-1]["pem"]
        if path.startswith(base + "/"):
            return {"response": dict(as_read(self.one(path)), isReferredInPolicy=False), "version": "1.0.0"}
        raise Refusal(404, "no such resource")

    def do_GET(self):
        mode = modes()
        if self.refused(mode):
            return
        url = urllib.parse.urlsplit(self.path)
        try:
            reply = self.read(url.path, urllib.parse.parse_qs(url.query), mode)
        except Refusal as why:
            self.answer(why.status, {"code": str(why.status), "message": why.message})
            return
        if isinstance(reply, str):
            self.answer(200, reply, "application/octet-stream")
        else:
            text = json.dumps(reply)
            self.answer(200, text[:len(text) // 2] if "cut" in mode else text)

    def do_PUT(self):
        mode = modes()
        data = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.refused(mode):
            return
        try:
            if not self.headers.get("Origin") and not self.headers.get("Referer"):
                raise Refusal(403, "missing Origin")
            if self.headers.get("Content-Type") != "application/json":
                raise Refusal(415, "Unsupported Media Type")
            body = json.loads(data)
            if "deaf" not in mode:
                if self.path == "/api/v1/system-settings/proxy":
                    put_proxy(body)
                else:
                    put_certificate(self.one(self.path), body)
                save()
        except Refusal as why:
            self.answer(why.status, {"response": {"id": None, "message": why.message}, "version": "1.0.0"})
            return
        self.answer(200, {"response": {"id": "1", "message": "updated", "status": "SUCCESS"}, "version": "1.0.0"})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def end_with_folder():
    """A test that is gone takes its folder along."""
    while os.path.isdir(DIR):
        time.sleep(0.5)
    os._exit(0)


start()
threading.Thread(target=end_with_folder, daemon=True).start()
server = Server(("127.0.0.1", PORT), Node, bind_and_activate=False)
server.allow_reuse_address = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERT, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.server_bind()
server.server_activate()
server.serve_forever()
