"""Health checks by gRPC C-core, one after the other until it is ended: TARGET TIMEOUT. Prints each one's status."""
import sys
import time

import grpc

target, timeout = sys.argv[1], float(sys.argv[2])
with grpc.insecure_channel(target) as channel:
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=lambda message: message,
        response_deserializer=lambda message: message,
    )
    while True:
        try:
            check(b"", timeout=timeout, wait_for_ready=False)
            status = grpc.StatusCode.OK
        except grpc.RpcError as error:
            status = error.code()
        print(status.name, flush=True)
        time.sleep(0.01)
