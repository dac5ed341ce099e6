import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileContract } from '../../src/contract/contract.ts';
import { parseImage } from '../../src/contract/image.ts';
import type { Contract } from '../../src/contract/model.ts';

/** A method of a service as ts-proto generates it. */
export interface MethodDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: object) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => object;
  readonly responseSerialize: (message: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
}

/** The methods of a service, by name. */
export type ServiceDefinition = Readonly<Record<string, MethodDefinition>>;

/** What buf and ts-proto make of a contract that is not the product's. */
export interface Generated {
  readonly contract: Contract;
  /** By full name: `transcoder.v1.EchoService`. */
  readonly definitions: ReadonlyMap<string, ServiceDefinition>;
  /** The OpenAPI document, as JSON. */
  readonly openApi: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMAGE = 'image.binpb';

/** Generates code and image of the protos below a folder into an empty one, with the same plugins and options as the product's own. */
export function generateCode(protos: URL, folder: string): void {
  writeFileSync(join(folder, 'buf.gen.yaml'), readFileSync(join(ROOT, 'buf.gen.yaml')));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const name of ['node_modules', 'src']) symlinkSync(join(ROOT, name), join(folder, name));
  for (const part of ['google', 'keyturn/options']) cpSync(join(ROOT, 'proto', part), join(folder, 'proto', part), { recursive: true });
  cpSync(protos, join(folder, 'proto'), { recursive: true });
  buf(folder, 'generate');
  buf(folder, 'build', 'proto', '-o', IMAGE);
}

/** Loads what was generated into a folder; afterwards the folder is needed no more. */
export async function loadCode(folder: string, packageName: string): Promise<Generated> {
  const contract = compileContract(parseImage(readFileSync(join(folder, IMAGE))), packageName);
  const definitions = new Map<string, ServiceDefinition>();
  for (const { desc } of contract.services) {
    const module = (await import(pathToFileURL(join(folder, 'gen', `${desc.file.name}.ts`)).href)) as Record<string, ServiceDefinition | undefined>;
    definitions.set(desc.typeName, module[`${desc.name}Service`] ?? {});
  }
  return { contract, definitions, openApi: readFileSync(join(folder, 'gen/openapi.json'), 'utf8') };
}

function buf(folder: string, ...args: string[]): void {
  const bin = join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) };
  execFileSync(join(bin, 'buf'), args, { cwd: folder, env });
}
