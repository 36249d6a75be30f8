#!/usr/bin/env python3
"""Makes published-keys.txt: private keys and tokens that well-known packages ship, by the hash of the key's public half
or of the token.

    published-keys.py DIRECTORY > published-keys.txt

Fetches the packages below with the registries' own clients (apt-get, pip, npm) into DIRECTORY, looks for armoured keys
in every file (in gzip too), for keys in one line of base64, for private members of JSON Web Keys and for a few forms of
tokens, and prints for each: SHA-256 of its SubjectPublicKeyInfo in DER, the package, and the names of the files that hold
it, without digits. A key whose public half cannot be told has the hash of its bytes, what is no key that of its text.
Crates are read from cargo's registry on this machine. Needs the package `cryptography`. The keys themselves are not kept.
"""

import base64
import concurrent.futures
import gzip
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import warnings
import zipfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448

warnings.simplefilter("ignore")

DEBIAN = """
ansible cloud-init openvpn postfix-doc pure-ftpd-common
libssl-dev postfix systemd wireguard-tools
apache2-data bind9 ca-certificates-java curl dovecot-core erlang-public-key erlang-ssl exim4-config freeradius-config
gnutls-bin golang-1.19-src golang-github-gorilla-securecookie-dev golang-golang-x-crypto-dev
golang-github-docker-docker-dev golang-google-grpc-dev libcurl4 libgcrypt20 libgnutls30
libmbedcrypto7 libmbedtls-doc libnet-ssleay-perl libio-socket-ssl-perl libnss3 libpython3.11-testsuite libpoe-perl
librdkafka1 librdkafka++1 libssl-doc libssl3 libwolfssl35 libanyevent-perl libhttp-daemon-ssl-perl
libmojolicious-perl libcrypt-openssl-rsa-perl libruby3.1 mariadb-test-data monit nginx-common node-agent-base
node-http-proxy node-https-proxy-agent node-ws nodejs-doc npm openssh-client openssl perl php-symfony-http-client
postgresql-15 python3-acme python3-asyncssh python3-certbot python3-eventlet python3-gevent python3-httplib2
python3-josepy python3-jwt python3-nose python3-openssl python3-paramiko python3-scrapy python3-tornado python3-twisted
python3-trustme python3-urllib3 qemu-system-data ruby-rack ruby-httpclient ruby-net-ssh ruby3.1 ruby-webrick ssl-cert
stunnel4 vagrant
""".split()

PYPI = """
apprise botocore
acme aiohttp aiosmtpd ansible-core asyncssh authlib azure-identity certbot confluent-kafka cryptography-vectors dulwich
eventlet gevent google-auth gunicorn httplib2 impacket josepy kafka-python ldap3 moto oauthlib paramiko pyjwt pymongo
pyopenssl pyspnego python-jose pywinrm requests scapy scrapy service-identity tornado trustme twilio twisted urllib3
uvicorn vcrpy werkzeug
""".split()

NPM = """
agent-base browserify-sign create-ecdh firebase-admin google-auth-library http-proxy http-signature https-proxy-agent
jose jsonwebtoken jwk-to-pem jws mongodb node-forge node-rsa nodemailer parse-asn1 passport-saml pem public-encrypt
request selfsigned smtp-server spdy ssh2 sshpk testcafe-hammerhead twilio undici webpack-dev-server ws xml-crypto
""".split()

KEY = re.compile(rb"-----BEGIN ((?:[A-Z0-9]+ )*)PRIVATE KEY(?: BLOCK)?-----([^-]{40,9000})")
HEADER = re.compile(rb"(?:Proc-Type|DEK-Info|Version|Comment): [^\n\\]*")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def decode(text):
    """The base64 in an armour's body, without what source code puts between its pieces."""
    clean, before = bytearray(), 0
    for at, byte in enumerate(text):
        after = text[at + 1] if at + 1 < len(text) else 0x20
        escape = before == ord("\\") and byte in b"nrt"
        joint = byte == ord("+") and (
            before in b"\"'" and not chr(after).isalnum() or before in b" \t"
        )
        before = byte
        if byte == ord("=") and len(clean) > 40:
            break
        if not escape and not joint and (chr(byte).isascii() and chr(byte).isalnum() or byte in b"+/"):
            clean.append(byte)
    if len(clean) % 4 == 1:
        clean.pop()
    return base64.b64decode(bytes(clean) + b"=" * (-len(clean) % 4))


def integers(der):
    """The integers of a sequence."""
    def tlv(data):
        tag, length, at = data[0], data[1], 2
        if length & 0x80:
            at += length & 0x7F
            length = int.from_bytes(data[2:at], "big")
        return tag, data[at : at + length], data[at + length :]

    tag, inner, _ = tlv(der)
    found = []
    while tag == 0x30 and inner:
        kind, value, inner = tlv(inner)
        if kind != 2:
            return []
        found.append(int.from_bytes(value, "big"))
    return found


