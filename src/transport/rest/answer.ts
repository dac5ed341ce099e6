import type { IncomingMessage, ServerResponse } from 'node:http';

/** What is sent back. */
export interface RestAnswer {
  readonly status: number;
  /** Beside those that every answer has. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string;
  readonly body?: string;
}

/**
 * Answers hold data for programs: nothing in them is to be kept, guessed at,
 * run, framed or told to other sites.
 */
const ALWAYS = [
  'Cache-Control', 'no-store',
  'Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy', 'no-referrer',
  'X-Content-Type-Options', 'nosniff',
];
/** RFC 6797: for a year nobody comes without TLS. */
const WITH_TLS = [...ALWAYS, 'Strict-Transport-Security', 'max-age=31536000'];

/** How long a caller may go on sending a body that was refused, milliseconds. */
const LINGER = 2_000;

/** Writes an answer with the headers that all of them have. */
export function send(response: ServerResponse, { status, headers, contentType, body }: RestAnswer): void {
  dropRest(response);
  const lines = [...('encrypted' in response.req.socket ? WITH_TLS : ALWAYS)];
  for (const [name, value] of headers) lines.push(name, value);
  if (contentType !== undefined) lines.push('Content-Type', contentType);
  if (body !== undefined) lines.push('Content-Length', String(Buffer.byteLength(body)));
  response.writeHead(status, lines);
  response.end(body);
}

/** `idempotent-replayed` as it is customary: `Idempotent-Replayed`. */
export function headerName(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/**
 * Drops what a caller still sends of a body that nobody wants. If its
 * connection were closed at once, it would be reset and the answer lost.
 */
function dropRest({ req: request }: ServerResponse): void {
  if (request.complete || !hasBody(request)) return;
  request.resume();
  const cut = setTimeout(() => request.socket.destroy(), LINGER);
  request.once('close', () => clearTimeout(cut));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
