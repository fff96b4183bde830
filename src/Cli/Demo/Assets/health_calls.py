"""Health checks by gRPC C-core: TARGET COUNT TIMEOUT [AUTHORITY]. Prints `endpoint` of each response's metadata."""
import sys

import grpc

target, count, timeout = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
options = [("grpc.default_authority", sys.argv[4])] if len(sys.argv) > 4 else []
with grpc.insecure_channel(target, options=options) as channel:
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=lambda message: message,
        response_deserializer=lambda message: message,
    )
    for _ in range(count):
        try:
            _, call = check.with_call(b"", timeout=timeout, wait_for_ready=False)
        except grpc.RpcError as error:
            print("error", error.code().name, error.details(), flush=True)
            sys.exit(1)
        print("endpoint", dict(call.initial_metadata()).get("endpoint", "(none)"), flush=True)
