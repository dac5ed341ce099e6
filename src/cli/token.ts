import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientConfig } from '../config/index.ts';
import { ExitCode, Failure, messageOf } from './failure.ts';

/** The operator's token. */
export interface Token {
  readonly value: string;
  /** Where it was taken from, for people. */
  readonly source: string;
}

const OTHER_SOURCES = 'set KEYTURN_DATA_DIR to the data folder of the service, or KEYTURN_OPERATOR_TOKEN, or give --token-file';

/** The token of the given file, else of the environment, else of the data folder. Throws a Failure if there is none. */
export function findToken({ operatorToken, dataDir }: ClientConfig, tokenFile: string | undefined): Token {
  if (tokenFile === undefined && operatorToken !== undefined) return { value: operatorToken, source: 'KEYTURN_OPERATOR_TOKEN' };
  const path = tokenFile ?? join(dataDir, 'operator.token');
  const value = readToken(path);
  if (!/^[\x21-\x7e]+$/.test(value)) throw new Failure(ExitCode.USAGE, `${path} does not hold an operator token; ${OTHER_SOURCES}`);
  return { value, source: path };
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new Failure(ExitCode.USAGE, `cannot read the operator token: ${messageOf(error)}; ${OTHER_SOURCES}`, { cause: error });
  }
}
