import { create, createFileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { Schema } from '@bufbuild/protoplugin';
import { compileContract } from '../contract/contract.ts';
import type { Contract } from '../contract/model.ts';

/**
 * The contracts among the files that a plugin of buf is asked to generate for: every package with services and reasons of
 * refusal. Unlike those of the committed image, their descriptors have the comments of the protos.
 *
 * @throws Error that lists every hole of a contract.
 */
export function contractsOf({ files, proto }: Schema): Contract[] {
  const set = create(FileDescriptorSetSchema, { file: proto.protoFile });
  const image = { files: set, registry: createFileRegistry(set) };
  const packages = new Set(files.filter(({ services }) => services.length > 0).map((file) => file.proto.package));
  return [...packages].filter((name) => image.registry.getEnum(`${name}.ErrorReason`) !== undefined).map((name) => compileContract(image, name));
}
