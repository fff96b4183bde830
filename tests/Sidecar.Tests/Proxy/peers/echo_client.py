"""Calls the echo server through the proxy: echo_client.py PROXY AUTHORITY MODE; prints `ok` or fails."""
import queue
import sys

import grpc

proxy, authority, mode = sys.argv[1:]
channel = grpc.insecure_channel(
    proxy, options=(("grpc.default_authority", authority), ("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)))


def denied(expected):
    try:
        channel.unary_unary("/test.Echo/Unary")(b"x", timeout=120)
    except grpc.RpcError as error:
        assert error.code().name == expected, (error.code(), error.details())
        reason = dict(error.trailing_metadata() or ()).get("fairlead-reason")
        assert reason and reason in error.details(), (reason, error.details())
        return
    raise AssertionError("the call succeeded")


def calls():
    unary = channel.unary_unary("/test.Echo/Unary")
    answer, call = unary.with_call(b"hello", metadata=(("x-meta", "m"),), timeout=120)
    assert answer == b"hello|m|ipv", answer
    trailers = dict(call.trailing_metadata())
    assert trailers["x-trailer"] == "t" and trailers["x-bin-bin"] == b"\x00\xff", trailers
    big = bytes(3_000_000)
    assert unary(big, timeout=120)[: len(big)] == big
    try:
        unary(b"fail", timeout=120)
        raise AssertionError("no error")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
        assert error.details() == "as asked: \u00e4", error.details()
    try:
        channel.unary_unary("/test.Echo/Nothing")(b"", timeout=120)
        raise AssertionError("no error")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error


def bidi():
    # Each answer is awaited before the next request is sent: nothing may be held back on the way.
    requests = queue.Queue()
    answers = channel.stream_stream("/test.Echo/Bidi")(iter(requests.get, None), timeout=120)
    for i in range(200):
        message = str(i).encode()
        requests.put(message)
        assert next(answers) == b"re:" + message
    requests.put(None)
    assert list(answers) == []
    assert answers.code() == grpc.StatusCode.OK
    # A stream on which the server says nothing is ended by its own deadline.
    try:
        next(channel.stream_stream("/test.Echo/Silent")(iter(queue.Queue().get, None), timeout=1.5))
        raise AssertionError("no error")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def silent():
    # Longer than the proxy's budget, as whoever started this says when it is over: a call that has said nothing yet is
    # not a call that fails.
    requests = queue.Queue()
    answers = channel.stream_stream("/test.Echo/Silent")(iter(requests.get, None), timeout=120)
    try:
        answers.add_callback(lambda: None)
        requests.put(b"x")
        sys.stdin.readline()
        requests.put(None)
        assert list(answers) == [b"late"]
    finally:
        answers.cancel()


if mode in ("calls", "bidi", "silent"):
    {"calls": calls, "bidi": bidi, "silent": silent}[mode]()
else:
    denied(mode)
print("ok")
