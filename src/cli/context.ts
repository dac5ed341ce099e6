import type { Environment } from '../config/index.ts';

/** What a command has to work with. */
export interface Context {
  readonly environment: Environment;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
}

/** Where a command writes. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  /** How wide a terminal is; undefined or 0 if it does not tell. */
  readonly columns?: number;
}
