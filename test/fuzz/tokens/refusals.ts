/** The refusals that the calls about tokens may have over REST (contracts/iothentix.md section 3), but for those of limits that are not set and of a service that fails. */
const ID = '[A-Za-z0-9._~:+/=-]{1,128}';
const DOCUMENTED = [
  `400 \\{"error":\\{"code":400,"status":"Bad Request","request":"${ID}","message":"Bad Request"\\}\\}`,
  `401 \\{"error":\\{"code":401,"status":"Unauthorized","request":"${ID}","message":"The request could not be authorized"\\}\\}`,
  `403 \\{"error":\\{"code":403,"status":"Forbbiden","request":"${ID}","message":"Forbidden"\\}\\}`,
  `404 \\{"error":\\{"code":404,"status":"Not Found","request":"${ID}","message":"The requested resource could not be found"\\}\\}`,
].map((text) => new RegExp(`^${text}$`));
/** What is refused on a path of the operator or of another API, or before there is a path. */
const OTHER = /^\{"(?:code":\d+,"message":"[^"]+","details":\[|error":\d{3},"type":"|error_code":"|error":\{"code":\d+,"message":"[^"]+","title":")/;
/** What only the inside of the service looks like. */
const INSIDE = /node_modules|\bat \S+ \(|\.ts:\d|select |insert into/i;

/** Throws an Error unless a refusal is one that is documented. */
export function checkTokenRefusal(status: number, body: string): void {
  if (INSIDE.test(body)) throw new Error(`${status} shows what is inside: ${body}`);
  if (!DOCUMENTED.some((pattern) => pattern.test(`${status} ${body}`)) && !OTHER.test(body)) throw new Error(`${status} is not documented: ${body}`);
}
