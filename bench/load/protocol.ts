/** The wires that a rotation can come over. */
export type Wire = 'rest' | 'grpc';

/** What the load process is told to do, one thing at a time. */
export type Command =
  /** Make a key for each device. */
  | { readonly kind: 'devices'; readonly deviceIds: readonly string[] }
  /** Sign requests until so many are ready; or make one for each of these jobs. */
  | { readonly kind: 'prepare'; readonly count: number; readonly jobs?: readonly string[] }
  /** Send for so long, or until no request is left. */
  | { readonly kind: 'run'; readonly seconds: number };

export type Reply =
  /** The public keys, SubjectPublicKeyInfo in hex, in the order of the devices. */
  | { readonly kind: 'devices'; readonly keys: readonly string[] }
  | { readonly kind: 'prepared' }
  | ({ readonly kind: 'ran' } & LoadResult)
  | { readonly kind: 'failed'; readonly message: string };

/** What a timed part came to. */
export interface LoadResult {
  /** Rotations, or echoes. */
  readonly calls: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}
