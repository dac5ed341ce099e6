/** What a connection has answered, without interim answers. */
export interface FuzzAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9]{2}) [ -~]*$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~]*)$/;
const STREAM = 'application/x-ndjson';
/** Of these one would be two. */
const SINGLE: ReadonlySet<string> = new Set(['content-length', 'content-type', 'transfer-encoding', 'connection', 'x-request-id']);

/** An answer that does not end. */
class Cut extends Error {}

/** Reads answers strictly, the last of which may be cut off if that is so. Throws an Error that says what is not as it must be. */
export function readAnswers(bytes: Buffer, mayBeCut: boolean): FuzzAnswer[] {
  const answers: FuzzAnswer[] = [];
  try {
    readAll(bytes.toString('latin1'), answers);
  } catch (error) {
    if (!(mayBeCut && error instanceof Cut)) throw error;
  }
  return answers;
}

function readAll(all: string, answers: FuzzAnswer[]): void {
  for (let text = all; text !== ''; ) {
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) throw new Cut('an answer is cut off in its head');
    const [line = '', ...lines] = text.slice(0, end).split('\r\n');
    const status = Number(STATUS_LINE.exec(line)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no status line: ${JSON.stringify(line)}`);
    const headers = headersOf(lines);
    const { body, size } = bodyOf(status, headers, text.slice(end + 4));
    text = text.slice(end + 4 + size);
    if (status >= 200) answers.push({ status, headers, body });
  }
}

function headersOf(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? [];
    if (name === '') throw new Error(`no header: ${JSON.stringify(line)}`);
    const key = name.toLowerCase();
    if (SINGLE.has(key) && headers.has(key)) throw new Error(`${name} is there twice`);
    headers.set(key, value);
  }
  return headers;
}

function bodyOf(status: number, headers: ReadonlyMap<string, string>, rest: string): { body: string; size: number } {
  const length = headers.get('content-length');
  if (status < 200 || status === 204 || status === 304) {
    if (length !== undefined) throw new Error(`${status} has a length`);
    return { body: '', size: 0 };
  }
  if (headers.get('transfer-encoding') === 'chunked') return chunkedBody(rest);
  const isBare = rest === '' || rest.startsWith('HTTP/1.1 ');
  // A stream has no length: to HEAD there is nothing of it, and over HTTP/1.0 it ends with the connection.
  if (length === undefined && headers.get('content-type') === STREAM && (isBare || headers.get('connection') === 'close')) {
    return isBare ? { body: '', size: 0 } : { body: rest, size: rest.length };
  }
  if (length === undefined || !/^[0-9]+$/.test(length)) throw new Error(`${status} has no length`);
  // To HEAD there is a length without a body.
  if (isBare) return { body: '', size: 0 };
  if (rest.length < Number(length)) throw new Cut('an answer is cut off in its body');
  return { body: rest.slice(0, Number(length)), size: Number(length) };
}

function chunkedBody(rest: string): { body: string; size: number } {
  if (rest === '' || rest.startsWith('HTTP/1.1 ')) return { body: '', size: 0 };
  let body = '';
  for (let at = 0; ; ) {
    const size = /^([0-9a-f]+)\r\n/.exec(rest.slice(at, at + 16))?.[1];
    if (size === undefined) throw new Cut('an answer is cut off in its chunks');
    at += size.length + 2;
    const end = at + Number.parseInt(size, 16);
    if (rest.slice(end, end + 2) !== '\r\n') throw new Cut('a chunk of an answer has no end');
    body += rest.slice(at, end);
    at = end + 2;
    if (size === '0') return { body, size: at };
  }
}
