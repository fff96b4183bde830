"""Calls an xds:/// target once for each line of its input, by mutual TLS as the bootstrap and the control plane say."""
import sys

import grpc
import grpc.experimental

credentials = grpc.xds_channel_credentials(grpc.experimental.insecure_channel_credentials())
print("ready", flush=True)
for line in sys.stdin:
    with grpc.secure_channel("xds:///" + line.strip(), credentials) as channel:
        call = channel.unary_unary("/test.Echo/Who")
        try:
            print("ok", call(b"", timeout=20, wait_for_ready=False).decode(), flush=True)
        except grpc.RpcError as error:
            print(error.code().name, error.details().replace("\n", " "), flush=True)
