"""The small servers that make.sh has where no program does: what stands before TLS, and ends that fail.

python3 ends.py PORT KIND...: one connection each, in that order.
"""
import select
import socket
import ssl
import struct
import sys
import time

port, kinds = int(sys.argv[1]), sys.argv[2:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("ecdsa.pem", "ecdsa.key")
context.num_tickets = 0


def line(c):
    b = b""
    while not b.endswith(b"\n"):
        more = c.recv(1)
        if not more:
            raise EOFError
        b += more
    return b


def lines(greeting, *answers):
    """A protocol of lines: a greeting, and then an answer to each; the last is to the demand for TLS."""
    def dialogue(c):
        if greeting:
            c.sendall(greeting)
        for answer in answers:
            said = line(c)
            if b" " in said and b"*" not in said[:1]:
                answer = answer.replace(b"TAG", said.split()[0])
            c.sendall(answer)
    return dialogue


def postgres(c):
    c.recv(8)
    c.sendall(b"S")


def mysql(c):
    greeting = (b"\x0a8.0.36\0" + struct.pack("<I", 7) + b"saltsalt\0" + struct.pack("<HBHH", 0xffff, 45, 2, 0xdfff)
                + b"\x15" + bytes(10) + b"saltsaltsalt\0" + b"mysql_native_password\0")
    c.sendall(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
    c.recv(36)


def ldap(c):
    c.recv(4096)
    c.sendall(bytes.fromhex("300c02010178070a010004000400"))


def xmpp(c):
    c.recv(4096)
    c.sendall(b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' from='localhost' version='1.0'>"
              b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>")
    c.recv(4096)
    c.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


before = {
    "smtp": lines(b"220 mail.lab.test ESMTP\r\n", b"250-mail.lab.test\r\n250-SIZE 1000000\r\n250 STARTTLS\r\n", b"220 Go ahead\r\n"),
    "lmtp": lines(b"220 mail.lab.test LMTP\r\n", b"250-mail.lab.test\r\n250 STARTTLS\r\n", b"220 Go ahead\r\n"),
    "imap": lines(b"* OK IMAP4rev1 at hand\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\nTAG OK done\r\n", b"TAG OK begin\r\n"),
    "pop3": lines(b"+OK POP3 at hand\r\n", b"+OK begin\r\n"),
    "ftp": lines(b"220 FTP at hand\r\n", b"234 begin\r\n"),
    "nntp": lines(b"200 NNTP at hand\r\n", b"101 capabilities\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n", b"382 begin\r\n"),
    "sieve": lines(b"\"IMPLEMENTATION\" \"ends\"\r\n\"STARTTLS\"\r\nOK \"at hand\"\r\n", b"OK \"begin\"\r\n"),
    "irc": lines(b"", b":irc.lab.test 670 * :STARTTLS successful, proceed with TLS handshake\r\n"),
    "postgres": postgres, "mysql": mysql, "ldap": ldap, "xmpp": xmpp,
}


def tunnel(c):
    """HTTP CONNECT, SOCKS 4, 4a and 5: a proxy that leads to itself, whatever was asked for."""
    first = c.recv(1)
    if first == b"C":
        while line(c) not in (b"\r\n", b"\n"):
            pass
        c.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    elif first == b"\x04":
        address = c.recv(7)
        while c.recv(1) != b"\0":
            pass
        if address[3:6] == bytes(3):
            while c.recv(1) != b"\0":
                pass
        c.sendall(b"\0\x5a" + bytes(6))
    else:
        methods = c.recv(c.recv(1)[0])
        if 2 in methods:
            c.sendall(b"\x05\x02")
            c.recv(1)
            c.recv(c.recv(1)[0])
            c.recv(c.recv(1)[0])
            c.sendall(b"\x01\0")
        else:
            c.sendall(b"\x05\0")
        kind = c.recv(4)[3]
        c.recv({1: 4, 4: 16}.get(kind) or c.recv(1)[0])
        c.recv(2)
        c.sendall(b"\x05\0\0\x01" + bytes(6))


def talk(c, answer=b"HTTP/1.0 200 OK\r\n\r\nhello\n"):
    try:
        with context.wrap_socket(c, server_side=True) as t:
            t.recv(4096)
            t.sendall(answer)
            t.unwrap()
    except OSError:
        pass


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen()
for kind in kinds:
    c, _ = listener.accept()
    if kind == "tunnel":
        tunnel(c)
        talk(c)
    elif kind == "close":
        c.recv(4096)
        c.close()
    elif kind == "reset":
        c.recv(4096)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
    elif kind == "silent":
        select.select([], [], [], 30)
    elif kind == "half":  # the server's first flight, and then nothing but the end
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        t = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(c.recv(4096))
        try:
            t.do_handshake()
        except ssl.SSLWantReadError:
            pass
        said = outgoing.read()
        c.sendall(said[: len(said) // 2])
        time.sleep(0.2)
        c.close()
    else:
        before[kind](c)
        talk(c)
