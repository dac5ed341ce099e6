import type { Sealed } from '../crypto/key_ring.ts';
import type { Run } from './database.ts';

const READ = { name: 'service_key_read', text: 'select key_id as "keyId", box from service_key where name = $1' };

const CREATE = {
  name: 'service_key_create',
  text: 'insert into service_key (name, key_id, box, created_at) values ($1, $2, $3, $4) on conflict (name) do nothing',
};

/** Keys of the service itself that all nodes share. */
export class ServiceKeyStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async read(name: string): Promise<Sealed | undefined> {
    const [row] = await this.#run<{ keyId: string; box: Buffer }>(READ, [name]);
    return row;
  }

  /** Stores a key unless there is one of this name: of nodes that start at once, one is first. */
  async create(name: string, { keyId, box }: Sealed, now: Date): Promise<void> {
    await this.#run(CREATE, [name, keyId, box, now]);
  }
}
