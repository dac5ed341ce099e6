import type { Random } from '../random.ts';

/** What is wrong with a content, in the order in which it is noticed; undefined: nothing. */
export type ContentFault = 'too large' | 'malformed' | 'mismatch' | 'scope';

/** A content of a request as both wires can carry it. */
export interface Content {
  readonly rest: { readonly type: string | undefined; readonly body: string };
  /** Undefined: only HTTP can say this. */
  readonly message: Readonly<Record<string, string>> | undefined;
  readonly fault: ContentFault | undefined;
  /** The scope words that are granted if all else is right. */
  readonly granted: readonly string[];
}

/** Whose content it is to be. */
export interface Asked {
  readonly clientId: string;
  readonly allowed: readonly string[];
}

const JSON_TYPES = ['application/json', 'application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/json;a="b;c"'];
const FORM = 'application/x-www-form-urlencoded';
const ODD_TYPES = [undefined, '', 'text/plain', 'application/jwt', 'application/jsonx', 'x', 'multipart/form-data; boundary=x', 'application/json, application/json', 'application /json'];
const NOT_JSON = ['', ' ', 'null', '[]', '"x"', '1', '{', '{}x', '{"client_id":"a","client_id":"a"}', `{"a":${'['.repeat(70)}${']'.repeat(70)}}`, `${'['.repeat(5_000)}${']'.repeat(5_000)}`, '{"a":"\\ud800"}', '{"a":"\u0001"}', "{'a':1}", '{"a":01}', '\ufeff{}', '{"__proto__":{},"__proto__":{}}', '{"a":NaN}', '{"a":1,}'];
const WRONG_TYPES: readonly unknown[] = [7, true, [], {}, ['x'], 0.5];
const WRONG_SCOPES = ['no.such.scope', 'a\tb', 'TELEMETRY.WRITE', 'a'.repeat(1_024), `${'a '.repeat(511)}ab`, '\u00e9', '%20', '"', 'toString', '__proto__'];
const MALFORMED_SCOPES = [' ', 'a  b', ' a', 'a ', 'a'.repeat(1_025), 'a\u0000', 'a '.repeat(600), `${' '.repeat(1_000)}a`];
const OTHER_IDS = ['x', 'nobody', 'x'.repeat(3_000), '\u00e9', ' ', '*', '%', '../x', '{}'];
const MOST_BODY = 16_384;

/** A content with `client_id` and `scope`, most of them right. */
export function drawContent(random: Random, asked: Asked, others: readonly string[]): Content {
  const { allowed } = asked;
  const good = { client_id: asked.clientId };
  switch (random.below(12)) {
    case 0:
      return unreadable(random);
    case 1:
      return members(random, { ...good, [random.pick(['client_id', 'scope'])]: random.pick(WRONG_TYPES) }, undefined, 'malformed', []);
    case 2:
      return both(random, { client_id: random.pick([...OTHER_IDS, ...others.filter((id) => id !== asked.clientId)]) }, 'mismatch', []);
    case 3:
      return random.oneIn(2) ? both(random, { client_id: random.pick(['', 'a\u0000', `${asked.clientId}\u0000`]) }, 'malformed', []) : members(random, random.pick([{}, { client_id: null }]), { client_id: '' }, 'malformed', []);
    case 4:
      return both(random, { ...good, scope: random.pick(MALFORMED_SCOPES) }, 'malformed', []);
    case 5:
      return both(random, { ...good, scope: [...(random.oneIn(2) ? allowed : []), random.pick(WRONG_SCOPES)].join(' ').slice(0, 1_024).trim() }, 'scope', []);
    case 6:
      return members(random, { ...good, scope: null, extra: random.pick([null, 1, ['x'], { a: { b: [] } }, 'x'.repeat(5_000)]) }, good, undefined, allowed);
    default:
      return granted(random, asked);
  }
}

function granted(random: Random, { clientId, allowed }: Asked): Content {
  if (allowed.length === 0 || random.oneIn(3)) return both(random, random.oneIn(3) ? { client_id: clientId, scope: '' } : { client_id: clientId }, undefined, allowed);
  const words = Array.from({ length: 1 + random.below(4) }, () => random.pick(allowed));
  return both(random, { client_id: clientId, scope: words.join(' ') }, undefined, [...new Set(words)]);
}

/** By either media type, and as a message. */
function both(random: Random, fields: Readonly<Record<string, string>>, fault: ContentFault | undefined, words: readonly string[]): Content {
  const isForm = random.oneIn(3);
  const rest = isForm ? { type: random.pick([FORM, `${FORM}; charset=UTF-8`]), body: new URLSearchParams(fields).toString() } : { type: random.pick(JSON_TYPES), body: JSON.stringify(fields) };
  return { rest, message: fields, fault, granted: words };
}

/** As JSON, and as a message if there is one that says the same. */
function members(random: Random, value: object, message: Readonly<Record<string, string>> | undefined, fault: ContentFault | undefined, words: readonly string[]): Content {
  return { rest: { type: random.pick(JSON_TYPES), body: JSON.stringify(value) }, message, fault, granted: words };
}

/** What is not read, whatever a call asks for. */
export function unreadable(random: Random): Content {
  switch (random.below(5)) {
    case 0:
      return only(random.pick(ODD_TYPES), '{"client_id":"x","token":"x"}');
    case 1:
      return only(FORM, random.pick(['client_id=a&client_id=b', 'token=a&token=a', 'client_id=%', 'client_id=%ff', 'token=%zz', '']));
    case 2:
      return random.oneIn(4) ? only('application/json', `{"client_id":"${'x'.repeat(MOST_BODY)}"}`, 'too large') : only('application/json', `{"client_id":""${' '.repeat(10_000)}}`);
    default:
      return only(random.pick(JSON_TYPES), random.pick(NOT_JSON));
  }
}

function only(type: string | undefined, body: string, fault: ContentFault = 'malformed'): Content {
  return { rest: { type, body }, message: undefined, fault, granted: [] };
}
