/** What a public key is, told by its SubjectPublicKeyInfo. */
export type KeyKind = 'P-256' | 'P-384' | 'Ed25519' | 'RSA';

/**
 * The names that the header member `alg` may have (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2).
 */
export type JwsAlgorithm = 'ES256' | 'ES384' | 'EdDSA' | 'Ed25519' | 'RS256' | 'PS256';

export interface AlgorithmRow {
  /** The only kind of key that the algorithm works with. */
  readonly kind: KeyKind;
  /** Length of the signature in a JWS in bytes; with `modulus` it is that of the key's modulus. */
  readonly signature: 64 | 96 | 'modulus';
  readonly hash: 'SHA-256' | 'SHA-384' | undefined;
  readonly onByDefault: boolean;
}

/** The table of contracts/iothentix.md 5.1. What is not in it (`none`, HS256, ...) does not exist. */
export const JWS_ALGORITHMS: Readonly<Record<JwsAlgorithm, AlgorithmRow>> = {
  ES256: { kind: 'P-256', signature: 64, hash: 'SHA-256', onByDefault: true },
  ES384: { kind: 'P-384', signature: 96, hash: 'SHA-384', onByDefault: false },
  EdDSA: { kind: 'Ed25519', signature: 64, hash: undefined, onByDefault: false },
  Ed25519: { kind: 'Ed25519', signature: 64, hash: undefined, onByDefault: false },
  RS256: { kind: 'RSA', signature: 'modulus', hash: 'SHA-256', onByDefault: false },
  PS256: { kind: 'RSA', signature: 'modulus', hash: 'SHA-256', onByDefault: false },
};

/** Whether a value, such as the member `alg` of a header, names a row of the table. Compares exactly. */
export function isJwsAlgorithm(value: unknown): value is JwsAlgorithm {
  return typeof value === 'string' && Object.hasOwn(JWS_ALGORITHMS, value);
}

/** Whether keys of the kind work with the algorithm. */
export function algorithmFits(alg: JwsAlgorithm, kind: KeyKind): boolean {
  return JWS_ALGORITHMS[alg].kind === kind;
}

/** Whether at least one of the enabled algorithms uses keys of the kind. */
export function kindEnabled(kind: KeyKind, algorithms: ReadonlySet<JwsAlgorithm>): boolean {
  for (const alg of algorithms) if (algorithmFits(alg, kind)) return true;
  return false;
}
