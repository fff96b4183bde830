// Prints what the official protos say about every message, enum and method in the files that are named on the command
// line, one fact a line. The files come from the npm package @grpc/grpc-js-xds. EnvoyProtosTests prints the same lines
// about our files and expects each of them here.
'use strict';
const protobuf = require('protobufjs');
const { load } = require('./official-protos');

const root = load(process.argv.slice(2));

const name = object => object.fullName.slice(1);
const typeOf = field => (field.resolvedType ? name(field.resolvedType) : field.type);

function field(message, one) {
  const type = typeOf(one);
  const shape = one.map ? `map<${one.keyType},${type}>` : one.repeated ? `repeated ${type}` : type;
  console.log(`field ${name(message)} ${one.name} ${one.id} ${shape} oneof=${one.partOf ? one.partOf.name : '-'}`);
}

function walk(object) {
  if (object instanceof protobuf.Type) {
    console.log(`message ${name(object)}`);
    object.fieldsArray.forEach(one => field(object, one));
  } else if (object instanceof protobuf.Enum) {
    Object.entries(object.values).forEach(([key, value]) => console.log(`enum ${name(object)} ${key} ${value}`));
  } else if (object instanceof protobuf.Service) {
    object.methodsArray.map(method => method.resolve()).forEach(method => {
      const side = (stream, type) => (stream ? 'stream ' : '') + name(type);
      console.log(`method ${name(object)} ${method.name} ` +
        `${side(method.requestStream, method.resolvedRequestType)} -> ` +
        `${side(method.responseStream, method.resolvedResponseType)}`);
    });
  }
  (object.nestedArray || []).forEach(walk);
}

walk(root);
