import type { Document, Example, MediaType } from './document.ts';
import { resolve } from './document.ts';
import type { Schemas } from './schemas.ts';

/** What is wrong with a body for its media type; empty if it fits. */
export function bodyFault(schemas: Schemas, type: string, { schema = {} }: MediaType, body: string): string {
  if (type === 'application/json') return schemas.faults(schema, parsed(body));
  if (type === 'application/x-ndjson') return schemas.faults(schema, body.split('\n').filter((line) => line !== '').map(parsed));
  const asText = schemas.faults(schema, body);
  return asText === '' ? '' : schemas.faults(schema, parsed(body));
}

/** The name of the example that a refusal is, but for what differs from call to call; undefined if it is none of them. */
export function exampleOf(document: Document, { examples = {} }: MediaType, body: string): string | undefined {
  const sent = comparable(parsed(body));
  return Object.entries(examples).find(([, each]) => {
    const { value, 'x-gateway-value': gateway } = resolve<Example>(document, each);
    return comparable(value) === sent || (gateway !== undefined && comparable(gateway) === sent);
  })?.[0];
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

/** Without request ids, fields at fault, numbers in sentences, and what a setting puts before or in place of a word. */
function comparable(value: unknown): string | undefined {
  return JSON.stringify(value, (name, member: unknown) => {
    if (name === 'request' || name === 'request_id') return undefined;
    if (name === 'details' && Array.isArray(member)) return (member as unknown[]).slice(0, 1);
    if (typeof member !== 'string') return member;
    if (name === 'error_msg') return member.replaceAll(/\d+/g, 'N');
    if (name === 'type') return member.replace(/^.*[/:#=]/, '');
    return name === 'status' && member === 'Forbbiden' ? 'Forbidden' : member;
  });
}
