"""gRPC's C core as a server of the echo service. Prints its port, ends when its input does."""
import sys
import threading
import time
from concurrent import futures

import grpc

cancelled = threading.Event()


def unary(request, context):
    echoed = [(key, value) for key, value in context.invocation_metadata() if key.startswith("echo-")]
    context.send_initial_metadata(echoed)
    context.set_trailing_metadata(echoed)
    return request


def fail(request, context):
    # google.rpc.Status {code: 9, message: "no"}
    context.set_trailing_metadata([("grpc-status-details-bin", b"\x08\x09\x12\x02no")])
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "wrong % \u00e9tat")


def hang(request, context):
    if not context.add_callback(cancelled.set):
        cancelled.set()
    cancelled.wait(120)
    # An answer that is ready when the deadline strikes could still overtake the client's own timer.
    time.sleep(0.5)
    return b""


def was_cancelled(request, context):
    return b"yes" if cancelled.wait(120) else b"no"


def make(request, context):
    return bytes(int.from_bytes(request, "big"))


def repeat(request, context):
    for number in range(10):
        yield request + bytes([number])


def join(requests, context):
    return b"".join(requests)


def chat(requests, context):
    # No initial metadata before the first answer: a client must not wait for them.
    for request in requests:
        yield request
    context.set_trailing_metadata([("chat", "over")])


handlers = {
    "Unary": grpc.unary_unary_rpc_method_handler(unary),
    "Fail": grpc.unary_unary_rpc_method_handler(fail),
    "Hang": grpc.unary_unary_rpc_method_handler(hang),
    "Unknown": grpc.unary_unary_rpc_method_handler(was_cancelled),
    "Make": grpc.unary_unary_rpc_method_handler(make),
    "Repeat": grpc.unary_stream_rpc_method_handler(repeat),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Chat": grpc.stream_stream_rpc_method_handler(chat),
}
server = grpc.server(futures.ThreadPoolExecutor(8), compression=grpc.Compression.Gzip if "gzip" in sys.argv else None)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
if "tls" in sys.argv:
    folder = sys.argv[-1]
    key, chain, client = (open(f"{folder}/{name}.pem", "rb").read() for name in ("key", "chain", "client"))
    credentials = grpc.ssl_server_credentials([(key, chain)], client, require_client_auth=True)
    print(server.add_secure_port("127.0.0.1:0", credentials), flush=True)
else:
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
sys.stdin.read()
server.stop(0)
