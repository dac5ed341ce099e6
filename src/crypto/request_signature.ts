/** The algorithms of request signatures, as `Authorization` names them (contracts/iotda.md section 9). */
export const SIGNATURE_ALGORITHMS = ['SDK-HMAC-SHA256', 'V11-HMAC-SHA256'] as const;

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];
