/** Where an attack goes, and with how much. */
export interface Target {
  readonly host: string;
  readonly http: number;
  readonly grpc: number;
  /** The address that it comes from. */
  readonly source: string;
  readonly connections: number;
  /** A registered device, which is named in requests that are signed with another key. */
  readonly deviceId: string;
}

/** What an attacker has done so far. */
export interface Tally {
  /** Requests, streams or floods of frames, by the attack. */
  requests: number;
  answers: number;
  /** Connections that were opened, that are open, and that the service broke with an error. */
  connections: number;
  open: number;
  broken: number;
  /** Answers by HTTP status. */
  readonly statuses: Record<string, number>;
}

export type Attack = (target: Target, tally: Tally) => void;

export function newTally(): Tally {
  return { requests: 0, answers: 0, connections: 0, open: 0, broken: 0, statuses: {} };
}

/** The ways in which the good devices connect. */
export const LANES = ['rest fresh', 'rest kept', 'grpc fresh', 'grpc kept'] as const;
/** What devices and resource servers do about tokens; `afar`: from another address than all others. */
export const TOKEN_LANES = ['token fresh', 'token kept', 'renewal kept', 'introspect kept', 'introspect basic', 'introspect basic fresh', 'introspect basic afar'] as const;
export type TokenLane = (typeof TOKEN_LANES)[number];
export type Lane = (typeof LANES)[number] | TokenLane;

/** What the process of the good devices is started with. */
export interface DevicesOptions {
  /** One device for each. */
  readonly lanes: readonly Lane[];
  readonly http: string;
  readonly grpc: string;
  readonly ca?: string | undefined;
  readonly folder: string;
  /** Milliseconds from the begin of one rotation, or other call, to that of the next. */
  readonly pace: number;
}

export type DevicesCommand = { readonly kind: 'start' } | { readonly kind: 'stop' };

export type DevicesReply =
  /** SubjectPublicKeyInfo in hex, a device for each lane. */
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  | { readonly kind: 'result'; readonly lanes: readonly LaneResult[] };

/** How the rotations of one lane went. */
export interface LaneResult {
  readonly lane: Lane;
  /** Milliseconds of each, with its retries. */
  readonly latencies: readonly number[];
  /** Connections that broke before the answer; the same request was sent again. */
  readonly broken: number;
  /** Answers other than success. */
  readonly refusals: readonly string[];
}
