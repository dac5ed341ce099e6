import type { KeyUpdate } from '../../examples/demo/device.ts';

/** Sends rotations over one wire. Only `send` happens within the timed part. */
export interface LoadClient<Request> {
  encode(update: KeyUpdate): Request;
  /** Connects anew: between two timed parts a server may have closed what was idle. */
  open(): Promise<void>;
  close(): void;
  /** Resolves on the one right answer; rejects with the answer for any other. Each lane sends one request at a time. */
  send(lane: number, request: Request): Promise<void>;
}
