"""gRPC's C core as a client of the echo service: prints one line per check, exits 1 at the first that fails."""
import sys
import threading

import grpc

target = sys.argv[1]
SIZES = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 8 << 20)]
channel = grpc.insecure_channel(target, options=SIZES)


def path(name):
    return "/test.Echo/" + name


def check(name, condition, seen=None):
    if not condition:
        sys.exit(f"{name}: failed, saw {seen!r}")
    print(name)


unary = channel.unary_unary(path("Unary"))
response, call = unary.with_call(b"hello", timeout=10, metadata=[("echo-a", "1"), ("echo-b-bin", b"\x00\xff\x01")])
check("unary", response == b"hello", response)
initial = dict(call.initial_metadata())
trailing = dict(call.trailing_metadata())
check("metadata", initial["echo-a"] == "1" and initial["echo-b-bin"] == b"\x00\xff\x01", initial)
check("trailers", trailing["echo-b-bin"] == b"\x00\xff\x01", trailing)

big = bytes(3 << 20)
check("big", unary(big, timeout=20) == big)
check("gzip", unary(bytes(100_000), timeout=10, compression=grpc.Compression.Gzip) == bytes(100_000))

try:
    unary(bytes(5 << 20), timeout=20)
    check("limit", False)
except grpc.RpcError as error:
    check("limit", error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error)

try:
    channel.unary_unary(path("Fail"))(b"why", timeout=10)
    check("details", False)
except grpc.RpcError as error:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    good = error.code() == grpc.StatusCode.FAILED_PRECONDITION and error.details() == "wrong % \u00e9tat"
    check("details", good and b"why" in details and b"StringValue" in details, error)

try:
    channel.unary_unary(path("Nothing"))(b"", timeout=10)
    check("unimplemented", False)
except grpc.RpcError as error:
    check("unimplemented", error.code() == grpc.StatusCode.UNIMPLEMENTED, error)

try:
    channel.unary_unary(path("Hang"))(b"", timeout=0.3)
    check("deadline", False)
except grpc.RpcError as error:
    check("deadline", error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error)

check("server stream", [r[-1] for r in channel.unary_stream(path("Repeat"))(b"x", timeout=10)] == list(range(10)))
check("client stream", channel.stream_unary(path("Join"))(iter([b"a", b"b", b"c"]), timeout=10) == b"abc")

gate = threading.Semaphore(1)


def questions():
    for number in range(50):
        gate.acquire()
        yield str(number).encode()


answers = []
for answer in channel.stream_stream(path("Chat"))(questions(), timeout=20):
    answers.append(int(answer))
    gate.release()
check("bidi", answers == list(range(50)), answers)

flood = channel.unary_stream(path("Flood"))(b"")
next(flood)
flood.cancel()
check("cancel", flood.code() == grpc.StatusCode.CANCELLED, flood.code())
check("after", unary(b"still", timeout=10) == b"still")
