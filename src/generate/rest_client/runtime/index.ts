/** What all clients share. */
export type { Answer } from './answer.ts';
export type { AuthentiqError, EnvelopeName, Envelopes, IamError, IotIdpError, IotdaError, RpcStatus } from './envelopes.ts';
export { basic, bearer } from './headers.ts';
export type { HeaderValues } from './headers.ts';
export type { AnyMessage, HttpContent, Integer64, JsonDouble, JsonObject, JsonValue, ReceivedContent } from './json.ts';
export type { CallOptions, ClientOptions, OutgoingRequest, RequestOptions, WithCondition } from './options.ts';
export { RestCall } from './rest_call.ts';
export { RestError, isErrorOf } from './rest_error.ts';
export type { ErrorOf } from './rest_error.ts';
export { RestStream } from './rest_stream.ts';
