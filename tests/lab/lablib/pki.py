"""Certificates for the lab, made with the openssl command. Names are those of files in one folder."""
import os
import shutil
import subprocess

EXTENSIONS = {
    "root": {"basicConstraints": "critical,CA:true", "keyUsage": "critical,keyCertSign,cRLSign"},
    "inter": {"basicConstraints": "critical,CA:true", "keyUsage": "critical,keyCertSign,cRLSign"},
    "leaf": {"basicConstraints": "CA:false", "keyUsage": "critical,digitalSignature,keyEncipherment",
             "extendedKeyUsage": "serverAuth"},
}


def openssl(*arguments, **more):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


class Pki:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self, kind, name, issuer=None, san=None, subject=None, start="20200101000000Z", end="20450101000000Z", key="ec",
             md="sha256", ext=None, no_ext=()):
        """NAME.pem and NAME.key; NAME.chain.pem is what a server sends: itself and what is above it, without the root."""
        extensions = dict(EXTENSIONS[kind], subjectKeyIdentifier="hash", **(ext or {}))
        if issuer:
            extensions["authorityKeyIdentifier"] = "keyid"
        if san:
            extensions["subjectAltName"] = san
        for dropped in no_ext:
            extensions.pop(dropped, None)
        self.key(name, key)
        work = self.path(name + ".work")
        os.makedirs(work, exist_ok=True)
        config = os.path.join(work, "config")
        with open(config, "w") as out:
            out.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={work}/db\nrand_serial=yes\nnew_certs_dir={work}\n"
                      f"default_md={md}\npolicy=p\nunique_subject=no\nemail_in_dn=no\n"
                      "[p]\ncountryName=optional\norganizationName=optional\norganizationalUnitName=optional\n"
                      "commonName=optional\n[req]\ndistinguished_name=dn\n[dn]\n[x]\n")
            out.writelines(f"{extension}={value}\n" for extension, value in extensions.items())
        open(os.path.join(work, "db"), "w").close()
        openssl("req", "-new", "-config", config, "-key", self.path(name + ".key"), "-subj",
                subject or f"/O=Lab/CN={name}", "-out", os.path.join(work, "csr"))
        signer = (["-cert", self.path(issuer + ".pem"), "-keyfile", self.path(issuer + ".key")] if issuer
                  else ["-selfsign", "-keyfile", self.path(name + ".key")])
        openssl("ca", "-batch", "-notext", "-config", config, "-extensions", "x", "-startdate", start, "-enddate", end,
                *signer, "-in", os.path.join(work, "csr"), "-out", self.path(name + ".pem"))
        shutil.rmtree(work)
        self.chain(name, *self.above(issuer))
        with open(self.path(name + ".issuer"), "w") as out:
            out.write(issuer or "")
        return name

    def key(self, name, key):
        target = self.path(name + ".key")
        if key == "ec":
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", target)
        else:
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{key}", "-out", target)

    def above(self, issuer):
        """The issuers up to, but without, the root."""
        found = []
        while issuer:
            with open(self.path(issuer + ".issuer")) as file:
                higher = file.read()
            if higher:
                found.append(issuer)
            issuer = higher
        return found

    def chain(self, name, *issuers):
        """Writes NAME.chain.pem anew: NAME, then these."""
        with open(self.path(name + ".chain.pem"), "w") as out:
            for one in (name, *issuers):
                with open(self.path(one + ".pem")) as file:
                    out.write(file.read())

    def copy_to(self, folder):
        """A folder of a case's own that begins with these."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Pki(folder)
