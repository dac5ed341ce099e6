import type { HeaderValues } from './headers.ts';

/** A request as it is about to be sent. */
export interface OutgoingRequest {
  readonly method: string;
  /** Exactly as it is sent: signatures can be made over it. */
  readonly url: string;
  /** May be changed. */
  readonly headers: Headers;
  /** Text is sent as UTF-8. */
  readonly body: string | Uint8Array | undefined;
}

/** What a client is made with. */
export interface ClientOptions {
  /** Where the service is, such as `https://keyturn.example.com`; a path counts as the prefix of all paths. */
  readonly baseUrl: string;
  /** Headers of every call, or what gives them for each, such as a token that is renewed. */
  readonly headers?: HeaderValues | (() => HeaderValues | Promise<HeaderValues>) | undefined;
  /** The last to see each request, and may change its headers: for signatures. */
  readonly authorize?: ((request: OutgoingRequest) => void | Promise<void>) | undefined;
  /** Instead of the global `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Milliseconds for every call that does not say otherwise; unset: no limit. */
  readonly timeout?: number | undefined;
}

/** What every call may be given. */
export interface CallOptions {
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the answer must be there, of a stream its beginning; then the call rejects with a TimeoutError. */
  readonly timeout?: number | undefined;
}

/** The headers that any call may have. */
type CommonHeader = 'authorization' | 'x-auth-token' | 'x-request-id' | 'traceparent' | 'tracestate';

/** The options of a call whose contract names further headers of text, and some of bytes. They win over the client's. */
export interface RequestOptions<Text extends string = never, Binary extends string = never> extends CallOptions {
  readonly headers?:
    | ({ readonly [Name in CommonHeader | Text]?: string | undefined } & { readonly [Name in Binary]?: Uint8Array | undefined })
    | undefined;
}

/** The value of `If-None-Match`: the `etag` of an answer that was kept. */
export interface WithCondition {
  readonly ifNoneMatch: string;
}

/** The options of any call. */
export interface AnyOptions extends CallOptions {
  readonly headers?: HeaderValues | undefined;
  readonly ifNoneMatch?: string | undefined;
}
