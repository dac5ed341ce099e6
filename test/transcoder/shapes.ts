/** A body, and the heads before it. */
export const BODY = '{"aString":"x"}';
export const HEAD = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
export const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const GET = 'GET /echo HTTP/1.1\r\nHost: a\r\n';
const REST = `f\r\n${BODY}\r\n0\r\n\r\n`;
const sized = (length: string): string => `${HEAD}Content-Length:${length}\r\n\r\n${BODY}`;
const coded = (coding: string): string => `${HEAD}Transfer-Encoding:${coding}\r\n\r\n${REST}`;
const chunks = (text: string): string => CHUNKED + text;
const trailer = (line: string): string => `${CHUNKED}f\r\n${BODY}\r\n0\r\n${line}\r\n\r\n`;

export type Shape = readonly [name: string, bytes: string];

/** What some readers take for one request and others for another, or for none. */
export const REFUSED: readonly Shape[] = [
  ['a length, then chunks', `${HEAD}Content-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n${REST}`],
  ['chunks, then a length', `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n${REST}`],
  ['two lengths', `${HEAD}Content-Length: 15\r\nContent-Length: 3\r\n\r\n${BODY}`],
  ['two equal lengths', `${HEAD}Content-Length: 15\r\nContent-Length: 15\r\n\r\n${BODY}`],
  ...[' 15, 15', ' -1', ' +15', ' 0xf', ' 1 5', '', ' ', ' 15;', ' 99999999999999999999999', ' 18446744073709551631', ' 0000000000000015', ' fifteen', ' 15.0', ' 1e1'].map((length): Shape => [`the length "${length}"`, sized(length)]),
  ...[' gzip, chunked', ' chunked, gzip', ' chunked, chunked', ' identity', '', ' ,chunked', ' chunked,', ' "chunked"', ' xchunked', ' chunked;a=b', ' \x0bchunked', ' \0chunked', ' gzip'].map((coding): Shape => [`the coding "${coding}"`, coded(coding)]),
  ['chunked twice', `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${REST}`],
  ['a coding without value and a length', `${HEAD}Transfer-Encoding:\r\nContent-Length: 15\r\n\r\n${BODY}`],
  ['chunks in HTTP/1.0', `POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${REST}`],
  ...[';a=b', ';', ';a="b"', ';a="b\r\n', ' ;a', ' ', '\t', '\n', '\r'].map((after): Shape => [`${JSON.stringify(after)} behind a size`, chunks(`f${after}\r\n${BODY}\r\n0\r\n\r\n`)]),
  ...['0xf', '+f', '-f', ' f', '', '00000000f', 'ffffffffffffffff', '1000000000000000f', 'g', 'f_'].map((size): Shape => [`the size "${size}"`, chunks(`${size}\r\n${BODY}\r\n0\r\n\r\n`)]),
  ['an extension of the last chunk', chunks(`f\r\n${BODY}\r\n0;a=b\r\n\r\n`)],
  ['a size that ends in LF', chunks(`f\n${BODY}\r\n0\r\n\r\n`)],
  ['a size that ends in CR', chunks(`f\r${BODY}\r\n0\r\n\r\n`)],
  ['a chunk without its end', chunks(`f\r\n${BODY}0\r\n\r\n`)],
  ['a chunk that ends in LF', chunks(`f\r\n${BODY}\n0\r\n\r\n`)],
  ['a chunk longer than its size', chunks(`e\r\n${BODY}\r\n0\r\n\r\n`)],
  ['chunks that end in LF', chunks(`f\r\n${BODY}\r\n0\r\n\n`)],
  ...['Content-Length: 3', 'Transfer-Encoding: chunked', 'Host: b', 'Content-Type: text/plain', 'Connection: close', 'trailer: a', 'TE: gzip', 'Authorization: Bearer x', 'grpc-timeout: 1S', 'X T: a', 'X: a\r\n b', 'X: a\n', ': a', 'X', 'X-T: a\r\nHost: b'].map((line): Shape => [`the trailer ${JSON.stringify(line)}`, trailer(line)]),
  ['lines that end in LF', 'GET /echo HTTP/1.1\nHost: a\n\n'],
  ['a request line that ends in LF', 'GET /echo HTTP/1.1\nHost: a\r\n\r\n'],
  ['a request line that ends in CR', 'GET /echo HTTP/1.1\rHost: a\r\n\r\n'],
  ['a header that ends in LF', 'GET /echo HTTP/1.1\r\nHost: a\nX: a\r\n\r\n'],
  ['an empty line that is LF', `${GET}\n\n`],
  ['CR in a value', `${GET}X: a\rb\r\n\r\n`],
  ['CR in a name', `${GET}X\rY: a\r\n\r\n`],
  ['CR before a line end', `${GET}X: a\r\r\n\r\n`],
  ['CR behind the version', 'GET /echo HTTP/1.1\r\r\nHost: a\r\n\r\n'],
  ['LF before the request', `\n${GET}\r\n`],
  ['CR before the request', `\r${GET}\r\n`],
  ['three empty lines before the request', `\r\n\r\n\r\n${GET}\r\n`],
  ['a space before the request', ` ${GET}\r\n`],
  ['a folded header', `${GET}X: a\r\n b\r\n\r\n`],
  ['a header folded by a tab', `${GET}X:\r\n\tb\r\n\r\n`],
  ['a space before the colon', `${GET}X : a\r\n\r\n`],
  ['a tab before the colon', `${GET}Content-Length\t: 3\r\n\r\n`],
  ['a space before the first header', 'GET /echo HTTP/1.1\r\n Host: a\r\n\r\n'],
  ['a tab before the first header', 'GET /echo HTTP/1.1\r\n\tX: a\r\nHost: a\r\n\r\n'],
  ...['', 'X(', 'X Y', 'X\xe9', 'X\0', 'X/', '"X"', 'X@'].map((name): Shape => [`the name ${JSON.stringify(name)}`, `${GET}${name}: a\r\n\r\n`]),
  ['a header without a colon', `${GET}Xabc\r\n\r\n`],
  ...['\0', '\x01', '\x0b', '\x7f'].map((byte): Shape => [`${JSON.stringify(byte)} in a value`, `${GET}X: a${byte}b\r\n\r\n`]),
  ['two Hosts', `${GET}Host: b\r\n\r\n`],
  ['two equal Hosts', `${GET}Host: a\r\n\r\n`],
  ['no Host', 'GET /echo HTTP/1.1\r\n\r\n'],
  ...['a b', 'a, b', 'a/b', 'user@a', 'a:b', 'a\xe9', '[::1', 'a#'].map((host): Shape => [`the Host "${host}"`, `GET /echo HTTP/1.1\r\nHost: ${host}\r\n\r\n`]),
  ['two Hosts in HTTP/1.0', 'GET /echo HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n'],
  ['HTTP/0.9', 'GET /echo\r\n\r\n'],
  ...['HTTP/0.9', 'HTTP/1.2', 'HTTP/2.0', 'HTTP/3.0', 'http/1.1', 'HTTP/1.11', 'HTTP/01.1', 'HTTP/1.1 ', ' HTTP/1.1', 'RTSP/1.0', 'ICE/1.0', 'HTTP/1', 'HTTP/1.1x'].map((version): Shape => [`the version "${version}"`, `GET /echo ${version}\r\nHost: a\r\n\r\n`]),
  ['another protocol with its method', 'DESCRIBE /echo RTSP/1.0\r\nHost: a\r\n\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['two spaces in the request line', 'GET  /echo HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a tab in the request line', 'GET\t/echo HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['CONNECT of a path', 'CONNECT /echo HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['no method', ' /echo HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an unknown method', 'FETCH /echo HTTP/1.1\r\nHost: a\r\n\r\n'],
];

/** What looks odd and is read in one way by all. */
export const TAKEN: readonly Shape[] = [
  ['a length', sized(' 15')],
  ['a length in tabs', sized('\t15 \t')],
  ['a length with a zero before it', sized(' 015')],
  ['chunks', CHUNKED + REST],
  ['the coding in another case', coded(' Chunked ')],
  ['a size in upper case with zeros', chunks(`00F\r\n${BODY}\r\n000\r\n\r\n`)],
  ['several chunks', chunks(`5\r\n{"aSt\r\na\r\nring":"x"}\r\n0\r\n\r\n`)],
  ['a trailer that says nothing of framing', trailer('X-Checksum: a')],
  ['two empty lines before it', `\r\n\r\n${sized(' 15')}`],
  ['HTTP/1.0', sized(' 15').replace('HTTP/1.1', 'HTTP/1.0')],
  ['HTTP/1.0 without Host', sized(' 15').replace('HTTP/1.1\r\nHost: a', 'HTTP/1.0')],
  ['Host without a value', sized(' 15').replace('Host: a', 'Host:')],
  ['Host with an IPv6 address', sized(' 15').replace('Host: a', 'Host: [::1]:80')],
  ['a header of the framing in other words', sized(' 15').replace('Host: a', 'Host: a\r\nContent_Length: 3\r\nX-Transfer-Encoding: chunked')],
];

/** Offers of other protocols: answered in this one. */
export const OFFERS: readonly Shape[] = [
  ['HTTP/2', sized(' 15').replace('Host: a', 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk')],
  ['WebSocket, in chunks', coded(' chunked').replace('Host: a', 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket')],
  ['what is no protocol, unknown to Connection', sized(' 15').replace('Host: a', 'Host: a\r\nUpgrade: 1')],
];
