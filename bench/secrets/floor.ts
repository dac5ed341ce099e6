import { randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Pool } from 'pg';
import { openPool } from '../floor/rotation.ts';
import { serveBodies } from '../floor/serve.ts';
import { readMasterKey } from './floor_box.ts';
import { authenticate } from './floor_device_auth.ts';
import { reset } from './floor_reset.ts';

/** What a floor works with. */
export interface Floor {
  readonly pool: Pool;
  readonly master: { readonly id: string; readonly key: KeyObject };
  readonly requestId: string;
}

export interface FloorAnswer {
  readonly body: string;
}

/**
 * The floor of the calls about device secrets: one route, no matter which path. It checks nothing of the form of its
 * input, repeats no lost answer, has no contract, and neither logs nor counts. Its arguments are the URL of its
 * database, the part and the master key.
 */
const [url = '', part, masterKey = ''] = process.argv.slice(2);
const pool = openPool(url);
const master = readMasterKey(masterKey);
const run = part === 'device-auth' ? authenticate : reset;

serveBodies(answer);

async function answer(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
  const requestId = randomBytes(16).toString('hex');
  const answered = await run({ pool, master, requestId }, request, body);
  if (answered === undefined) {
    response.writeHead(401).end();
    return;
  }
  const headers = { 'X-Request-ID': requestId, 'Cache-Control': 'no-store', 'Content-Type': 'application/json', 'Content-Length': answered.body.length };
  response.writeHead(200, headers).end(answered.body);
}
