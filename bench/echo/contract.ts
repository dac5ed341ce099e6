import type { Contract } from '../../src/contract/model.ts';
import { generateCode, loadCode } from '../../test/support/generated.ts';
import type { ServiceDefinition } from '../../test/support/generated.ts';

const PROTOS = new URL('proto', import.meta.url);

/** What buf and ts-proto make of the echo pair's proto. */
export interface Echo {
  readonly contract: Contract;
  readonly definition: ServiceDefinition;
}

/** Generates the code and the image into an empty folder. */
export function generateEcho(folder: string): void {
  generateCode(PROTOS, folder);
}

/** Loads what was generated into the folder. */
export async function loadEcho(folder: string): Promise<Echo> {
  const { contract, definitions } = await loadCode(folder, 'bench.v1');
  return { contract, definition: definitions.get('bench.v1.EchoService') ?? {} };
}
