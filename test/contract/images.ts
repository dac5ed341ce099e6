import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearExtension, create, getOption, hasOption, setExtension, toBinary } from '@bufbuild/protobuf';
import type { AnyDesc, DescEnumValue, DescExtension, DescMessage, DescMethod, DescService, Message } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { loadImage, parseImage } from '../../src/contract/image.ts';
import type { Image } from '../../src/contract/image.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BUF = join(ROOT, 'node_modules/.bin/buf');

/** A message of protobuf-es whose fields a test sets by name. */
export type Options = Record<string, unknown>;

/** A fresh copy of Keyturn's own image, after `edit` has changed it. */
export function editedImage(edit: (image: Image) => void): Image {
  const image = loadImage();
  edit(image);
  return parseImage(toBinary(FileDescriptorSetSchema, image.files));
}

export function serviceOf(image: Image, name: string): DescService {
  return found(image.registry.getService(`keyturn.v1.${name}`), name);
}

export function methodOf(image: Image, service: string, name: string): DescMethod {
  return found(serviceOf(image, service).methods.find((method) => method.name === name), name);
}

export function reasonOf(image: Image, name: string): DescEnumValue {
  const reasons = found(image.registry.getEnum('keyturn.v1.ErrorReason'), 'ErrorReason');
  return found(reasons.values.find((value) => value.name === `ERROR_REASON_${name}`), name);
}

export function messageOf(image: Image, typeName: string): DescMessage {
  return found(image.registry.getMessage(typeName), typeName);
}

/** Changes a message-typed option of an element of the image; one that is not set is made first. */
export function editOption(image: Image, element: AnyDesc, name: string, edit: (value: Options) => void): void {
  const extension = found(image.registry.getExtension(name), name) as DescExtension & { extendee: never };
  const type = found(extension.message, name);
  const value = hasOption(element as never, extension) ? (getOption(element as never, extension) as Message) : create(type);
  edit(value);
  setExtension(found(element.proto.options, 'options') as never, extension, value as never);
}

export function removeOption(image: Image, element: AnyDesc, name: string): void {
  const extension = found(image.registry.getExtension(name), name) as DescExtension & { extendee: never };
  clearExtension(found(element.proto.options, 'options') as never, extension);
}

/** What `buf build` makes of these files, beside `google/` and our own vocabulary. */
export function buildImage(files: Readonly<Record<string, string>>): Image {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-proto-'));
  try {
    for (const part of ['google', 'keyturn/options']) cpSync(join(ROOT, 'proto', part), join(folder, part), { recursive: true });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return parseImage(execFileSync(BUF, ['build', folder, '-o', '-#format=binpb'], { maxBuffer: 1 << 24 }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the image has no ${name}`);
  return value;
}
