import { InvalidArgumentError } from 'commander';

/** How many rows a list that can be long shows unless it is told. */
export const DEFAULT_LIMIT = 50;

export function parseLimit(text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new InvalidArgumentError('It should be a whole number from 1 to 9999999.');
  return Number(text);
}
