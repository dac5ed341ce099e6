/** A media type that an `Accept` names, with the weight that it gives it, 0 to 1. */
interface Preference {
  readonly type: string;
  readonly weight: number;
}

/** RFC 9110 section 12.4.2. */
const WEIGHT = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * Whether an `Accept` (RFC 9110 section 12.5.1) asks for the JWT itself: it names application/jwt, and does not name
 * application/json or gives it a lower weight (contracts/authentiq.md 7.4). Ranges such as `application/*` name neither.
 * What cannot be read counts as not sent: no value leads to a refusal.
 */
export function prefersJwt(accept: string): boolean {
  const preferences = splitOutsideQuotes(accept, ',').map(preferenceOf);
  const jwt = weightOf(preferences, 'application/jwt');
  const json = weightOf(preferences, 'application/json');
  return jwt !== undefined && jwt > 0 && (json === undefined || json < jwt);
}

/** The highest weight of a type; undefined if it is not named. */
function weightOf(preferences: readonly (Preference | undefined)[], type: string): number | undefined {
  const weights = preferences.flatMap((preference) => (preference?.type === type ? [preference.weight] : []));
  return weights.length === 0 ? undefined : Math.max(...weights);
}

function preferenceOf(text: string): Preference | undefined {
  const [type = '', ...parameters] = splitOutsideQuotes(text, ';').map((part) => part.trim());
  const weights = parameters.flatMap((parameter) => /^q=(.*)$/is.exec(parameter)?.[1] ?? []);
  const [weight = '1'] = weights;
  return weights.length <= 1 && WEIGHT.test(weight) ? { type: type.toLowerCase(), weight: Number(weight) } : undefined;
}

/** Parts of a text at a mark that is not inside of a quoted string (RFC 9110 section 5.6.4). */
function splitOutsideQuotes(text: string, mark: string): string[] {
  const parts = [''];
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (character === '"') isQuoted = !isQuoted;
    const isEscape = isQuoted && character === '\\';
    if (character === mark && !isQuoted) parts.push('');
    else parts.push((parts.pop() ?? '') + (isEscape ? text.slice(index, index + 2) : character));
    if (isEscape) index += 1;
  }
  return parts;
}
