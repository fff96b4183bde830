"""A gRPC server of unary and bidirectional echoes; prints its port. No generated code: messages are bytes."""
import sys
from concurrent import futures

import grpc


def unary(request, context):
    if request == b"fail":
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "as asked: \u00e4")
    context.set_trailing_metadata((("x-trailer", "t"), ("x-bin-bin", b"\x00\xff")))
    meta = dict(context.invocation_metadata())
    return b"|".join([request, meta.get("x-meta", "").encode(), context.peer().encode()[:3]])


def bidi(requests, context):
    for request in requests:
        yield b"re:" + request


def silent(requests, context):
    for _ in requests:
        print("heard", flush=True)
    yield b"late"


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/test.Echo/Unary":
            return grpc.unary_unary_rpc_method_handler(unary)
        if details.method == "/test.Echo/Bidi":
            return grpc.stream_stream_rpc_method_handler(bidi)
        if details.method == "/test.Echo/Silent":
            return grpc.stream_stream_rpc_method_handler(silent)
        return None


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), handlers=(Handler(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(None)
