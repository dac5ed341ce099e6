import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, getOption, hasOption, toBinary } from '@bufbuild/protobuf';
import type { AnyDesc, DescExtension, FileRegistry, Message } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { FileDescriptorSet } from '@bufbuild/protobuf/wkt';

/** The descriptor image of the contract: what `buf build` made of `proto/`. */
export interface Image {
  readonly files: FileDescriptorSet;
  readonly registry: FileRegistry;
}

/** A decoder as ts-proto generates it. */
export interface Decoder<T> {
  decode(bytes: Uint8Array): T;
}

/** Reads a descriptor image (a serialized google.protobuf.FileDescriptorSet). */
export function parseImage(bytes: Uint8Array): Image {
  const files = fromBinary(FileDescriptorSetSchema, bytes);
  return { files, registry: createFileRegistry(files) };
}

/** Reads the committed image of Keyturn's own contract. */
export function loadImage(): Image {
  return parseImage(readFileSync(new URL('../../gen/image.binpb', import.meta.url)));
}

/**
 * The value of a message-typed custom option as ts-proto's type for it, or
 * undefined where the option is not set. Throws if the image does not define
 * the option.
 */
export function readOption<T>(image: Image, element: AnyDesc, name: string, decoder: Decoder<T>): T | undefined {
  const extension = image.registry.getExtension(name);
  if (extension?.message === undefined) throw new Error(`the image defines no message option ${name}`);
  // getOption's own types only know extensions that were generated.
  const option = extension as DescExtension & { extendee: never };
  if (!hasOption(element as never, option)) return undefined;
  const value = getOption(element as never, option) as Message;
  return decoder.decode(toBinary(extension.message, value));
}
