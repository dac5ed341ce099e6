/** A secret, and what it is for people. */
export interface Secret {
  readonly name: string;
  readonly value: string | Buffer;
}

/** A text in which nothing secret may be, and where it comes from. */
export interface Haystack {
  readonly place: string;
  readonly text: string;
}

/** Every spelling of a secret that shows it: raw, escaped, as hex, as base64 and base64url also in the midst of a longer one. */
export function spellingsOf({ value }: Secret): string[] {
  const bytes = Buffer.from(value as string);
  const spellings = [bytes.toString('latin1'), bytes.toString('utf8'), bytes.toString('hex'), bytes.toString('hex').toUpperCase()];
  if (typeof value === 'string') {
    const json = JSON.stringify(value).slice(1, -1);
    spellings.push(json, JSON.stringify(json).slice(1, -1), encodeURIComponent(value), value.replaceAll("'", "''"));
  }
  for (const shift of [0, 1, 2]) {
    const base64 = inBase64(bytes, shift);
    spellings.push(base64, base64.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...new Set(spellings)];
}

/** The characters that stand for the bytes alone when `shift` other bytes come before them. */
function inBase64(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replaceAll('=', '');
  const start = Math.ceil((shift * 4) / 3);
  return text.slice(start, Math.floor(((shift + bytes.length) * 4) / 3));
}

/** Where secrets are found: `secret in place`. None is quoted. */
export function find(secrets: readonly Secret[], haystacks: readonly Haystack[]): string[] {
  const found = new Set<string>();
  for (const secret of secrets) {
    for (const spelling of spellingsOf(secret)) {
      if (spelling.length < 8) throw new Error(`${secret.name} is too short to be looked for`);
      for (const { place, text } of haystacks) if (text.includes(spelling)) found.add(`${secret.name} in ${place}`);
    }
  }
  return [...found].toSorted();
}
