import type { Part } from './part.ts';

type Responses = Readonly<Record<string, Part>>;

/**
 * Puts the responses that occur in more than one operation into one place.
 * Returns the operations with references to them, and the responses by name.
 */
export function shareResponses<T extends { readonly operation: Part }>(all: readonly T[]): { shared: T[]; responses: Record<string, Part> } {
  const counts = new Map<string, number>();
  for (const { operation } of all) for (const response of Object.values(responsesOf(operation))) count(counts, JSON.stringify(response));
  const names = new Map<string, string>();
  const responses: Record<string, Part> = {};
  const shared = all.map((each) => {
    const entries = Object.entries(responsesOf(each.operation)).map(([status, response]) => {
      const text = JSON.stringify(response);
      if ((counts.get(text) ?? 0) < 2) return [status, response] as const;
      const name = names.get(text) ?? newName(status, response, responses);
      names.set(text, name);
      responses[name] = response;
      return [status, { $ref: `#/components/responses/${name}` }] as const;
    });
    return { ...each, operation: { ...each.operation, responses: Object.fromEntries(entries) } };
  });
  return { shared, responses };
}

function responsesOf(operation: Part): Responses {
  return operation['responses'] as Responses;
}

function count(counts: Map<string, number>, text: string): void {
  counts.set(text, (counts.get(text) ?? 0) + 1);
}

/** By the status and the first reason, which tells the API too. */
function newName(status: string, response: Part, taken: Responses): string {
  const [reason] = /[A-Z][A-Z0-9_]{3,}/.exec(String(response['description'])) ?? [];
  const name = reason === undefined ? `Status${status}` : `${status}_${reason}`;
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!(candidate in taken)) return candidate;
  }
}
