import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../src/config/index.ts';
import { parseKeyRing } from '../../src/config/index.ts';
import type { MasterKey } from '../../src/crypto/key_ring.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { GrpcClient } from '../wire/grpc.ts';
import type { Clients } from '../wire/harness.ts';
import { RestClient } from '../wire/rest.ts';

/** Clients of a service over both wires, closed when disposed of. */
export class BothClients implements Clients, Disposable {
  readonly rest: RestClient;
  readonly grpc: GrpcClient;

  constructor({ url, grpc }: TestService) {
    this.rest = new RestClient(url);
    this.grpc = new GrpcClient(grpc);
  }

  [Symbol.dispose](): void {
    this.rest[Symbol.dispose]();
    this.grpc[Symbol.dispose]();
  }
}

/** A data folder, removed when disposed of. */
export class KeyFolder implements Disposable {
  readonly path = join(mkdtempSync(join(tmpdir(), 'keyturn-keys-')), 'data');
  readonly file = join(this.path, 'master.keys');

  /** The environment of a service on the embedded server in it. */
  get settings(): Environment {
    return { KEYTURN_DATABASE_URL: '', KEYTURN_MASTER_KEYS: '', KEYTURN_DATA_DIR: this.path };
  }

  /** What the file holds. */
  get keys(): readonly MasterKey[] {
    return parseKeyRing(readFileSync(this.file, 'utf8').trim());
  }

  start(): Promise<TestService> {
    return startService({ settings: this.settings, overrides: { postgresSettings: { fsync: 'off' } } });
  }

  [Symbol.dispose](): void {
    rmSync(join(this.path, '..'), { recursive: true, force: true });
  }
}
