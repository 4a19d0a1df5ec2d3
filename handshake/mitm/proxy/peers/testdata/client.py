# client.py BASE ROOTS [PROXY-HOST PROXY-PORT]: what http.client and urllib get, as text.
import hashlib, http.client, ssl, sys, urllib.request
from urllib.parse import urlsplit

base, roots = sys.argv[1:3]
proxy = sys.argv[3:]
site = urlsplit(base)
context = ssl.create_default_context(cafile=roots)
body = bytes(range(256)) * 700

def tell(what, status, reason, fields, content):
    print(what, status, reason)
    for name, value in fields:
        print("   ", name + ":", value)
    print("   ", len(content), hashlib.sha256(content).hexdigest()[:16])

def connect():
    if not proxy:
        return http.client.HTTPSConnection(site.hostname, site.port, context=context)
    c = http.client.HTTPSConnection(proxy[0], int(proxy[1]), context=context)
    c.set_tunnel(site.hostname, site.port)
    return c

c = connect()
for method, path, content in [
    ("GET", "/hello", None), ("POST", "/echo", body), ("POST", "/echo", iter([body[:1000], body[1000:]])),
    ("GET", "/pieces", None), ("HEAD", "/pieces", None), ("GET", "/50%25/x?a=%2F&b=;", None), ("GET", "/missing", None),
]:
    c.request(method, path, content, {"X-Twice": "1"}, encode_chunked=content is not None and not isinstance(content, bytes))
    r = c.getresponse()
    tell(method + " " + path, r.status, r.reason, r.getheaders(), r.read())
c.close()

handlers = [urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({"https": "http://" + ":".join(proxy)} if proxy else {})]
with urllib.request.build_opener(*handlers).open(base + "/moved") as r:
    tell(r.url, r.status, r.reason, r.getheaders(), r.read())
print("that was all")
