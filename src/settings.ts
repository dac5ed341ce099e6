import type { JwsAlgorithm } from './crypto/algorithms.ts';
import type { SignatureAlgorithm } from './crypto/request_signature.ts';

/** Who may introspect tokens. */
export interface IntrospectClient {
  readonly name: string;
  /** As `hashPassword` makes it. */
  readonly passwordHash: Buffer;
}

/** The settings that contracts/iothentix.md section 9 names. */
export interface IothentixSettings {
  readonly idempotentRetry: 'on' | 'strict';
  readonly forbiddenStatus: 'Forbbiden' | 'Forbidden';
  readonly algorithms: ReadonlySet<JwsAlgorithm>;
  readonly popHexText: boolean;
  /** Rotations of one device in an hour; undefined: no limit. */
  readonly rotationsPerHour: number | undefined;
  /** How long an access token counts, seconds. */
  readonly accessTokenSeconds: number;
  /** Renewals since the first token. */
  readonly maxRenewals: number;
  /** Tokens and renewals that one device may ask for in a minute. */
  readonly tokenRequestsPerMinute: number;
  readonly introspectRequiresAuth: boolean;
  readonly introspectClients: readonly IntrospectClient[];
  /** The `iss` of tokens, which ends in `/`; undefined: the public base URL. */
  readonly issuer: string | undefined;
}

/** The settings that contracts/iotda.md section 12 names. */
export interface IotdaSettings {
  readonly errorStyle: 'iotda' | 'gateway';
  /** Known values of `Instance-Id`; empty: it is not looked at. */
  readonly instanceIds: ReadonlySet<string>;
  /** Regions that a V11 signature may name; empty: any. */
  readonly regions: ReadonlySet<string>;
  /** The service that a V11 signature names. */
  readonly serviceName: string;
  readonly signatureAlgorithms: ReadonlySet<SignatureAlgorithm>;
  /** Whether a signed request may be repeated while its date counts. */
  readonly signatureReplay: 'allow' | 'refuse';
  /** Whether the operator's token counts as a token of an application. */
  readonly operatorToken: boolean;
  /** How long an idempotency key is kept. */
  readonly idempotencyHours: number;
  /** Calls of one application in a minute; undefined: no limit. */
  readonly applicationRateLimit: number | undefined;
  /** Authentications of one device in a minute; undefined: no limit over REST. */
  readonly deviceRateLimit: number | undefined;
  /** Authentications of all devices of one project in a minute; undefined: no limit. */
  readonly tenantRateLimit: number | undefined;
}

/** Where the contract is shown as a page and as a document: on each listener for REST, on none, or on the operator's alone. */
export type DocsSetting = 'on' | 'off' | 'operator';

/** What callers may ask of one node. */
export interface LimitSettings {
  /** Refused calls of one peer in a minute before its calls have to queue. */
  readonly peerFailuresPerMinute: number;
  /** Calls with the operator's token in a minute. */
  readonly operatorCallsPerMinute: number;
  /** Connections of one listener at once; beyond them the one that has waited longest is closed. */
  readonly connections: number;
}

/** An issuer outside that the settings name. */
export interface TrustedIssuerSetting {
  /** The value of `iss`. */
  readonly issuer: string;
  /** 43 characters of base64url. */
  readonly publicKey: string;
}

/** The settings that contracts/authentiq.md section 8 names, and one of our own. */
export interface AuthentiqSettings {
  readonly scopePutResponse: 'json' | 'jwt' | 'strict';
  /** What stands before the code word in `type`; may be empty. */
  readonly errorTypePrefix: string;
  readonly iatGuard: 'off' | 'if-present' | 'required';
  readonly trustedIssuers: readonly TrustedIssuerSetting[];
  /** Messages of this node in a minute: in all, to one e-mail domain or number prefix, and asked for by one peer. */
  readonly jobsPerMinute: number;
  readonly jobsPerPrefixPerMinute: number;
  readonly jobsPerPeerPerMinute: number;
  readonly testIssuer: boolean;
  /** The `iss` of what is countersigned; undefined: the public base URL. */
  readonly issuer: string | undefined;
  /** How long a countersigned JWT counts, seconds. */
  readonly issuerJwtSeconds: number;
}

/** A server that takes e-mail, and who sends it. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte; `required`: after STARTTLS, or not at all; `offered`: after STARTTLS if the server offers it. */
  readonly tls: 'implicit' | 'required' | 'offered';
  /** Undefined: the server asks for none. */
  readonly login: { readonly user: string; readonly password: string } | undefined;
  readonly from: { readonly name: string; readonly address: string };
}

/** How messages leave. */
export interface MessageSettings {
  /** Undefined: e-mail stays queued. */
  readonly smtp: SmtpSettings | undefined;
  /** Undefined: texts stay queued. */
  readonly smsWebhookUrl: string | undefined;
  /** Undefined: logins stay queued. */
  readonly pushWebhookUrl: string | undefined;
  /** What signs webhooks, 24 to 64 bytes; there if one of them is. */
  readonly webhookKey: Buffer | undefined;
}
