/** The refusals that contracts/authentiq.md section 3 documents, by reason, with their status; a fault of the service is none that may be met here. */
const DOCUMENTED: Readonly<Record<string, string>> = {
  AUTHENTIQ_BAD_REQUEST: '400 {"error":400,"type":"bad-request","title":"Bad request","detail":"The request is not in the expected form."}',
  AUTHENTIQ_AUTH_ERROR: '401 {"error":401,"type":"auth-error","title":"Authentication error","detail":"The proof in the request was not accepted."}',
  AUTHENTIQ_AUD_ERROR: '401 {"error":401,"type":"aud-error","title":"Audience error","detail":"The callback does not match the audience of the token."}',
  AUTHENTIQ_UNKNOWN_KEY: '404 {"error":404,"type":"unknown-key","title":"Unknown key","detail":"No such key is registered."}',
  AUTHENTIQ_UNKNOWN_JOB: '404 {"error":404,"type":"unknown-job","title":"Job not found","detail":"No such job exists."}',
  AUTHENTIQ_NOT_FOUND: '404 {"error":404,"type":"not-found","title":"Not found","detail":"No such resource exists."}',
  AUTHENTIQ_NOT_SUPPORTED: '405 {"error":405,"type":"not-supported","title":"Not supported","detail":"This method or body is not supported here."}',
  AUTHENTIQ_DUPLICATE_KEY: '409 {"error":409,"type":"duplicate-key","title":"Duplicate key","detail":"This key is registered already."}',
  AUTHENTIQ_DUPLICATE_HASH: '409 {"error":409,"type":"duplicate-hash","title":"Already bound to another key","detail":"The address or number is bound to another key."}',
  AUTHENTIQ_JOB_NOT_CONFIRMED: '409 {"error":409,"type":"confirm-first","title":"Job not confirmed yet","detail":"Confirm the job with its code first."}',
  AUTHENTIQ_CONFIRM_FIRST: '409 {"error":409,"type":"confirm-first","title":"Confirm first","detail":"A code was sent. Repeat the request with it."}',
  AUTHENTIQ_REVOKED_KEY: '410 {"error":410,"type":"revoked-key","title":"Revoked key","detail":"This key has been revoked."}',
  AUTHENTIQ_UNSUPPORTED_MEDIA_TYPE: '415 {"error":415,"type":"unsupported-media-type","title":"Unsupported media type","detail":"The media type of the body is not accepted here."}',
  AUTHENTIQ_RATE_LIMIT: '429 {"error":429,"type":"rate-limit","title":"Rate limit","detail":"Too many requests for this address or number."}',
};
const TEXTS = new Set(Object.values(DOCUMENTED));
/** What is refused on a path of another API, or before there is a path. */
const OTHER = /^\{"(?:code":\d+,"message":"[^"]+","details":\[|error":\{"code":\d+,"(?:status|message)":|error_code":")/;
/** What only the inside of the service looks like. */
const INSIDE = /node_modules|\bat \S+ \(|\.ts:\d|select |insert into/i;

/** Throws an Error unless a refusal is one that is documented. */
export function checkIdentityRefusal(status: number, body: string): void {
  if (INSIDE.test(body)) throw new Error(`${status} shows what is inside: ${body}`);
  if (!TEXTS.has(`${status} ${body}`) && !OTHER.test(body)) throw new Error(`${status} is not documented: ${body}`);
}

/** The reason of a documented refusal over REST; undefined of anything else. */
export function reasonOf(status: number, body: string): string | undefined {
  return Object.keys(DOCUMENTED).find((reason) => DOCUMENTED[reason] === `${status} ${body}`);
}
