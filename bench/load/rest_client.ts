import type { KeyUpdate } from '../../examples/demo/device.ts';
import type { LoadClient } from './client.ts';
import { HttpLanes } from './http_lanes.ts';

const BODY = '{"Success":"Public key updated"}';

/** Rotations over REST. */
export class RestClient implements LoadClient<Buffer> {
  readonly #lanes: HttpLanes;

  constructor(host: string, port: number, lanes: number) {
    this.#lanes = new HttpLanes(host, port, lanes, (answer, body) => body === BODY && !/\r\nidempotent-replayed:/i.test(answer));
  }

  open(): Promise<void> {
    return this.#lanes.open();
  }

  close(): void {
    this.#lanes.close();
  }

  encode({ jwt, pop }: KeyUpdate): Buffer {
    return this.#lanes.encode('/device/update/pubkey', JSON.stringify({ pop }), [`Authorization: ${jwt}`]);
  }

  send(lane: number, request: Buffer): Promise<void> {
    return this.#lanes.send(lane, request);
  }
}
