# grpc_client.py TARGET ROOTS: what a client of gRPC gets, as text. Its proxy is in its environment.
import hashlib, sys
import grpc

target, roots = sys.argv[1:3]
options = [("grpc.max_receive_message_length", -1), ("grpc.enable_retries", 0)]
channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(open(roots, "rb").read()), options)

def call(kind, name):
    return getattr(channel, kind)("/lab.Lab/" + name)

def ours(metadata):
    return [(m.key, m.value) for m in metadata if m.key.startswith("x-")]

def tell(what, c):
    print(what, ours(c.initial_metadata()), c.code(), repr(c.details()), ours(c.trailing_metadata()), flush=True)

def short(m):
    return "%d bytes, %s" % (len(m), hashlib.sha256(m).hexdigest()[:16])

try:
    grpc.channel_ready_future(channel).result(timeout=float(sys.argv[3]))
except grpc.FutureTimeoutError:
    sys.exit("there is no connection")

for message in [b"hello", b"", bytes(range(256)) * 8000]:
    reply, c = call("unary_unary", "Echo").with_call(message, metadata=[("x-a", "1"), ("x-a", "2"), ("x-b-bin", b"\0\xff")], timeout=30)
    tell("Echo " + short(reply), c)
reply, c = call("unary_unary", "Echo").with_call(b"z" * 100000, compression=grpc.Compression.Gzip, timeout=30)
tell("Echo, compressed " + short(reply), c)

stream = call("unary_stream", "Count")(b"200", timeout=30)
tell("Count " + short(b" ".join(stream)), stream)

reply, c = call("stream_unary", "Sum").with_call((b"x" * n for n in range(300)), timeout=30)
tell("Sum " + repr(reply), c)

heard = []
def say():
    for i in range(20):
        yield b"%d" % i
        while len(heard) <= i:  # each waits for the answer to the one before
            turn.acquire()
import threading
turn = threading.Semaphore(0)
stream = call("stream_stream", "Talk")(say(), timeout=30)
for m in stream:
    heard.append(m)
    turn.release()
tell("Talk " + repr(heard), stream)

for kind, name in [("unary_unary", "Refuse"), ("unary_unary", "Unknown")]:
    try:
        call(kind, name)(b"", timeout=30)
    except grpc.RpcError as e:
        tell(name, e)

got = []
try:
    for m in call("unary_stream", "Half")(b"", timeout=30):
        got.append(m)
except grpc.RpcError as e:
    tell("Half " + repr(got), e)

try:
    call("unary_unary", "Wait")(b"", timeout=0.5)
except grpc.RpcError as e:
    tell("Wait", e)
print(call("unary_unary", "Cancelled")(b"", timeout=60))

stream = call("unary_stream", "Endless")(b"", timeout=60)
print(len(next(stream)), len(next(stream)))
stream.cancel()
print(call("unary_unary", "Cancelled")(b"", timeout=60))
print("that was all")
