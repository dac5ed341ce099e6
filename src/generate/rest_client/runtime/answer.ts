import type { EnvelopeName } from './envelopes.ts';
import type { JsonValue } from './json.ts';
import { RestError, errorOf } from './rest_error.ts';
import type { AnswerForm, Route } from './route.ts';

/** An answer with what stands around its content. Unions of them are told apart by `status` and `mediaType`. */
export interface Answer<Status extends number = number, Content = unknown, Header extends string = never, Type extends string | undefined = string | undefined> {
  readonly status: Status;
  /** In lower case, without parameters; undefined without content. */
  readonly mediaType: Type;
  readonly content: Content;
  /** The headers that the contract names for this call. */
  readonly headers: { readonly [Name in Header]?: string };
  /** The id of the request, for the service's log. */
  readonly requestId: string | undefined;
}

/** Whose answers are read. */
export interface Served {
  /** The full name of the service. */
  readonly service: string;
  readonly envelopes: readonly EnvelopeName[];
}

/** Reads an answer. Rejects with a RestError if it is no success, or not as the route has it. */
export async function readAnswer(served: Served, route: Route, response: Response): Promise<Answer> {
  const head = await headOf(served, route, response);
  if (isEmpty(route, response)) {
    await response.body?.cancel();
    return { ...head, mediaType: undefined, content: undefined };
  }
  return { ...head, content: await readContent(served, route, response, head.mediaType) };
}

/** What comes before the content. Rejects with a RestError for an answer that is no success. */
export async function headOf({ service, envelopes }: Served, { headers = [] }: Route, response: Response): Promise<Omit<Answer, 'content'>> {
  if (!response.ok && response.status !== 304) throw await errorOf(service, envelopes, response);
  const named = headers.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return {
    status: response.status,
    mediaType: response.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase(),
    headers: Object.fromEntries(named),
    requestId: response.headers.get('x-request-id') ?? undefined,
  };
}

/** RFC 9110 sections 9.3.2, 15.3.5, 15.3.6 and 15.4.5. */
function isEmpty({ method }: Route, { status }: Response): boolean {
  return method === 'HEAD' || status === 204 || status === 205 || status === 304;
}

async function readContent({ service }: Served, route: Route, response: Response, mediaType = ''): Promise<unknown> {
  switch (formOf(route, mediaType)) {
    case 'text':
      // Response.text would drop a byte order mark.
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await response.arrayBuffer());
    case 'bytes':
      return new Uint8Array(await response.arrayBuffer());
    case 'content':
      return { contentType: response.headers.get('content-type') ?? '', data: new Uint8Array(await response.arrayBuffer()) };
    default:
      return readJson(service, route, response, await response.text());
  }
}

function formOf({ answer = 'json', forms = {} }: Route, mediaType: string): AnswerForm {
  return Object.hasOwn(forms, mediaType) ? (forms[mediaType] ?? answer) : answer;
}

/** JSON as a route answers it. Throws a RestError if it is none. */
export function readJson(service: string, { name, neverNull }: Route, response: Response, text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new RestError({ service, response, text, fallback: `${name}: the answer is not JSON`, cause: error });
  }
  if (value === null && neverNull === true) throw new RestError({ service, response, text, fallback: `${name}: the answer is null` });
  return value;
}
