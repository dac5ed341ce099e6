import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileContract } from '../../src/contract/contract.ts';
import { parseImage } from '../../src/contract/image.ts';
import type { Contract } from '../../src/contract/model.ts';
import { BUF, ROOT } from '../contract/images.ts';

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

/** What buf and ts-proto make of the protos of these tests, as of the product's. */
export interface Generated {
  readonly contract: Contract;
  /** By full name: `transcoder.v1.EchoService`. */
  readonly definitions: ReadonlyMap<string, Readonly<Record<string, MethodDefinition>>>;
}

const PROTOS = new URL('proto', import.meta.url).pathname;
let generated: Promise<Generated> | undefined;

/** Made once for all tests of a run. */
export function generateContract(): Promise<Generated> {
  generated ??= generate();
  return generated;
}

async function generate(): Promise<Generated> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-transcoder-'));
  try {
    // The same options of ts-proto, and the same packages, as the product's own.
    writeFileSync(join(folder, 'buf.gen.yaml'), readFileSync(join(ROOT, 'buf.gen.yaml'), 'utf8'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    for (const part of ['google', 'keyturn/options']) cpSync(join(ROOT, 'proto', part), join(folder, 'proto', part), { recursive: true });
    cpSync(PROTOS, join(folder, 'proto'), { recursive: true });
    buf(folder, 'generate');
    const contract = compileContract(parseImage(buf(folder, 'build', 'proto', '-o', '-#format=binpb')), 'transcoder.v1');
    return { contract, definitions: await loadDefinitions(folder, contract) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function buf(folder: string, ...args: string[]): Buffer {
  const env = { ...process.env, PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter) };
  return execFileSync(BUF, args, { cwd: folder, env, maxBuffer: 1 << 24 });
}

async function loadDefinitions(folder: string, { services }: Contract): Promise<Generated['definitions']> {
  const definitions = new Map<string, Readonly<Record<string, MethodDefinition>>>();
  for (const { desc } of services) {
    const module = (await import(pathToFileURL(join(folder, 'gen', `${desc.file.name}.ts`)).href)) as Record<string, never>;
    definitions.set(desc.typeName, module[`${desc.name}Service`] ?? {});
  }
  return definitions;
}
