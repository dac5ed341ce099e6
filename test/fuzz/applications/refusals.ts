/** The error bodies that contracts/iotda.md section 3 documents, with their status, but for those of limits that are not set. */
const DOCUMENTED = new Set([
  '400 {"error_code":"IOTDA.000006","error_msg":"Invalid input data."}',
  '422 {"error_code":"IOTDA.000006","error_msg":"Invalid input data."}',
  '400 {"error_code":"IOTDA.000008","error_msg":"Invalid input. The request format is invalid. For details, see the error message."}',
  '400 {"error_code":"IOTDA.000009","error_msg":"Invalid input. Invalid time format."}',
  '400 {"error_code":"IOTDA.000010","error_msg":"Invalid input. The start time must be earlier than the end time."}',
  '400 {"error_code":"IOTDA.000017","error_msg":"Invalid input. The specified parameter \'limit\' is out of range."}',
  '400 {"error_code":"IOTDA.000018","error_msg":"Invalid input. The specified parameter \'marker\' is out of range."}',
  '400 {"error_code":"IOTDA.014031","error_msg":"Invalid input. The device already exists."}',
  '401 {"error_code":"IOTDA.000002","error_msg":"Authentication failed."}',
  '403 {"error_code":"IOTDA.000022","error_msg":"Operation not allowed. The user does not have the permission"}',
  '403 {"error_code":"IOTDA.001000","error_msg":"The application does not exist."}',
  '403 {"error_code":"IOTDA.014024","error_msg":"Operation not allowed. The device already has endpoint."}',
  '403 {"error_code":"IOTDA.014038","error_msg":"Operation not allowed. It is not allowed to freeze sub-devices, only gateways or directly connected devices can be frozen."}',
  '403 {"error_code":"IOTDA.014040","error_msg":"Operation not allowed. The device is not frozen, can not unfreeze."}',
  '404 {"error_code":"IOTDA.014000","error_msg":"The device does not exist."}',
  '404 {"error_code":"IOTDA.000029","error_msg":"The API does not exist."}',
  '413 {"error_code":"APIGW.0201","error_msg":"Request entity too large."}',
  '400 {"error":{"code":400,"message":"The request body is invalid","title":"Bad Request"}}',
  '401 {"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}',
  '401 {"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}',
]);
/** What is refused on a path of another API, or before there is a path. */
const OTHER = /^\{"(?:code":\d+,"message":"[^"]+","details":\[|error":\{"code":\d+,"(?:status|message)":)/;
/** What only the inside of the service looks like. */
const INSIDE = /node_modules|\bat \S+ \(|\.ts:\d|select |insert into/i;

/** Throws an Error unless a refusal is one that is documented. */
export function checkRefusal(status: number, body: string): void {
  if (INSIDE.test(body)) throw new Error(`${status} shows what is inside: ${body}`);
  if (!DOCUMENTED.has(`${status} ${body}`) && !OTHER.test(body)) throw new Error(`${status} is not documented: ${body}`);
}
