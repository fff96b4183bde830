"""gRPC's C core as a client of the echo service: prints one line per check, exits 1 at the first that fails."""
import sys
import threading

import grpc
from google.protobuf import descriptor_pool

target = sys.argv[1]
SIZES = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 8 << 20)]
if len(sys.argv) > 2:
    # A folder with the server's certificate, which is its own authority, and with a key and certificate for this side.
    server, key, chain = (open(f"{sys.argv[2]}/{name}.pem", "rb").read() for name in ("server", "key", "chain"))
    pinned = [("grpc.ssl_target_name_override", "fairlead")]
    channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(server, key, chain), options=SIZES + pinned)
else:
    channel = grpc.insecure_channel(target, options=SIZES)


def path(name):
    return "/test.Echo/" + name


def check(name, condition, seen=None):
    if not condition:
        sys.exit(f"{name}: failed, saw {seen!r}")
    print(name)


unary = channel.unary_unary(path("Unary"))
response, call = unary.with_call(b"hello", timeout=120, metadata=[("echo-a", "1"), ("echo-b-bin", b"\x00\xff\x01")])
check("unary", response == b"hello", response)
initial = dict(call.initial_metadata())
trailing = dict(call.trailing_metadata())
check("metadata", initial["echo-a"] == "1" and initial["echo-b-bin"] == b"\x00\xff\x01", initial)
check("trailers", trailing["echo-b-bin"] == b"\x00\xff\x01", trailing)

big = bytes(3 << 20)
check("big", unary(big, timeout=120) == big)
check("gzip", unary(bytes(100_000), timeout=120, compression=grpc.Compression.Gzip) == bytes(100_000))

try:
    unary(bytes(5 << 20), timeout=120)
    check("limit", False)
except grpc.RpcError as error:
    check("limit", error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error)

try:
    channel.unary_unary(path("Fail"))(b"why", timeout=120)
    check("details", False)
except grpc.RpcError as error:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    good = error.code() == grpc.StatusCode.FAILED_PRECONDITION and error.details() == "wrong % \u00e9tat"
    check("details", good and b"why" in details and b"StringValue" in details, error)

try:
    channel.unary_unary(path("Nothing"))(b"", timeout=120)
    check("unimplemented", False)
except grpc.RpcError as error:
    check("unimplemented", error.code() == grpc.StatusCode.UNIMPLEMENTED, error)

try:
    channel.unary_unary(path("Hang"))(b"", timeout=0.3)
    check("deadline", False)
except grpc.RpcError as error:
    check("deadline", error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error)

check("server stream", [r[-1] for r in channel.unary_stream(path("Repeat"))(b"x", timeout=120)] == list(range(10)))
check("client stream", channel.stream_unary(path("Join"))(iter([b"a", b"b", b"c"]), timeout=120) == b"abc")

gate = threading.Semaphore(1)


def questions():
    for number in range(50):
        gate.acquire()
        yield str(number).encode()


answers = []
for answer in channel.stream_stream(path("Chat"))(questions(), timeout=120):
    answers.append(int(answer))
    gate.release()
check("bidi", answers == list(range(50)), answers)

check("health", channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=120) == b"\x08\x01")
watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"\x0a\x04none", timeout=120)
check("health watch", next(watch) == b"\x08\x03")
watch.cancel()


def fields(message):
    """The length-delimited and varint fields of a protobuf message, as (number, value)."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            value |= (message[at] & 0x7F) << shift
            shift += 7
            at += 1
            if message[at - 1] < 0x80:
                return value

    while at < len(message):
        tag = varint()
        value = varint()
        if tag & 7 == 2:
            value, at = message[at:at + value], at + value
        yield tag >> 3, value


def reflect(request):
    method = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    return dict(fields(next(method(iter([request]), timeout=120))))


listed = [dict(fields(service))[1] for _, service in fields(reflect(b"\x3a\x01*")[6])]
check("reflection", b"grpc.health.v1.Health" in listed, listed)

# What reflection hands out is enough to call the service with messages that nobody compiled.
pool = descriptor_pool.DescriptorPool()
symbol = b"grpc.health.v1.Health"
for _, file in fields(reflect(b"\x22" + bytes([len(symbol)]) + symbol)[4]):
    pool.AddSerializedFile(bytes(file))
described = pool.FindServiceByName("grpc.health.v1.Health").methods_by_name["Check"]
answer = dict(fields(channel.unary_unary(f"/{symbol.decode()}/{described.name}")(b"", timeout=120)))
status = described.output_type.fields_by_name["status"]
check("described", status.enum_type.values_by_number[answer[status.number]].name == "SERVING", answer)

flood = channel.unary_stream(path("Flood"))(b"")
next(flood)
flood.cancel()
check("cancel", flood.code() == grpc.StatusCode.CANCELLED, flood.code())
check("after", unary(b"still", timeout=120) == b"still")
