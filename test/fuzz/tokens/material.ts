import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** A device of a run, in a form that can be told to another process. */
export interface FuzzDevice {
  readonly id: string;
  /** The private half of its key, PKCS #8 in base64. */
  readonly pkcs8: string;
  readonly scopes: readonly string[];
  readonly frozen: boolean;
}

/** A token that may be asked about, or renewed, in a run. */
export interface FuzzToken {
  readonly text: string;
  readonly deviceId: string;
  readonly scopes: readonly string[];
  readonly firstScopes: readonly string[];
  /** Whether it counts; and whether no renewals are left. */
  readonly counts: boolean;
  readonly isExhausted: boolean;
  /** Issued by POST /v5/device-auth. */
  readonly isOfSecret: boolean;
  /** What introspection answers, byte for byte. */
  readonly introspected: string;
}

/** Who may check devices, by an Authorization value. */
export interface FuzzChecker {
  readonly authorization: string;
  readonly may: 'all' | 'nothing' | 'other project' | 'unknown';
}

/** The answers to GetDeviceKeySet, without and with retired keys, by the id of the device. */
export interface FuzzKeySet {
  readonly deviceId: string;
  readonly current: string;
  readonly all: string;
}

/** What the requests of a run are made of. */
export interface TokenMaterial {
  readonly devices: readonly FuzzDevice[];
  /** Keys with which nothing is verified: of removed and unknown devices, and one that a device had before, by the name it is used under. */
  readonly dead: readonly { readonly id: string; readonly pkcs8: string }[];
  /** Devices that are there, but whose keys and tokens no request of the run has. */
  readonly guarded: readonly string[];
  readonly tokens: readonly FuzzToken[];
  /** JWTs that are well signed and were spent before. */
  readonly spent: readonly { readonly deviceId: string; readonly jwt: string; readonly jti: string }[];
  /** `Basic` values that are right, and wrong ones that cost one check of a password. */
  readonly clients: { readonly right: readonly string[]; readonly wrong: readonly string[] };
  readonly checkers: readonly FuzzChecker[];
  readonly keySets: readonly FuzzKeySet[];
}

const opened = new Map<string, KeyObject>();

/** A private key, ready to sign. */
export function openPrivateKey(pkcs8: string): KeyObject {
  const known = opened.get(pkcs8) ?? createPrivateKey({ key: Buffer.from(pkcs8, 'base64'), type: 'pkcs8', format: 'der' });
  opened.set(pkcs8, known);
  return known;
}
