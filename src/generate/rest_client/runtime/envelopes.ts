import type { JsonObject, JsonValue } from './json.ts';
import { isObject } from './target.ts';

/** google.rpc.Status as JSON. */
export interface RpcStatus {
  /** Of google.rpc.Code. */
  readonly code: number;
  readonly message: string;
  /** Among them google.rpc.ErrorInfo, whose `reason` is the code word, and google.rpc.BadRequest. */
  readonly details?: readonly (JsonObject & { readonly '@type': string })[];
}

/** The error of a device API: a 429 has no `request`. */
export interface IotIdpError {
  readonly error: { readonly code: number; readonly status: string; readonly message: string; readonly request?: string };
}

/** The error of an application API for devices. */
export interface IotdaError {
  readonly error_code: string;
  readonly error_msg: string;
  /** In the gateway's style only. */
  readonly request_id?: string;
}

/** The error of an API for the tokens of applications. */
export interface IamError {
  readonly error: { readonly code: number; readonly message: string; readonly title: string };
}

/** The error of an API for identities. */
export interface AuthentiqError {
  readonly error: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
}

/** The bodies of refusals, by the envelope that a service declares. */
export interface Envelopes {
  readonly RPC_STATUS: RpcStatus;
  readonly IOT_IDP: IotIdpError;
  readonly IOTDA: IotdaError;
  readonly IAM: IamError;
  readonly AUTHENTIQ: AuthentiqError;
}

export type EnvelopeName = keyof Envelopes;

/** A refusal that was understood. */
export interface Refusal {
  readonly envelope: EnvelopeName;
  readonly body: Envelopes[EnvelopeName];
  /** Its code word. */
  readonly code: string;
  readonly message: string;
}

type Read = (body: JsonObject) => Pick<Refusal, 'code' | 'message'> | undefined;

const READERS: Readonly<Record<EnvelopeName, Read>> = {
  RPC_STATUS: ({ code, message, details }) => (typeof code === 'number' ? words(reasonOf(details) ?? String(code), message) : undefined),
  IOT_IDP: ({ error }) => (isMember(error) ? words(error['status'], error['message']) : undefined),
  IOTDA: ({ error_code: code, error_msg: message }) => words(code, message),
  IAM: ({ error }) => (isMember(error) ? words(error['title'], error['message']) : undefined),
  AUTHENTIQ: ({ error, type, detail }) => (typeof error === 'number' ? words(type, detail) : undefined),
};

/** Reads a body as one of these envelopes; undefined if it is none of them. */
export function readRefusal(body: unknown, envelopes: readonly EnvelopeName[]): Refusal | undefined {
  if (!isObject(body)) return undefined;
  for (const envelope of envelopes) {
    const read = READERS[envelope](body as JsonObject);
    if (read !== undefined) return { envelope, body: body as unknown as Envelopes[EnvelopeName], ...read };
  }
  return undefined;
}

function words(code: JsonValue | undefined, message: JsonValue | undefined): Pick<Refusal, 'code' | 'message'> | undefined {
  return typeof code === 'string' && typeof message === 'string' ? { code, message } : undefined;
}

function reasonOf(details: JsonValue | undefined): string | undefined {
  if (!Array.isArray(details)) return undefined;
  const info = (details as readonly JsonValue[]).find((detail) => isMember(detail) && detail['@type'] === 'type.googleapis.com/google.rpc.ErrorInfo');
  const reason = isMember(info) ? info['reason'] : undefined;
  return typeof reason === 'string' ? reason : undefined;
}

function isMember(value: JsonValue | undefined): value is JsonObject {
  return isObject(value);
}
