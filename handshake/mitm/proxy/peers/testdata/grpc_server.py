# grpc_server.py CHAIN KEY: a server of gRPC whose messages are bytes. It says its port.
import sys, threading
from concurrent import futures
import grpc

cancelled = threading.Semaphore(0)  # once for each call of Wait that was broken off

class Lab(grpc.GenericRpcHandler):
    def service(self, details):
        name = details.method.rsplit("/", 1)[1]
        make = {"Echo": grpc.unary_unary_rpc_method_handler, "Refuse": grpc.unary_unary_rpc_method_handler, "Wait": grpc.unary_unary_rpc_method_handler,
                "Cancelled": grpc.unary_unary_rpc_method_handler, "Count": grpc.unary_stream_rpc_method_handler, "Endless": grpc.unary_stream_rpc_method_handler,
                "Half": grpc.unary_stream_rpc_method_handler, "Sum": grpc.stream_unary_rpc_method_handler, "Talk": grpc.stream_stream_rpc_method_handler}.get(name)
        return make and make(getattr(self, name))

    def Echo(self, message, context):
        given = [(k, v) for k, v in context.invocation_metadata() if k.startswith("x-")]
        context.send_initial_metadata([("x-heard", repr(given))])
        context.set_trailing_metadata([("x-last", "a"), ("x-last", "b"), ("x-raw-bin", bytes(range(256)))])
        return message

    def Refuse(self, message, context):
        context.set_trailing_metadata([("x-why", "because")])
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today: 100% \u4e0d\u884c\n")

    def Wait(self, message, context):
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait()
        cancelled.release()
        return b"nobody hears this"

    def Cancelled(self, message, context):
        return b"cancelled" if cancelled.acquire(timeout=50) else b"never cancelled"

    def Count(self, message, context):
        for i in range(int(message)):
            yield b"%d" % i * 50

    def Endless(self, message, context):
        context.add_callback(cancelled.release)
        while context.is_active():
            yield bytes(10000)

    def Half(self, message, context):
        yield b"one"
        context.abort(grpc.StatusCode.DATA_LOSS, "and no more")

    def Sum(self, messages, context):
        return b"%d" % sum(len(m) for m in messages)

    def Talk(self, messages, context):
        for m in messages:
            yield b"you said " + m

chain, key = (open(f, "rb").read() for f in sys.argv[1:3])
server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), handlers=[Lab()], options=[("grpc.max_receive_message_length", -1)])
port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, chain)]))
server.start()
print("listening on", port, flush=True)
server.wait_for_termination()
