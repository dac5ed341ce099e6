import { Envelope } from '../../../gen/keyturn/options/v1/options.ts';
import { sentenceOf } from '../../call/call.ts';
import type { Refusal } from '../../call/call.ts';
import { ERROR_MEMBER } from '../../contract/stream.ts';

/** The bytes of a refusal. */
export interface ErrorBody {
  readonly status: number;
  readonly body: string;
}

/** What settings change in the bytes of refusals. */
export interface EnvelopeSettings {
  /** Code words that a setting replaces: from, to. */
  readonly words: ReadonlyMap<string, string>;
  /** The style of ENVELOPE_IOTDA. */
  readonly iotda: 'iotda' | 'gateway';
  /** What stands before the code word in `type` of ENVELOPE_AUTHENTIQ. */
  readonly typePrefix: string;
  /** The media types of refusals that are not `application/json`, by method path. */
  readonly mediaTypes: ReadonlyMap<string, string>;
}

type Write = (refusal: Refusal, requestId: string, settings: EnvelopeSettings) => object;

const TYPE = 'type.googleapis.com/google.rpc.';

/** google.rpc.Status as JSON, with the same details as over gRPC. */
function rpcStatus(refusal: Refusal): object {
  const { reason, violations } = refusal;
  const details: object[] = [{ '@type': `${TYPE}ErrorInfo`, reason: reason.name, domain: reason.domain }];
  if (violations.length > 0) details.push({ '@type': `${TYPE}BadRequest`, fieldViolations: violations });
  return { code: reason.rules.code, message: sentenceOf(refusal), details };
}

/** contracts/iothentix.md section 3. Its 429 has no request id and another order of members. */
const iotIdp: Write = (refusal, requestId, { words }) => {
  const { httpStatus: code, word } = refusal.reason.rules;
  const message = sentenceOf(refusal);
  const status = words.get(word) ?? word;
  return { error: code === 429 ? { code, message, status } : { code, status, request: requestId, message } };
};

/** contracts/iotda.md section 3: exactly two members, in the gateway's style three. */
const iotda: Write = (refusal, requestId, settings) => {
  const { word, sentence, gatewayWord, gatewaySentence } = refusal.reason.rules;
  if (settings.iotda === 'iotda') return { error_code: word, error_msg: sentenceOf(refusal, sentence) };
  return { error_code: gatewayWord || word, error_msg: sentenceOf(refusal, gatewaySentence || sentence), request_id: requestId };
};

/** contracts/iotda.md section 3, I400 to I401P. */
function iam(refusal: Refusal): object {
  const { httpStatus: code, word: title } = refusal.reason.rules;
  return { error: { code, message: sentenceOf(refusal), title } };
}

/** contracts/authentiq.md section 3. */
const authentiq: Write = (refusal, _requestId, { typePrefix }) => {
  const { httpStatus: error, word, title } = refusal.reason.rules;
  return { error, type: `${typePrefix}${word}`, title, detail: sentenceOf(refusal) };
};

const WRITERS: ReadonlyMap<Envelope, Write> = new Map([
  [Envelope.ENVELOPE_RPC_STATUS, rpcStatus],
  [Envelope.ENVELOPE_IOT_IDP, iotIdp],
  [Envelope.ENVELOPE_IOTDA, iotda],
  [Envelope.ENVELOPE_IAM, iam],
  [Envelope.ENVELOPE_AUTHENTIQ, authentiq],
]);

/** Whether this envelope can be written. */
export function hasEnvelope(envelope: Envelope): boolean {
  return WRITERS.has(envelope);
}

/** Writes a refusal in the envelope of its reason: compact JSON without a trailing newline. */
export function writeRefusal(refusal: Refusal, requestId: string, settings: EnvelopeSettings): ErrorBody {
  const { envelope, httpStatus } = refusal.reason.rules;
  const write = WRITERS.get(envelope);
  if (write === undefined) throw new Error(`envelope ${envelope} cannot be written`);
  return { status: httpStatus, body: JSON.stringify(write(refusal, requestId, settings)) };
}

/** The last line of a stream that ends with a refusal: google.rpc.Status, whatever the envelope. */
export function writeLastLine(refusal: Refusal): string {
  return JSON.stringify({ [ERROR_MEMBER]: rpcStatus(refusal) });
}
