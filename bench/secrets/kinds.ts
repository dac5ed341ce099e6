/** The calls about device secrets that are measured, as `--only` names them. */
export const SECRET_PARTS = ['reset-token', 'reset-signature', 'device-auth'] as const;
export type SecretPart = (typeof SECRET_PARTS)[number];

/** What callers of a run prove themselves with, and what the databases of both sides hold, sealed or hashed. */
export interface SecretMaterial {
  /** `ID:BASE64`, as KEYTURN_MASTER_KEYS has it. */
  readonly masterKey: string;
  /** Of a user. */
  readonly token: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** The primary secret of every device. */
  readonly deviceSecret: string;
}

export const PROJECT = 'default';
/** The hour in passwords of devices; with sign type 0 any will do. */
export const HOUR = '2026010203';
