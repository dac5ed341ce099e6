import type { Method, Service } from '../../contract/model.ts';
import { partOf } from './part.ts';
import type { Part } from './part.ts';

/** Parameters of these names have no effect in a document: it says the same in places of their own. */
const SAID_ELSEWHERE = new Set(['accept', 'authorization', 'content-type']);
/** A refusal says when to come back, whatever its method lists. */
const RETRY_AFTER = 'retry-after';

/** `idempotent-replayed` as it is customary: `Idempotent-Replayed`. */
export function headerName(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

export const SHARED_HEADERS: Part = {
  RequestId: {
    description: 'The id of the request, as it is logged and audited.',
    required: true,
    schema: { type: 'string' },
  },
  RetryAfter: { description: 'In how many seconds to come back.', schema: { type: 'integer', minimum: 0 } },
  Allow: { description: 'The methods of the path, by comma.', schema: { type: 'string' } },
  AcceptEncoding: { description: 'The content codings that the call takes, by comma.', schema: { type: 'string' } },
  EntityTag: { description: 'Strong; made of the bytes of the answer.', required: true, schema: { type: 'string' } },
  Vary: { description: 'One cache may serve several callers.', required: true, schema: { type: 'string' } },
};

export const SHARED_PARAMETERS: Part = {
  RequestId: {
    name: 'X-Request-ID',
    in: 'header',
    description: 'An id for the request; one that is made for it is answered unless it has this form.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._~:+/=-]{1,128}$' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'The `ETag` of an answer that was kept: 304 while it is the same.',
    schema: { type: 'string' },
  },
};

const ref = (kind: string, name: string): Part => ({ $ref: `#/components/${kind}/${name}` });

/** The headers of a request: those that the method lists, and those that all calls share. */
export function headerParameters({ rules, service }: Method, takesBody: boolean): Part[] {
  const own = rules.requestHeaders.filter((name) => !SAID_ELSEWHERE.has(name)).map((name) => headerParameter(name));
  const codings = { name: 'Content-Encoding', in: 'header', description: 'How the body is coded.', schema: { type: 'string', enum: ['identity', ...rules.contentCodings] } };
  return [
    ...own,
    ...(takesBody && rules.contentCodings.length > 0 ? [codings] : []),
    ...(rules.maxAgeSeconds > 0 ? [ref('parameters', 'IfNoneMatch')] : []),
    ...(service.rules.ownRequestIds ? [] : [ref('parameters', 'RequestId')]),
  ];
}

function headerParameter(name: string): Part {
  const schema = name.endsWith('-bin') ? { type: 'string', contentEncoding: 'base64' } : { type: 'string' };
  return { name: headerName(name), in: 'header', description: `Over gRPC the metadata key \`${name}\`.`, schema };
}

/** The headers of a success. */
export function successHeaders({ rules }: Method): Part {
  const own = rules.responseHeaders.filter((name) => name !== RETRY_AFTER);
  const kept = { ETag: ref('headers', 'EntityTag'), 'Cache-Control': constant(`private, max-age=${rules.maxAgeSeconds}`), Vary: ref('headers', 'Vary') };
  return {
    'X-Request-ID': ref('headers', 'RequestId'),
    ...Object.fromEntries(own.map((name) => [headerName(name), { description: `Over gRPC the metadata key \`${name}\`.`, schema: { type: 'string' } }])),
    ...(rules.maxAgeSeconds > 0 ? kept : {}),
  };
}

/** RFC 9110 section 11.6.1 wants a challenge in every 401. */
const PLAIN_CHALLENGE = 'Bearer';

/** The headers of a refusal of a status. */
export function refusalHeaders(service: Service, status: number, mayComeBack: boolean, codings: boolean): Part {
  return partOf({
    'X-Request-ID': ref('headers', 'RequestId'),
    'Retry-After': mayComeBack ? ref('headers', 'RetryAfter') : undefined,
    'WWW-Authenticate': status === 401 ? constant(service.rules.challenge || PLAIN_CHALLENGE) : undefined,
    Allow: status === 405 ? ref('headers', 'Allow') : undefined,
    'Accept-Encoding': codings ? ref('headers', 'AcceptEncoding') : undefined,
  });
}

function constant(value: string): Part {
  return { required: true, schema: { type: 'string', const: value } };
}
