import { hash } from 'node:crypto';

/** The calls about tokens and JWTs of devices that are measured, as `--only` names them: `verify` is VerifyDeviceJwt over gRPC, the others are REST. */
export const TOKEN_PARTS = ['token', 'introspect', 'verify'] as const;
export type TokenPart = (typeof TOKEN_PARTS)[number];

/** What every device may have. */
export const SCOPES = ['telemetry.write', 'config.read', 'refresh.token'] as const;
/** The `iss` of introspected tokens, on both sides. */
export const ISSUER = 'https://keyturn.example/';
/** Tokens in the table that `introspect` asks. */
export const STORED_TOKENS = 100_000;

/** Token number 1, 2, ... of a run, in the form of those that are issued; numbers over `STORED_TOKENS` are of tokens that nobody has issued. */
export function tokenOf(number: number): string {
  return `${hash('sha256', `first ${number}`, 'base64url')}.${hash('sha256', `second ${number}`, 'base64url')}`;
}
