import { createHash } from 'node:crypto';
import { Envelope, Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Clock } from '../../clock.ts';
import { FaultError } from '../../contract/fault.ts';
import { bodyHash, parseRequestSignature, verifyRequestSignature } from '../../crypto/request_signature.ts';
import type { RequestSignature, SignedRequest } from '../../crypto/request_signature.ts';
import type { ApplicationStore } from '../../db/application.ts';
import type { IotdaSettings } from '../../settings.ts';
import type { IncomingCall } from '../call.ts';
import type { AccessKeys } from './access_keys.ts';
import type { ApplicationPrincipal } from './principal.ts';

export interface RequestSignatureParts {
  readonly store: ApplicationStore;
  readonly accessKeys: AccessKeys;
  readonly settings: IotdaSettings;
  readonly clock: Clock;
}

const DATE = /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/;
/** How far the date of a request may be off, milliseconds. */
const MOST_SKEW = 900_000;
/** A signature is remembered for longer than its date counts, for the clocks of nodes differ; milliseconds. */
const REMEMBERED = 2 * MOST_SKEW;

/** Checks request signatures by the rules of contracts/iotda.md section 9. */
export class RequestSignatures {
  readonly #parts: RequestSignatureParts;

  constructor(parts: RequestSignatureParts) {
    this.#parts = parts;
  }

  /** Whose signature it is. Throws a FaultError. */
  async authenticate(call: IncomingCall, authorization: string): Promise<ApplicationPrincipal> {
    const { line, body } = call.raw;
    if (line === undefined) throw new FaultError(Fault.FAULT_UNAUTHENTICATED, 'a request signature covers an HTTP request and counts over REST alone');
    const signature = parseRequestSignature(authorization);
    if (signature === undefined) throw refused('Authorization is not in the form of its algorithm');
    const request: SignedRequest = { ...line, body, header: (name) => call.metadata.get(name) };
    this.#checkSettings(signature, call);
    checkHeaders(request, signature, call);
    const date = this.#checkDate(request, signature);
    const { secretKey, principal } = await this.#parts.accessKeys.find(signature.accessKey);
    const matches = verifyRequestSignature(request, signature, secretKey);
    if (!matches || principal === undefined) throw refused('the access key is not known or the signature is not made with it');
    await this.#spend(signature, date);
    return principal;
  }

  /** Clients sign requests for tokens and projects for another service, so that its name and region do not count there. */
  #checkSettings({ algorithm, scope }: RequestSignature, { method }: IncomingCall): void {
    const { signatureAlgorithms, serviceName, regions } = this.#parts.settings;
    if (!signatureAlgorithms.has(algorithm)) throw refused('the algorithm is not enabled');
    if (scope === undefined || method.service.rules.envelope === Envelope.ENVELOPE_IAM) return;
    if (scope.service !== serviceName) throw refused('the signature is for another service');
    if (regions.size > 0 && !regions.has(scope.region)) throw refused('the signature is for another region');
  }

  #checkDate(request: SignedRequest, { scope }: RequestSignature): Date {
    const text = request.header('x-sdk-date') ?? '';
    const date = readDate(text);
    if (date === undefined) throw refused('X-Sdk-Date is not a time');
    if (Math.abs(date.getTime() - this.#parts.clock.now().getTime()) > MOST_SKEW) throw refused('X-Sdk-Date is too far off');
    if (scope !== undefined && scope.date !== text.slice(0, 8)) throw refused('the signature is of another day than X-Sdk-Date');
    return date;
  }

  async #spend({ accessKey, signature }: RequestSignature, date: Date): Promise<void> {
    const { settings, store } = this.#parts;
    if (settings.signatureReplay === 'allow') return;
    const digest = createHash('sha256').update(`${accessKey} ${signature}`).digest();
    if (!(await store.spendSignature(digest, new Date(date.getTime() + REMEMBERED)))) throw refused('the signature was taken before');
  }
}

/** Signed headers are there once each and the date is among them; the body is what the client says it is; no temporary key. */
function checkHeaders(request: SignedRequest, { signedHeaders }: RequestSignature, { metadata }: IncomingCall): void {
  const { names } = signedHeaders;
  if (!names.includes('x-sdk-date')) throw refused('X-Sdk-Date is not signed');
  if (names.some((name) => request.header(name) === undefined)) throw refused('a signed header is missing or repeated');
  if (isSent(metadata.values('x-security-token'))) throw refused('temporary access keys are not taken');
  const hashes = metadata.values('x-sdk-content-sha256');
  if (isSent(hashes) && hashes?.join() !== bodyHash(request.body)) throw refused('X-Sdk-Content-Sha256 is not the hash of the body');
}

function isSent(values: readonly unknown[] | undefined): boolean {
  return values === undefined || values.length > 0;
}

/** A time of the basic format of ISO 8601, if there is such a time. */
function readDate(text: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = DATE.exec(text) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) || date.toISOString() !== iso ? undefined : date;
}

function refused(detail: string): FaultError {
  return new FaultError(Fault.FAULT_SIGNATURE_REFUSED, detail);
}
