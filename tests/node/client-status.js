// Asks the Client Status Discovery Service of a server about the clients whose node id has a prefix, by grpc-js and the
// official protos, once by each method, and prints "METHOD NODE TYPE NAME STATUS CONTENT DETAILS" for each resource.
// Arguments: TARGET PREFIX.
'use strict';
const grpc = require('@grpc/grpc-js');
const { load } = require('./official-protos');

const root = load([
  'envoy/service/status/v3/csds.proto',
  'envoy/config/cluster/v3/cluster.proto',
  'envoy/config/endpoint/v3/endpoint.proto',
]);
const [Request, Response, Status] = ['ClientStatusRequest', 'ClientStatusResponse', 'ConfigStatus']
  .map(name => root.lookup(`envoy.service.status.v3.${name}`));
const [target, prefix] = process.argv.slice(2);
const client = new grpc.Client(target, grpc.credentials.createInsecure());
const path = method => `/envoy.service.status.v3.ClientStatusDiscoveryService/${method}`;
const write = message => Buffer.from(Request.encode(message).finish());
const read = bytes => Response.decode(bytes);
const request = Request.fromObject({ node_matchers: [{ node_id: { prefix } }] });

function content(any) {
  if (!any) return '-';
  const message = root.lookupType(any.type_url.split('/')[1]).decode(any.value);
  return message.name || message.cluster_name;
}

function show(method, response) {
  for (const { node, generic_xds_configs } of response.config) {
    for (const one of generic_xds_configs) {
      const type = one.type_url.split('.').pop();
      const details = one.error_state ? one.error_state.details : '-';
      const status = Status.valuesById[one.config_status];
      console.log(method, node.id, type, one.name, status, content(one.xds_config), details);
    }
  }
}

client.makeUnaryRequest(path('FetchClientStatus'), write, read, request, (error, response) => {
  if (error) throw error;
  show('fetch', response);
  const call = client.makeBidiStreamRequest(path('StreamClientStatus'), write, read);
  call.on('data', answer => {
    show('stream', answer);
    call.end();
  });
  call.on('end', () => client.close());
  call.write(request);
});
