import { STATUS_CODES } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** What is sent back. */
export interface RestAnswer {
  readonly status: number;
  /** Beside those that every answer has. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string;
  /** Who may keep it for how long; nobody unless given. */
  readonly cacheControl?: string;
  /** What a browser may do with it; nothing unless given. */
  readonly contentSecurityPolicy?: string;
  readonly body?: string | Uint8Array;
}

/** Answers hold data for programs: nothing in them is to be run or framed. */
const POLICY = "default-src 'none'; frame-ancestors 'none'";
/** Nothing is to be guessed at, or told to other sites. */
const ALWAYS = [
  'Referrer-Policy', 'no-referrer',
  'X-Content-Type-Options', 'nosniff',
];
/** RFC 6797: for a year nobody comes without TLS. */
const WITH_TLS = [...ALWAYS, 'Strict-Transport-Security', 'max-age=31536000'];

/** How long a caller may go on sending a body that was refused, milliseconds. */
const LINGER = 2_000;

/** Writes an answer with the headers that all of them have. */
export function send(response: ServerResponse, answer: RestAnswer): void {
  sendHead(response, answer);
  response.end(answer.body);
}

/** Writes what comes before the body. Without a body the answer has no length yet. */
export function sendHead(response: ServerResponse, answer: RestAnswer): void {
  dropRest(response);
  response.writeHead(answer.status, headerLines(response.req.socket, answer));
}

/** Writes an answer to bytes that were no request, and closes the connection once the caller had time to read it. */
export function sendLast(socket: Socket, answer: RestAnswer): void {
  const lines = ['Connection', 'close', 'Date', new Date().toUTCString(), ...headerLines(socket, answer)];
  const head = lines.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
  socket.write(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\n${head}\r\n`);
  socket.end(answer.body ?? '');
  const cut = setTimeout(() => socket.destroy(), LINGER);
  socket.once('close', () => clearTimeout(cut));
}

/** Names and values by turns. */
function headerLines(socket: Socket, { headers, contentType, cacheControl = 'no-store', contentSecurityPolicy = POLICY, body }: RestAnswer): string[] {
  const lines = ['Cache-Control', cacheControl, 'Content-Security-Policy', contentSecurityPolicy, ...('encrypted' in socket ? WITH_TLS : ALWAYS)];
  for (const [name, value] of headers) lines.push(name, value);
  if (contentType !== undefined) lines.push('Content-Type', contentType);
  if (body !== undefined) lines.push('Content-Length', String(Buffer.byteLength(body)));
  return lines;
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