def der(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def number(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def spki(algorithm, public):
    return der(0x30, algorithm + der(3, b"\0" + public))


RSA = der(0x30, bytes.fromhex("06092a864886f70d010101") + b"\5\0")
DSA = bytes.fromhex("06072a8648ce380401")


def names_of(key):
    """All digests by which a key may be known."""
    if key.startswith(b"openssh-key-v1\0"):
        at, fields = 15, []
        for nth in range(4):
            if nth == 3:
                at += 4
            length = int.from_bytes(key[at : at + 4], "big")
            fields.append(key[at + 4 : at + 4 + length])
            at += 4 + length
        blob = fields[3]
        kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")]
        public = serialization.load_ssh_public_key(kind + b" " + base64.b64encode(blob))
    else:
        try:
            public = serialization.load_der_private_key(key, None).public_key()
        except Exception:
            numbers = integers(key)
            if len(numbers) == 9:
                return [digest(spki(RSA, der(0x30, number(numbers[1]) + number(numbers[2]))))]
            if len(numbers) == 6:
                algorithm = der(0x30, DSA + der(0x30, b"".join(number(n) for n in numbers[1:4])))
                return [digest(spki(algorithm, number(numbers[4])))]
            return [digest(key)]
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    found = [digest(public.public_bytes(*form))]
    if isinstance(public, (ec.EllipticCurvePublicKey, ed448.Ed448PublicKey)):
        # A key that leaves out its public half, or one whose public half is not told from it.
        found.append(digest(key))
    return found


# PKCS #8 in one line: Ed25519, X25519, P-256, RSA.
BARE = re.compile(
    rb"(?<![A-Za-z0-9+/])(?:MC4CAQAwBQYDK2V[uw]|MIGHAgEAMBMG|MII[A-Za-z0-9+/]{2}QIBADANBg)[A-Za-z0-9+/]{40,5000}"
)
JWK = re.compile(rb"\"d\"\s{0,4}:\s{0,4}\"([A-Za-z0-9_-]{43,1400})\"")
TOKENS = re.compile(
    rb"AWS_SECRET_ACCESS_KEY=([A-Za-z0-9/+]{40})\b|\b(A[KS]IA[A-Z2-7]{16})\b|[?&;]sig=([A-Za-z0-9%]{43,120}%3D)"
    rb"|PrivateKey ?= ?([A-Za-z0-9+/]{43}=)"
    rb"|\b(s\.[A-Za-z0-9]{24})\b|\b(AIza[A-Za-z0-9_-]{35})\b|hooks\.slack\.com/(services/T[A-Z0-9]{8,12}/[AB][A-Z0-9]{8,12}/[A-Za-z0-9]{20,26})"
    rb"|sumologic\.com/receiver/v1/http/([A-Za-z0-9_=-]{60,200})|\b(api-[0-9A-F]{32})\b"
)


# What a file holds in which anything can be found.
SIGNS = (
    b"PRIVATE KEY", b'"kty"', b"AWS_SECRET", b"AKIA", b"ASIA", b"sig=", b"PrivateKey", b"token: s.", b"AIza", b"hooks.slack.com",
    b"sumologic.com", b"api-",
)


def texts_in(data):
    """The digests of what is no key in DER."""
    if b'"kty"' in data:
        yield from (digest(m[1]) for m in JWK.finditer(data))
    for match in TOKENS.finditer(data):
        yield digest(next(g for g in match.groups() if g))


def keys_in(data):
    for match in BARE.finditer(data):
        try:
            yield from names_of(decode(match[0]))
        except Exception:
            continue
    for match in KEY.finditer(data):
        body = HEADER.sub(b"", match[2])
        if len(set(body)) < 16 or b"..." in body:
            continue
        try:
            key = decode(body)
            yield from names_of(key)
        except Exception as error:
            print(f"  a key is not understood: {error}", file=sys.stderr)


def look(folder, package, found):
    for where, _, files in os.walk(folder):
        for name in files:
            path = pathlib.Path(where) / name
            if path.is_symlink() or not path.is_file():
                continue
            data = path.read_bytes()
            if name.endswith(".gz"):
                try:
                    data = gzip.decompress(data)
                except (OSError, EOFError):
                    continue
            if not any(sign in data for sign in SIGNS):
                continue
            stem = re.sub(r"\d", "", name)
            for known in [*keys_in(data), *texts_in(data)]:
                # Several packages may have the same key, in files of other names.
                found.setdefault(known, (package, set()))[1].add(stem)


def fetch(store, names, command):
    store.mkdir(parents=True, exist_ok=True)

    def get(name):
        mark = store / (name.replace("/", "+") + ".done")
        if mark.exists():
            return
        done = subprocess.run([*command, name], cwd=store, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            mark.touch()
        else:
            print(f"  {name} cannot be fetched", file=sys.stderr)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(get, names))


def main():
    work = pathlib.Path(sys.argv[1]).resolve()
    found = {}
    fetch(work / "debian", DEBIAN, ["apt-get", "download", "-q"])
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    fetch(work / "pypi", PYPI, pip)
    fetch(work / "npm", NPM, ["npm", "pack", "--silent"])

    def unpacked(package, unpack):
        with tempfile.TemporaryDirectory(dir=work) as folder:
            unpack(folder)
            look(folder, package, found)

    for file in sorted((work / "debian").glob("*.deb")):
        name = file.name.split("_")[0]
        unpacked(f"{name} (Debian)", lambda d: subprocess.run(["dpkg-deb", "-x", str(file), d], check=True))
    for file in sorted((work / "pypi").glob("*.whl")):
        unpacked(f"{file.name.split('-')[0]} (PyPI)", lambda d: zipfile.ZipFile(file).extractall(d))
    for file in sorted((work / "npm").glob("*.tgz")):
        name = file.name.rsplit("-", 1)[0]
        unpacked(f"{name} (npm)", lambda d: tarfile.open(file).extractall(d, filter="data"))
    cargo = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo")) / "registry/src"
    for folder in sorted(cargo.glob("*/*")):
        look(folder, f"{folder.name.rsplit('-', 1)[0]} (crates.io)", found)
    print("# Keys and tokens that well-known packages ship: no secrets. Made by published-keys.py; not edited by hand.")
    print("# SHA-256 of the SubjectPublicKeyInfo, or of the text\tpackage\tnames of its files, without digits")
    for known, (package, stems) in sorted(found.items()):
        print(f"{known}\t{package}\t{'|'.join(sorted(stems)[:8])}")


if __name__ == "__main__":
    main()
