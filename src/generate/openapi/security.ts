import { Caller, Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Part } from './part.ts';

/** How one kind of caller proves who it is. */
interface Proof {
  /** The schemes of which one is wanted. */
  readonly schemes: readonly (keyof typeof SCHEMES)[];
  /** Whether a call without any is taken too. */
  readonly isOptional: boolean;
  /** What a proof that was not accepted can be. */
  readonly faults: readonly Fault[];
}

/** The schemes by which callers prove who they are, as the headers have them. */
export const SCHEMES = {
  operatorToken: { type: 'http', scheme: 'bearer', description: "The operator's token, after `Bearer `." },
  deviceUpdateJwt: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The update JWT, which the device signs with the key that is registered now and which has the new key in `public_key`; after `Bearer `, or bare.',
  },
  deviceJwt: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The authentication JWT, which the device signs with the key that is registered now; after `Bearer `, or bare.',
  },
  deviceToken: { type: 'http', scheme: 'bearer', description: 'An access token of the device that still counts; after `Bearer `, or bare.' },
  userToken: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Auth-Token',
    description: "The token of a user, or the operator's where the settings allow that.",
  },
  requestSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description:
      'A signature of the request by an access key: `SDK-HMAC-SHA256 Access=<access key>, SignedHeaders=<names by semicolon>, Signature=<64 hex characters>`, or the same by `V11-HMAC-SHA256`. The time of the request is in `X-Sdk-Date`, which is signed too.',
  },
  accessKey: { type: 'http', scheme: 'basic', description: 'An access key with its secret key (RFC 7617).' },
  introspectionClient: { type: 'http', scheme: 'basic', description: 'The name and password of a client that the settings name (RFC 7617).' },
} as const satisfies Record<string, Part>;

const ONLY_REFUSED = [Fault.FAULT_UNAUTHENTICATED];

/** How each kind of caller proves who it is. */
export const PROOFS: ReadonlyMap<Caller, Proof> = new Map<Caller, Proof>([
  [Caller.CALLER_OPERATOR, { schemes: ['operatorToken'], isOptional: false, faults: ONLY_REFUSED }],
  [Caller.CALLER_DEVICE_UPDATE_JWT, { schemes: ['deviceUpdateJwt'], isOptional: false, faults: ONLY_REFUSED }],
  [Caller.CALLER_DEVICE_JWT, { schemes: ['deviceJwt'], isOptional: false, faults: ONLY_REFUSED }],
  [Caller.CALLER_DEVICE_TOKEN, { schemes: ['deviceToken'], isOptional: false, faults: ONLY_REFUSED }],
  [
    Caller.CALLER_APPLICATION,
    {
      schemes: ['userToken', 'requestSignature'],
      isOptional: false,
      faults: [Fault.FAULT_UNAUTHENTICATED, Fault.FAULT_SIGNATURE_REFUSED, Fault.FAULT_TOKEN_EXPIRED],
    },
  ],
  [Caller.CALLER_ANYONE, { schemes: [], isOptional: true, faults: [] }],
  [Caller.CALLER_CONNECTION_CHECKER, { schemes: ['operatorToken', 'accessKey'], isOptional: false, faults: ONLY_REFUSED }],
  [Caller.CALLER_INTROSPECTION_CLIENT, { schemes: ['introspectionClient'], isOptional: true, faults: ONLY_REFUSED }],
]);

export function proofOf(caller: Caller): Proof {
  const proof = PROOFS.get(caller);
  if (proof === undefined) throw new Error(`nothing says how caller ${caller} proves who it is`);
  return proof;
}

/** The `security` of an operation: one of these; an empty one means that none is needed. */
export function securityOf(caller: Caller): Part[] {
  const { schemes, isOptional } = proofOf(caller);
  if (schemes.length === 0) return [];
  return [...schemes.map((scheme) => ({ [scheme]: [] })), ...(isOptional ? [{}] : [])];
}
