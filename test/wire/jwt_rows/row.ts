import type { Wire } from '../answer.ts';
import type { Bench, DeviceOptions, Update, UpdateOptions, WireRequest } from '../harness.ts';
import { proof } from '../jwt.ts';
import type { Draft } from '../jwt.ts';
import type { Row } from '../rows.ts';

/** One case of section 5: a good JWT of a new device, but for what the row changes, and whether it is accepted. */
export interface JwtRow {
  readonly name: string;
  readonly want: 'OK' | 'E401';
  readonly device?: DeviceOptions;
  /** The algorithm of the JWT; the usual one of the device's key unless given. */
  readonly alg?: string;
  /** Changes the JWT before it is signed; `bench` gives the clock. */
  readonly edit?: (draft: Draft, bench: Bench) => void;
  /** What is sent in place of the JWT. */
  readonly write?: (jwt: string) => string;
  /** The wires it concerns; both unless given. */
  readonly wires?: readonly Wire[];
}

/** The cases for update JWTs. The proof is made for what is sent. */
export function asUpdates(rows: readonly JwtRow[]): Row[] {
  return rows.map(({ alg, write, ...row }) => {
    const update: UpdateOptions = alg === undefined ? { kind: 'P-256' } : { kind: 'P-256', alg };
    return Object.assign({}, row, { update }, write === undefined ? {} : { request: sent(write) });
  });
}

function sent(write: (jwt: string) => string): (update: Update) => WireRequest {
  return ({ jwt, next }) => {
    const authorization = write(jwt);
    return { authorization, pop: proof(authorization.replace(/^bearer /i, ''), next) };
  };
}
