"""Clients that say little: two bytes and wait for two, two bytes, nothing. The first says goodbye, the others close TCP."""
import socket
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
for said, waits in (b"a\n", True), (b"a\n", False), (b"", False):
    t = context.wrap_socket(socket.create_connection(("localhost", int(sys.argv[1]))))
    if said:
        t.sendall(said)
    if waits:
        t.recv(2)
        try:
            t.unwrap()
        except OSError:
            pass
    t.close()
