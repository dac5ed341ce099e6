import type { JsonObject } from '@bufbuild/protobuf';
import { compileContract } from '../contract/contract.ts';
import { loadImage } from '../contract/image.ts';
import { compileJsonWriter } from '../contract/json/write.ts';
import { asObject } from './json.ts';

/**
 * Makes the converter of the answers of a method, named by its gRPC path, from
 * protobuf to what REST answers: the same writer under the same rules.
 */
export function compileRestJson(path: string): (message: Uint8Array) => JsonObject {
  const image = loadImage();
  const methods = compileContract(image, 'keyturn.v1').services.flatMap((service) => service.methods);
  const method = methods.find((candidate) => candidate.path === path);
  if (method === undefined) throw new Error(`the contract has no method ${path}`);
  const write = compileJsonWriter(method.desc.output, method.rules, image.registry);
  const member = method.http[0]?.responseBody ?? '';
  return (message) => {
    const json = asObject(write(message));
    return member === '' ? json : asObject(json[member]);
  };
}
