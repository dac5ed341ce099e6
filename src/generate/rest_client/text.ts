/** A property name, quoted where TypeScript needs that. */
export function propertyName(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) && name !== '__proto__' ? name : quote(name);
}

/** A string literal in single quotes. */
export function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** String literals as a union type; `never` of none. */
export function unionOf(texts: Iterable<string>): string {
  return [...new Set(texts)].map(quote).join(' | ') || 'never';
}

/** A literal of TypeScript for what JSON can hold, on one line; members that are undefined are left out. */
export function literalOf(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(literalOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return members.length === 0 ? '{}' : `{ ${members.map(([name, member]) => `${propertyName(name)}: ${literalOf(member)}`).join(', ')} }`;
}

/** A comment for editors, which nothing in the text can end; nothing for no text. */
export function docOf(text: string, indentation = ''): string {
  if (text === '') return '';
  const lines = text.replaceAll('*/', '*\\/').split('\n');
  if (lines.length === 1) return `${indentation}/** ${lines[0]} */\n`;
  return `${indentation}/**\n${lines.map((line) => `${indentation} * ${line}`.trimEnd()).join('\n')}\n${indentation} */\n`;
}
