// The official protos of the npm package @grpc/grpc-js-xds, with all that they import.
'use strict';
const fs = require('fs');
const path = require('path');
const protobuf = require('protobufjs');

const home = name => path.dirname(require.resolve(`${name}/package.json`));
const roots = ['envoy-api', 'googleapis', 'xds', 'protoc-gen-validate']
  .map(name => path.join(home('@grpc/grpc-js-xds'), 'deps', name))
  .concat(home('protobufjs'));

exports.load = files => {
  const root = new protobuf.Root();
  root.resolvePath = (origin, target) => {
    const found = roots.map(folder => path.join(folder, target)).find(file => fs.existsSync(file));
    return found || target; // what is not there is one of protobufjs's own well-known types
  };
  root.loadSync(files, { keepCase: true });
  root.resolveAll();
  return root;
};
