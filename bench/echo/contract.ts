import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileContract } from '../../src/contract/contract.ts';
import { parseImage } from '../../src/contract/image.ts';
import type { Contract } from '../../src/contract/model.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROTOS = fileURLToPath(new URL('proto', import.meta.url));
const IMAGE = 'image.binpb';

/** The one method of the echo pair, as ts-proto generates it. */
export interface EchoMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (message: object) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => object;
  readonly responseSerialize: (message: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
}

/** What buf and ts-proto make of the echo pair's proto. */
export interface Echo {
  readonly contract: Contract;
  readonly definition: Readonly<Record<string, EchoMethod>>;
}

/** Generates the code and the image into an empty folder, with the same plugins and options as the product's own. */
export function generateEcho(folder: string): void {
  writeFileSync(join(folder, 'buf.gen.yaml'), readFileSync(join(ROOT, 'buf.gen.yaml')));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const part of ['google', 'keyturn/options']) cpSync(join(ROOT, 'proto', part), join(folder, 'proto', part), { recursive: true });
  cpSync(PROTOS, join(folder, 'proto'), { recursive: true });
  buf(folder, 'generate');
  buf(folder, 'build', 'proto', '-o', IMAGE);
}

/** Loads what was generated into the folder. */
export async function loadEcho(folder: string): Promise<Echo> {
  const contract = compileContract(parseImage(readFileSync(join(folder, IMAGE))), 'bench.v1');
  const module = (await import(pathToFileURL(join(folder, 'gen/bench/v1/echo.ts')).href)) as { EchoServiceService: Echo['definition'] };
  return { contract, definition: module.EchoServiceService };
}

function buf(folder: string, ...args: string[]): void {
  const bin = join(ROOT, 'node_modules/.bin');
  const env = { ...process.env, PATH: [bin, process.env['PATH']].join(delimiter) };
  execFileSync(join(bin, 'buf'), args, { cwd: folder, env });
}
